/* SPDX-License-Identifier: MIT */
/*
 * What a row of the benchmark is made of.
 *
 * A row is one operation, and a line in the table of its group (rows_<group>.c). Each row runs in a
 * process of its own that has just been executed: what another row mapped, forked or opened cannot
 * show in its count. In it setup() runs once, then round() some times to warm up and some times to
 * be counted. A round does the operation once, counts that and nothing else, and verifies that
 * it has happened: what does not verify is no measurement, and ends the row by bench_fail().
 *
 * What is small is done several times in a round, and what is printed is the part of one. The loop
 * and libc's wrapper are among it; so are the few instructions by which results are collected to be
 * verified behind the loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BENCH_SELF    "/proc/self/exe"

/* What round() returns if something else came between: to be done again. */
#define ROUND_AGAIN UINT64_MAX

/* What is printed of a row: what a round took, and NAME_page, that for each page of bytes. */
enum { LINE_OF_ALL = 1, LINE_OF_PAGE = 2 };

struct row {
	const char *name;
	void (*setup)(const struct row *row);     /* may be NULL */
	uint64_t (*round)(const struct row *row); /* what the operation took, or ROUND_AGAIN */
	uint64_t bytes;                           /* of memory that the process has touched */
	uint64_t copies; /* of these bytes that must fit into memory; 0 is 1 */
	unsigned times;  /* that a round does the operation; 0 is 1 */
	unsigned number; /* of what the row is about: mappings, files */
	unsigned harts;  /* wanted; 0 is 1 */
	int variant;     /* setup()'s and round()'s own */
	int lines;       /* that are printed; 0 is LINE_OF_ALL */
};

/* One of a small operation, without more. */
#define SMALL_ROW(title, before, once, in_a_round)                                         \
	{                                                                                  \
		.name = (title), .setup = (before), .round = (once), .times = (in_a_round) \
	}

struct group {
	const char *name;
	const struct row *rows;
	size_t count;
};

extern const struct group group_call, group_file, group_memory, group_signal, group_switch;
extern const struct group group_thread, group_fork, group_exec, group_shell, group_cow;
extern const struct group group_scale, group_harts;

/* Is this round one to warm up? Then children look at all they have; in the others only at what
 * does not change what is counted, for reading may have a price, too. */
extern bool bench_warms_up;

/* ---- how a row ends (bench.c) ---- */

/* Exit status of a process that has called bench_fail(); nothing else exits with it. */
#define BENCH_FAILED 99

/* The row is wrong: says so and ends the process, with which its children end. For children too. */
void bench_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* The row cannot run here. */
void bench_skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* bench_fail() unless @condition, with errno. */
#define VERIFY(condition)                                                                \
	do {                                                                             \
		if (!(condition))                                                        \
			bench_fail("%s:%d: not true: %s (errno %d)", __FILE__, __LINE__, \
				   #condition, errno);                                   \
	} while (0)

/* ---- processes (process.c) ---- */

/* Memory that parent and children share, all 0 at first; of the row's own use. */
struct shared {
	volatile uint64_t child_began; /* the counter when the child first ran */
	volatile uint64_t child_took;
	volatile uint64_t children; /* how many have run */
	uint64_t room[4];
};
extern struct shared *shared;

void process_init(void);
/* fork() of a child that ends when its parent does. Returns: 0 in the child, its id in the parent.
 */
pid_t process_fork(void);
/* Skip the row if fork(), which gave @pid, found no memory. */
void process_forked(pid_t pid);
/* bench_fail() unless @got, as of waitpid(), is that of a child that exited with @status. */
void process_verify(int got, int status);
/* The same of the child @pid, for which it waits. */
void process_wait(pid_t pid, int status);
/* Run on the first hart that is allowed. */
void process_pin(void);
unsigned process_harts(void);

/* A door between processes: a pipe. Who waits goes on when the other has opened. */
struct gate {
	int fds[2];
};
void gate_create(struct gate *gate);
void gate_open(const struct gate *gate);
void gate_wait(const struct gate *gate);
void gate_close(const struct gate *gate);

/* ---- the ELF's other programs (forkstat.c, rows_shell.c) ---- */

int forkstat_main(int argc, char **argv);
int say_main(int argc, char **argv);
int count_main(int argc, char **argv);
