// SPDX-License-Identifier: MIT
/*
 * What a call gets. Half of the calls get what they could work with, for else nothing would ever
 * happen. The others are hostile: some of their arguments are at the edges, nothing, too much, not
 * aligned, half on a page that is not there, the kernel's. Words that must be from a small set to
 * get anywhere (commands, options) have a table of them.
 */
#include "user/fuzz/sysfuzz.h"

#include <asm/unistd.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define PICK(r, a)  ((a)[random_below((r), COUNT_OF(a))])
/* True once in @n times. */
#define ONCE_IN(r, n) (random_below((r), (n)) == 0)
/* The same, but never in a call that is to work. */
#define HOSTILE(r, n) ((r)->is_hostile && ONCE_IN(r, n))

static const uint64_t hostile_addresses[] = {
	0,
	1,
	7,
	0xfff,
	0x1000,
	ARENA_END - 1,
	ARENA_END - 7,
	ARENA_END - 64,
	ARENA_END,
	ARENA_NONE,
	ARENA_READ_ONLY,
	ARENA_READ_ONLY + 1,
	ARENA_FILE + PAGE - 4,
	ARENA_FILE + PAGE,
	ARENA_SHARED + 3,
	0x3fffffeff8, /* below the end of Sv39's user half */
	0x3ffffff000,
	0x3fffffffff,
	0x4000000000, /* not canonical in Sv39 */
	0x7ffffffff000,
	0x0800000000000000,
	0x8000000000000000,
	0xffffffc000000000, /* the kernel's memory and image */
	0xffffffc080200000,
	0xffffffff80000000,
	0xffffffff80200000,
	0xfffffffffffff000,
	0xfffffffffffffff8,
	0xffffffffffffffff,
};

static const uint64_t sizes[] = {
	0,
	1,
	2,
	3,
	7,
	8,
	12,
	16,
	24,
	32,
	48,
	64,
	100,
	112,
	127,
	128,
	144,
	255,
	256,
	512,
	1024,
	4095,
	4096,
	4097,
	8192,
	65535,
	65536,
	1 << 20,
	0x7ffff000,
	0x7fffffff,
	1 << 30,
	0x80000000,
	0xffffffff,
	0x100000000,
	0x100001000,
	0x4000000000,
	0x7ffffffffffff000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xfffffffffffff000,
	0xffffffffffffffff,
};

static const uint64_t numbers[] = {
	0,
	1,
	2,
	3,
	4,
	5,
	6,
	7,
	8,
	9,
	10,
	13,
	16,
	31,
	32,
	63,
	64,
	65,
	99,
	255,
	1000,
	4096,
	65535,
	999999999,
	1000000000,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};

static const uint64_t odd_fds[] = {
	99,
	TRACE_FD + 1,
	1023,
	1024,
	65535,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0xffffffffffffffff,
	0xffffffffffffff9c,
	0x100000003,
};

/* ---- names ------------------------------------------------------------------------------ */

#define TEN(c)     c c c c c c c c c c
#define HUNDRED(c) TEN(TEN(c))

/* In the session's directory: what a session may make, change and remove. */
static const char *const own_names[] = {
	"a",
	"b",
	"c",
	"d",
	"d/a",
	"d/b",
	"d/d",
	"l",
	"f",
	"d/../a",
	"./d/./a",
	"d/",
	"a/",
	"a/a",
	"l/",
	"//a" + 2,
	"prog",
	"script",
	HUNDRED("n") HUNDRED("n") TEN("n") TEN("n") TEN("n") TEN("n") TEN("n") "nnnnn",
	HUNDRED("n") HUNDRED("n") HUNDRED("n"),
	HUNDRED("d/../") "a",
	"",
};

/* Anywhere else: only to be looked at. */
static const char *const other_names[] = {
	"/",
	".",
	"..",
	"/proc",
	"/proc/self",
	"/proc/self/maps",
	"/proc/self/status",
	"/proc/self/stat",
	"/proc/self/statm",
	"/proc/self/cmdline",
	"/proc/self/environ",
	"/proc/self/fd",
	"/proc/self/fd/3",
	"/proc/self/fd/7",
	"/proc/self/fd/99",
	"/proc/self/exe",
	"/proc/self/cwd",
	"/proc/self/cwd/a",
	"/proc/self/root",
	"/proc/self/mounts",
	"/proc/self/smaps",
	"/proc/self/task",
	"/proc/self/limits",
	"/proc/self/wchan",
	"/proc/1/maps",
	"/proc/1/status",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/interrupts",
	"/proc/sys",
	"/proc/mounts",
	"/proc/filesystems",
	"/proc/99999999",
	"/proc/-1",
	"/dev",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/urandom",
	"/dev/tty",
	"/dev/fd/3",
	"/dev/shm",
	"/etc/passwd",
	"/bin/busybox",
	"/bin/sh",
	"/../..",
	"/nothing/at/all",
	HUNDRED(HUNDRED("/")),
};

static const char *const words[] = {
	"tmpfs",  "proc",        "devtmpfs",    "ext4",       "", "size=64k,mode=700",
	"size=1", "nr_inodes=1", "size=banana", HUNDRED("x"),
};

static const char *const vector_none[] = { NULL };
static const char *const vector_one[] = { "a", NULL };
static const char *const vector_some[] = { "x", "", "-c", "A=B", HUNDRED(HUNDRED("v")), NULL };
static const char *const vector_bad[] = { "x", (const char *)8, NULL };
static const char *const vector_kernel[] = { (const char *)0xffffffff80200000, NULL };
static const char *const *const vectors[] = { vector_none, vector_none, vector_one,
					      vector_some, vector_bad,  vector_kernel };

static bool is_in_arena(uint64_t address)
{
	return address >= ARENA && address < ARENA_STACKS + STACK_COUNT * STACK_SIZE;
}

bool argument_is_own_name(uint64_t path)
{
	for (size_t i = 0; i < COUNT_OF(other_names); i++)
		if (path == (uint64_t)other_names[i])
			return false;
	return !is_in_arena(path);
}

/* What lies in the arena may by chance be a name of somebody else: readlink() could have put it
 * there. */
static uint64_t make_path(struct random *r, bool is_own)
{
	if (HOSTILE(r, 4)) {
		const uint64_t address = PICK(r, hostile_addresses);
		return is_own && is_in_arena(address) ? 0 : address;
	}
	if (is_own || ONCE_IN(r, 2))
		return (uint64_t)PICK(r, own_names);
	return (uint64_t)PICK(r, other_names);
}

/* ---- memory ----------------------------------------------------------------------------- */

static uint64_t make_fd(struct random *r)
{
	return HOSTILE(r, 4) ? PICK(r, odd_fds) : random_below(r, FDS_USED + 8);
}

/* A slot of the arena that holds numbers, descriptors, addresses and sizes as a structure may. */
static uint64_t make_structure(struct random *r)
{
	const uint64_t slot = ARENA_DATA + random_below(r, SLOT_COUNT) * SLOT_BYTES;
	const uint64_t style = random_below(r, 4);
	for (uint64_t at = slot; at < slot + SLOT_BYTES; at += sizeof(uint64_t)) {
		uint64_t value = 0;
		if (style == 1) /* an address, a size: struct iovec and its like */
			value = at % 16 == 0 ? ARENA_DATA + random_below(r, ARENA_DATA_SIZE) :
					       random_below(r, 5000);
		else if (style == 2)
			value = ONCE_IN(r, 3) ? PICK(r, hostile_addresses) : PICK(r, numbers);
		else if (style == 3) /* struct pollfd, timespec, sets of small things */
			value = random_below(r, 40) | random_below(r, 64) << 32;
		*(volatile uint64_t *)at = value;
	}
	/* Handlers must be ours as a rule: a jump to nowhere ends the session. */
	if (style == 0 && ONCE_IN(r, 2)) {
		*(volatile uint64_t *)slot = (uint64_t)session_on_signal;
		*(volatile uint64_t *)(slot + 8) = random_next(r) & 0xfc000007;
	}
	return slot;
}

static uint64_t make_address(struct random *r)
{
	if (HOSTILE(r, 3))
		return PICK(r, hostile_addresses);
	switch (random_below(r, 12)) {
	case 0:
		return 0;
	case 1:
		return r->is_hostile ? ARENA_DATA + random_below(r, ARENA_DATA_SIZE) :
				       make_structure(r);
	case 2:
		return ARENA_GAMES + random_below(r, GAMES_PAGES * PAGE);
	case 3:
		return ARENA_SHARED + random_below(r, SHARED_SIZE) / 8 * 8;
	default:
		return make_structure(r);
	}
}

/* Of what mmap and its family work on. */
static uint64_t make_range_start(struct random *r)
{
	if (HOSTILE(r, 4))
		return PICK(r, hostile_addresses);
	if (HOSTILE(r, 20))
		return ARENA_DATA + random_below(r, 32) * PAGE;
	if (HOSTILE(r, 6))
		return ARENA_GAMES + random_below(r, GAMES_PAGES * PAGE);
	return ARENA_GAMES + random_below(r, GAMES_PAGES) * PAGE;
}

static bool is_about_ranges(const struct call *call)
{
	switch (call->number) {
	case __NR_mmap:
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_mremap:
	case __NR_madvise:
	case __NR_msync:
	case __NR_mlock:
	case __NR_munlock:
	case __NR_mincore:
		return true;
	default:
		return false;
	}
}

/* ---- calls of their own kind ------------------------------------------------------------ */

/* Sharing the memory means an own stack, unless chance wants it otherwise. */
static uint64_t make_stack(struct random *r, uint64_t flags)
{
	if (HOSTILE(r, 6))
		return PICK(r, hostile_addresses);
	if ((flags & 0x100) == 0 || (flags & 0x4000) != 0)
		return 0;
	return ARENA_STACKS + (1 + random_below(r, STACK_COUNT)) * STACK_SIZE;
}

/* struct clone_args, at the start of a slot. */
static uint64_t make_clone_args(struct random *r)
{
	volatile uint64_t *const slot = (volatile uint64_t *)make_structure(r);
	const uint64_t flags = clone_flags[random_below(r, clone_flags_count)];
	const uint64_t stack = make_stack(r, flags);
	for (unsigned i = 0; i < 11; i++)
		slot[i] = 0;
	slot[0] = flags & ~(uint64_t)0xff;
	slot[2] = ARENA_SHARED;
	slot[3] = ARENA_SHARED + 8;
	slot[4] = flags & 0xff;
	slot[5] = stack == 0 ? 0 : stack - STACK_SIZE;
	slot[6] = stack == 0 ? 0 : STACK_SIZE;
	slot[7] = ARENA_SHARED;
	return (uint64_t)slot;
}

/* Itself, its group, its child, and what is nobody. Never another process: see filter.c. */
static uint64_t make_pid(struct session *s, struct random *r)
{
	static const uint64_t nobodies[] = { 0x3fffffff, 0x7fffffff, 0xc0000001,
					     0x80000000, 0xffffffff, 0x100000000 };
	const uint64_t own = (uint64_t)raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
	if (HOSTILE(r, 3))
		return PICK(r, nobodies);
	switch (random_below(r, 6)) {
	case 0:
		return 0;
	case 1:
	case 2:
		return (uint64_t)s->last_child;
	case 3:
		return -own;
	default:
		return own;
	}
}

static uint64_t make_size(struct random *r, const struct call *call)
{
	if (HOSTILE(r, 3))
		return PICK(r, sizes);
	if (is_about_ranges(call))
		return random_below(r, 12) * PAGE + (ONCE_IN(r, 6) ? random_below(r, PAGE) : 0);
	return ONCE_IN(r, 3) ? 8 : random_below(r, 8192);
}

static uint64_t make_off(struct random *r)
{
	if (ONCE_IN(r, 3))
		return random_below(r, 16) * PAGE;
	return HOSTILE(r, 2) ? PICK(r, sizes) : random_below(r, 100000);
}

static uint64_t make_id(struct random *r)
{
	static const uint64_t ids[] = { 0,     0,          1000,       1001,
					65534, 0xffffffff, 0x7fffffff, 0xffffffffffffffff };
	return PICK(r, ids);
}

static uint64_t make_by_kind(struct session *s, const struct call *call, enum kind kind)
{
	struct random *r = &s->random;
	switch (kind) {
	case KIND_FD:
		return make_fd(r);
	case KIND_DIRFD:
		return ONCE_IN(r, 3) ? make_fd(r) : (uint64_t)-100;
	case KIND_SIZE:
		return make_size(r, call);
	case KIND_OFF:
		return make_off(r);
	case KIND_FLAGS:
		if (HOSTILE(r, 3))
			return PICK(r, numbers);
		return ONCE_IN(r, 2) ? 0 : 1ULL << random_below(r, r->is_hostile ? 32 : 4);
	case KIND_MODE:
		return HOSTILE(r, 4) ? PICK(r, numbers) : 0600 | random_below(r, 010000);
	case KIND_PID:
		return make_pid(s, r);
	case KIND_ID:
		return make_id(r);
	case KIND_PATH:
		return make_path(r, filter_changes_names(call));
	case KIND_STR:
		return HOSTILE(r, 4) ? PICK(r, hostile_addresses) : (uint64_t)PICK(r, words);
	case KIND_STRV:
		return HOSTILE(r, 4) ? PICK(r, hostile_addresses) : (uint64_t)PICK(r, vectors);
	case KIND_PTR:
		return is_about_ranges(call) ? make_range_start(r) : make_address(r);
	case KIND_BUF:
	case KIND_DATA:
		return make_address(r);
	default:
		return ONCE_IN(r, 4) ? make_address(r) : PICK(r, numbers);
	}
}

void arguments_make(struct session *s, const struct call *call, uint64_t args[CALL_ARGUMENTS])
{
	struct random *r = &s->random;
	r->is_hostile = ONCE_IN(r, 2);
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
		unsigned count;
		const uint64_t *const choices = choices_of(call, i, &count);
		if (i >= call->count)
			args[i] = PICK(r, hostile_addresses);
		else if (choices != NULL && !HOSTILE(r, 10))
			args[i] = choices[random_below(r, count)];
		else
			args[i] = make_by_kind(s, call, call->kinds[i]);
	}
	if (call->number == __NR_clone) {
		args[1] = make_stack(r, args[0]);
	} else if (call->number == __NR_clone3 && !HOSTILE(r, 4)) {
		args[0] = make_clone_args(r);
		args[1] = HOSTILE(r, 4) ? PICK(r, sizes) : 88;
	} else if (call->number == __NR_mmap && !HOSTILE(r, 4)) {
		args[5] = random_below(r, 4) * PAGE;
	} else if (call->number == __NR_mount) {
		/* Without a limit one file system takes half of the memory, and two of them all. */
		args[4] = (uint64_t) "size=64k";
	} else if (call->number == __NR_brk) {
		/* Where the heap is differs from run to run; that it moves is enough. */
		args[0] = HOSTILE(r, 4) ? PICK(r, hostile_addresses) :
					  (uint64_t)raw_call(__NR_brk, 0, 0, 0, 0, 0, 0) +
						  random_below(r, 64) * PAGE - 16 * PAGE;
	}
}
