/* SPDX-License-Identifier: MIT */
/*
 * The system call fuzzer. Its parts:
 *
 *	sysfuzz.c    the supervisor and its workers, which start sessions and clean up after them
 *	session.c    one session: a process that makes random calls until it ends or is ended
 *	arguments.c  what a call gets: by the kinds that kernel/syscall/syscalls.tbl gives
 *	choices.c    the same, where it must be one of a few numbers
 *	filter.c     what no session may do, because it would end the system and be right
 *
 * Every decision about call number i of a session comes from the seed, the numbers of worker and
 * session, and i: what a call returned changes nothing of what comes after it, so the same seed
 * gives the same stream. What is decided are descriptors, addresses and names; what they stand for
 * at that moment is part of the game.
 *
 * In a session nothing of the C library is called: its memory, its registers and its files are what
 * the calls are made to damage.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_ARGUMENTS 6
#define PAGE           4096UL

/* Of kernel/syscall/syscalls.tbl; made by scripts/gen_syscalls.py. */
enum kind {
	KIND_INT,
	KIND_UINT,
	KIND_HEX,
	KIND_FD,
	KIND_DIRFD,
	KIND_SIZE,
	KIND_OFF,
	KIND_FLAGS,
	KIND_MODE,
	KIND_PID,
	KIND_ID,
	KIND_SIG,
	KIND_PTR,
	KIND_BUF,
	KIND_DATA,
	KIND_PATH,
	KIND_STR,
	KIND_STRV,
};

struct call {
	uint16_t number;
	uint8_t count;   /* of arguments that it has */
	bool is_missing; /* known by name only */
	const char *name;
	uint8_t kinds[CALL_ARGUMENTS];
};
extern const struct call calls[];
extern const size_t call_count;

/* ---- random numbers --------------------------------------------------------------------- */

struct random {
	uint64_t state;
	bool is_hostile; /* of arguments.c: this call is to fail */
};

/* SplitMix64: any state is good, so a stream can be had by mixing what identifies it. */
static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0 .. @limit - 1. */
static inline uint64_t random_below(struct random *r, uint64_t limit)
{
	return random_next(r) % limit;
}

static inline uint64_t random_mix(uint64_t a, uint64_t b)
{
	struct random r = { .state = a ^ (b * 0xd1342543de82ef95) };
	return random_next(&r);
}

/* ---- a session -------------------------------------------------------------------------- */

/*
 * Memory of a session, at fixed addresses so that a stream is the same in each run. What the areas
 * are after a few calls is another matter.
 */
#define ARENA           0x20000000UL
#define ARENA_DATA      ARENA /* readable and writable; structures are built here */
#define ARENA_DATA_SIZE (16 * PAGE)
#define ARENA_END       (ARENA_DATA + ARENA_DATA_SIZE) /* nothing for a page */
#define ARENA_READ_ONLY (ARENA + 17 * PAGE)
#define ARENA_NONE      (ARENA + 18 * PAGE)
#define ARENA_FILE      (ARENA + 19 * PAGE) /* two pages of a file that has less than one */
#define ARENA_SHARED    (ARENA + 22 * PAGE)
#define SHARED_SIZE     (4 * PAGE)
#define ARENA_GAMES     (ARENA + 32 * PAGE) /* where most mmap, munmap and mprotect go */
#define GAMES_PAGES     64
#define ARENA_STACKS    (ARENA + 128 * PAGE) /* for children that share the memory */
#define STACK_COUNT     8
#define STACK_SIZE      (8 * PAGE)

#define SLOT_BYTES 256
#define SLOT_COUNT (ARENA_DATA_SIZE / SLOT_BYTES)

/* Descriptors that a session begins with; more may come and any may go. */
#define FDS_USED 24
/* Where the words go of a session that is traced. */
#define TRACE_FD 200

/* How deep children of a session have children. */
#define DEPTH_MAX 2

struct session {
	uint64_t stream;
	struct random random; /* of the call that is being made */
	uint32_t depth;
	bool is_traced;
	long last_child; /* process id; 0: none */
	uint64_t device; /* st_dev of the session's own files */
};

/* What the parent says to a child that may have no memory of its own: in registers. */
struct session_start {
	uint64_t stream, device;
	uint64_t depth_and_trace;
};

/* Make @count calls, then end the process. Its files and memory are as session_prepare() made them.
 */
void session_run(struct session *s, unsigned count) __attribute__((noreturn));

/* Open the descriptors and map the arena; the working directory is the session's own. */
bool session_prepare(void);

/* One call. Negative errno as the kernel gives it. */
long raw_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* ---- arguments and filter --------------------------------------------------------------- */

void arguments_make(struct session *s, const struct call *call, uint64_t args[CALL_ARGUMENTS]);

/* What argument @at of @call may be, @count numbers; NULL: anything of its kind. */
const uint64_t *choices_of(const struct call *call, unsigned at, unsigned *count);

/* Of clone; clone3 has them in a structure. With the exit signal in the last byte. */
extern const uint64_t clone_flags[];
extern const size_t clone_flags_count;

/* False for a name outside the session's directory, and for what a call may have written. */
bool argument_is_own_name(uint64_t path);

/* A handler that does nothing. */
void session_on_signal(int number);

/* May the session make this call? See the reasons in filter.c. */
bool filter_allows(const struct session *s, const struct call *call,
		   const uint64_t args[CALL_ARGUMENTS]);

/* Does the call change what names stand for? Then it only gets names of the session's own. */
bool filter_changes_names(const struct call *call);
