// SPDX-License-Identifier: MIT
/*
 * One session. Everything it has is at stake: descriptors are closed, memory is taken away,
 * handlers point anywhere. So it may end at any call, by any signal, and that is no finding; what
 * counts is that the kernel stays whole. A timer wakes it from calls that wait.
 *
 * A child that clone makes goes on in session_child() with a stream of its own. The parent tells it
 * which in registers: if it shares the parent's memory there is nothing else that is its own.
 */
#include "user/fuzz/sysfuzz.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define CALLS_OF_CHILD 24
#define WAKE_USEC      15000
/* Missing calls are asked for once in so many times that chance picks one. */
#define MISSING_RARITY 64
/* Those that end the session. */
#define END_RARITY 12

#define TRACE_BIT 0x100

/* ---- calls ------------------------------------------------------------------------------ */

long raw_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = b;
	register uint64_t a2 __asm__("a2") = c;
	register uint64_t a3 __asm__("a3") = d;
	register uint64_t a4 __asm__("a4") = e;
	register uint64_t a5 __asm__("a5") = f;
	register long a7 __asm__("a7") = number;
	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	return (long)a0;
}

void session_child(uint64_t stream, uint64_t device, uint64_t depth_and_trace)
	__attribute__((noreturn, used));

/* clone and clone3: the child never comes back here, where it would find the parent's stack. */
static long clone_call(long number, const uint64_t args[CALL_ARGUMENTS],
		       const struct session_start *start)
{
	register uint64_t a0 __asm__("a0") = args[0];
	register uint64_t a1 __asm__("a1") = args[1];
	register uint64_t a2 __asm__("a2") = args[2];
	register uint64_t a3 __asm__("a3") = args[3];
	register uint64_t a4 __asm__("a4") = args[4];
	register long a7 __asm__("a7") = number;
	register uint64_t s2 __asm__("s2") = start->stream;
	register uint64_t s3 __asm__("s3") = start->device;
	register uint64_t s4 __asm__("s4") = start->depth_and_trace;
	__asm__ volatile("ecall\n"
			 "	bnez	a0, 1f\n"
			 "	mv	a0, s2\n"
			 "	mv	a1, s3\n"
			 "	mv	a2, s4\n"
			 "	call	session_child\n"
			 "1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s2), "r"(s3), "r"(s4)
			 : "ra", "memory");
	return (long)a0;
}

/* ---- trace ------------------------------------------------------------------------------ */

struct line {
	char text[256];
	size_t length;
};

static void line_add(struct line *l, const char *text)
{
	while (*text != '\0' && l->length < sizeof(l->text))
		l->text[l->length++] = *text++;
}

static void line_add_hex(struct line *l, uint64_t value)
{
	char digits[19];
	char *at = digits + sizeof(digits) - 1;
	*at = '\0';
	do
		*--at = "0123456789abcdef"[value % 16];
	while ((value /= 16) != 0);
	line_add(l, "0x");
	line_add(l, at);
}

/* "4711 openat(0x3, 0x123, ...)", before the call is made: it may be the last one. */
static void trace_call(const struct call *call, const uint64_t args[CALL_ARGUMENTS])
{
	struct line l = { .length = 0 };
	line_add_hex(&l, (uint64_t)raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0));
	line_add(&l, " ");
	line_add(&l, call->name);
	for (unsigned i = 0; i < call->count; i++) {
		line_add(&l, i == 0 ? "(" : ", ");
		line_add_hex(&l, args[i]);
	}
	line_add(&l, "\n");
	(void)raw_call(__NR_write, TRACE_FD, (uint64_t)l.text, l.length, 0, 0, 0);
}

static void trace_result(long result)
{
	struct line l = { .length = 0 };
	line_add_hex(&l, (uint64_t)raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0));
	line_add(&l, " = ");
	line_add(&l, result < 0 && result > -4096 ? "-" : "");
	line_add_hex(&l, result < 0 && result > -4096 ? (uint64_t)-result : (uint64_t)result);
	line_add(&l, "\n");
	(void)raw_call(__NR_write, TRACE_FD, (uint64_t)l.text, l.length, 0, 0, 0);
}

/* ---- the stream ------------------------------------------------------------------------- */

static bool ends_the_session(const struct call *call)
{
	switch (call->number) {
	case __NR_exit:
	case __NR_exit_group:
	case __NR_execve:
	case __NR_execveat:
	case __NR_rt_sigreturn:
		return true;
	default:
		return false;
	}
}

/* Half of the calls are these: what has most to keep straight. */
static const uint16_t favourites[] = {
	__NR_mmap,
	__NR_mmap,
	__NR_munmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_madvise,
	__NR_brk,
	__NR_clone,
	__NR_clone,
	__NR_clone3,
	__NR_wait4,
	__NR_waitid,
	__NR_openat,
	__NR_openat,
	__NR_close,
	__NR_dup3,
	__NR_read,
	__NR_write,
	__NR_readv,
	__NR_writev,
	__NR_pwrite64,
	__NR_getdents64,
	__NR_pipe2,
	__NR_sendfile,
	__NR_renameat2,
	__NR_unlinkat,
	__NR_linkat,
	__NR_mkdirat,
	__NR_mknodat,
	__NR_mount,
	__NR_umount2,
	__NR_chdir,
	__NR_ftruncate,
	__NR_fallocate,
	__NR_futex,
	__NR_kill,
	__NR_tgkill,
	__NR_ppoll,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_setpgid,
	__NR_sigaltstack,
	__NR_setitimer,
	__NR_rt_sigtimedwait,
	__NR_sched_setaffinity,
};

static const struct call *find_call(uint16_t number)
{
	size_t i = 0;
	while (calls[i].number != number)
		i++;
	return &calls[i];
}

static const struct call *choose_call(struct random *r)
{
	if (random_below(r, 2) == 0)
		return find_call(
			favourites[random_below(r, sizeof(favourites) / sizeof(favourites[0]))]);
	for (;;) {
		const struct call *const call = &calls[random_below(r, call_count)];
		if (call->is_missing && random_below(r, MISSING_RARITY) != 0)
			continue;
		if (ends_the_session(call) && random_below(r, END_RARITY) != 0)
			continue;
		return call;
	}
}

static void make_call(struct session *s, uint64_t index)
{
	uint64_t args[CALL_ARGUMENTS];
	s->random.state = random_mix(s->stream, index);
	const struct call *const call = choose_call(&s->random);
	arguments_make(s, call, args);
	if (!filter_allows(s, call, args))
		return;
	if (s->is_traced)
		trace_call(call, args);
	long result;
	if (call->number == __NR_clone || call->number == __NR_clone3) {
		const struct session_start start = {
			.stream = random_mix(s->stream, ~index),
			.device = s->device,
			.depth_and_trace = (s->depth + 1) | (s->is_traced ? TRACE_BIT : 0),
		};
		result = clone_call(call->number, args, &start);
		if (result > 0)
			s->last_child = result;
	} else {
		result = raw_call(call->number, args[0], args[1], args[2], args[3], args[4],
				  args[5]);
	}
	if (s->is_traced)
		trace_result(result);
}

void session_run(struct session *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		make_call(s, i);
	for (;;)
		(void)raw_call(__NR_exit, 0, 0, 0, 0, 0, 0);
}

void session_child(uint64_t stream, uint64_t device, uint64_t depth_and_trace)
{
	struct session s = { .stream = stream,
			     .depth = (uint32_t)(depth_and_trace & ~(uint64_t)TRACE_BIT),
			     .is_traced = (depth_and_trace & TRACE_BIT) != 0,
			     .device = device };
	session_run(&s, CALLS_OF_CHILD);
}

void session_on_signal(int number)
{
	(void)number;
}

/* ---- what it begins with ---------------------------------------------------------------- */

/* The smallest program: exit(0). */
static const unsigned char tiny_program[] = {
	0x7f, 'E',  'L',  'F',  2,  1, 1,  0,    0,    0,    0,    0, 0, 0, 0, 0, 2,
	0,    243,  0,    1,    0,  0, 0,  0x78, 0,    1,    0,    0, 0, 0, 0,    /* ET_EXEC, entry
										     0x10078 */
	64,   0,    0,    0,    0,  0, 0,  0,    0,    0,    0,    0, 0, 0, 0, 0, /* program headers
										     at 64 */
	0,    0,    0,    0,    64, 0, 56, 0,    1,    0,    0,    0, 0, 0, 0, 0, /* one of them */
	1,    0,    0,    0,    5,  0, 0,  0,    0,    0,    0,    0, 0, 0, 0, 0, /* PT_LOAD, r-x,
										     offset 0 */
	0,    0,    1,    0,    0,  0, 0,  0,    0,    0,    1,    0, 0, 0, 0, 0, /* at 0x10000 */
	0x84, 0,    0,    0,    0,  0, 0,  0,    0x84, 0,    0,    0, 0, 0, 0, 0, 0,
	0x10, 0,    0,    0,    0,  0, 0,  0x93, 0x08, 0xd0, 0x05, /* li a7, 93 */
	0x13, 0x05, 0x00, 0x00,                                    /* li a0, 0 */
	0x73, 0x00, 0x00, 0x00,                                    /* ecall */
};

static bool make_file(const char *name, const void *content, size_t size, mode_t mode)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
	const bool is_written = fd >= 0 && write(fd, content, size) == (ssize_t)size;
	return fd >= 0 && close(fd) == 0 && is_written;
}

static bool make_files(void)
{
	static const char script[] = "#!prog  with an argument \n";
	static char text[100000];
	memset(text, 'a', sizeof(text));
	umask(0);
	return make_file("a", text, sizeof(text), 0666) && make_file("b", text, 100, 0666) &&
	       make_file("prog", tiny_program, sizeof(tiny_program), 0777) &&
	       make_file("script", script, sizeof(script) - 1, 0777) && mkdir("d", 0777) == 0 &&
	       make_file("d/a", text, 5000, 0666) && symlink("a", "l") == 0 &&
	       mkfifo("f", 0666) == 0;
}

/* Of every kind, numbered one after the other from 3. */
static bool open_files(void)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = {
		{ "a", O_RDWR },
		{ "a", O_RDONLY },
		{ ".", O_RDONLY | O_DIRECTORY },
		{ "d", O_RDONLY | O_DIRECTORY },
		{ "b", O_WRONLY | O_APPEND },
		{ "a", O_PATH },
		{ "f", O_RDWR },
		{ "/dev/zero", O_RDWR },
		{ "/dev/full", O_RDWR },
		{ "/dev/urandom", O_RDONLY },
		{ "/proc/self/maps", O_RDONLY },
		{ "/proc/self/status", O_RDONLY },
		{ "/proc", O_RDONLY | O_DIRECTORY },
		{ "/proc/self/fd", O_RDONLY | O_DIRECTORY },
		{ "/dev/console", O_RDONLY | O_NOCTTY | O_NONBLOCK }, /* of root alone */
	};
	int ends[2];
	close_range(3, TRACE_FD - 1, 0);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(open("/dev/null", O_RDWR), fd) < 0)
			return false;
	close_range(3, TRACE_FD - 1, 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (open(files[i].name, files[i].flags) < 0 && files[i].name[1] != 'd')
			return false;
	return pipe(ends) == 0 && pipe2(ends, O_NONBLOCK) == 0;
}

static bool map_at(uint64_t where, size_t size, int protection, int flags, int fd)
{
	return mmap((void *)where, size, protection, flags | MAP_FIXED, fd, 0) == (void *)where;
}

static bool map_arena(void)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	const int both = PROT_READ | PROT_WRITE;
	const int fd = open("b", O_RDWR);
	const bool is_mapped =
		fd >= 0 && map_at(ARENA_DATA, ARENA_DATA_SIZE, both, anonymous, -1) &&
		map_at(ARENA_READ_ONLY, PAGE, PROT_READ, anonymous, -1) &&
		map_at(ARENA_NONE, PAGE, PROT_NONE, anonymous, -1) &&
		map_at(ARENA_FILE, 2 * PAGE, both, MAP_SHARED, fd) &&
		map_at(ARENA_SHARED, SHARED_SIZE, both, MAP_SHARED | MAP_ANONYMOUS, -1) &&
		map_at(ARENA_STACKS, STACK_COUNT * STACK_SIZE, both, anonymous, -1);
	close(fd);
	return is_mapped;
}

/* Handlers for all that does not come of the session's own faults, and a clock that ends waiting.
 */
static bool start_signals(void)
{
	static const int unhandled[] = {
		SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTSTP
	};
	const struct sigaction action = { .sa_handler = session_on_signal };
	const struct itimerval clock = { { 0, WAKE_USEC }, { 0, WAKE_USEC } };
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL); /* the C library keeps two to itself */
	for (size_t i = 0; i < sizeof(unhandled) / sizeof(unhandled[0]); i++)
		(void)signal(unhandled[i], SIG_DFL);
	return setitimer(ITIMER_REAL, &clock, NULL) == 0;
}

bool session_prepare(void)
{
	return make_files() && open_files() && map_arena() && start_signals();
}
