// SPDX-License-Identifier: MIT
/*
 * Whatever takes a program into the kernel, it finds its registers as they were: all 31, but for
 * the result of a system call; and a signal's handler finds them in its context, and may change
 * them there. A probe loads every register, does one thing, and stores every register.
 */
/* oracle: linux-system */
#include "lib/test.h"

#include <sched.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

enum { RA = 1, SP, GP, TP, T0, T1, A0 = 10, A1, A2, A3, A4, A5, A6, A7, REGISTERS = 32 };

/* What a probe works on; while it runs sp points here, and so handlers run on a stack of their own.
 * The offsets are written out below. */
struct area {
	uint64_t before[REGISTERS]; /* 0 and, below, PC: unused */
	uint64_t after[REGISTERS];  /* 256 */
	uint64_t stack;             /* 512: sp outside the probe */
	uint64_t is_child;          /* 520: ends instead of returning */
	volatile uint64_t flag;     /* 528: what the loop waits for */
};

#define EACH(op, base)                                                                      \
	".irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28," \
	"29,30,31\n" op " x\\n, " base "+8*\\n(sp)\n.endr\n"
#define EACH_OF_CALLER(op)                                              \
	".irp n, 1,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n" op " x\\n," \
	" 8*\\n(sp)\n.endr\n"

#define PROBE(name, deed)                                                                          \
	static __attribute__((naked, noinline)) void name(struct area *a)                          \
	{                                                                                          \
		__asm__ volatile("addi sp, sp, -256\n" EACH_OF_CALLER(                             \
			"sd") "sd sp, 512(a0)\n"                                                   \
			      "mv sp, a0\n" EACH(                                                  \
				      "ld",                                                        \
				      "0") ".option push\n.option norvc\n" deed "\n.option pop\n"  \
					   "sd sp, 256+16(sp)\n" EACH(                             \
						   "sd", "256") "ld t0, 520(sp)\n"                 \
								"bnez t0, 9f\n"                    \
								"ld sp, 512(sp)\n" EACH_OF_CALLER( \
									"ld") "addi sp, sp, 256\n" \
									      "ret\n"              \
									      "9: li a0, 0\n"      \
									      "li a7, 93\n"        \
									      "ecall\n");          \
	}

PROBE(probe_call, "ecall")
PROBE(probe_breakpoint, "ebreak")
PROBE(probe_null, "sd zero, 0(zero)")
PROBE(probe_touch, "sb zero, 0(t1)")
PROBE(probe_loop, "1: ld t0, 528(sp)\nbeqz t0, 1b")

static struct area area, area_of_child;
static uint64_t seen[REGISTERS]; /* by the handler, pc first */
static volatile int came;
static bool handler_changes;
static int handler_skips; /* bytes */

static uint64_t pattern(int seed, int n)
{
	return 0x9e3779b97f4a7c15UL * (uint64_t)(seed * 64 + n + 1);
}

/* gp and tp stay what C needs, for handlers. */
static void fill(struct area *a, int seed)
{
	memset(a, 0, sizeof(*a));
	for (int n = 1; n < REGISTERS; n++)
		a->before[n] = pattern(seed, n);
	a->before[SP] = (uint64_t)a;
	__asm__("mv %0, gp" : "=r"(a->before[GP]));
	__asm__("mv %0, tp" : "=r"(a->before[TP]));
}

static void fill_call(struct area *a, int seed, long number, long a0, long a1, long a2)
{
	fill(a, seed);
	a->before[A0] = (uint64_t)a0;
	a->before[A1] = (uint64_t)a1;
	a->before[A2] = (uint64_t)a2;
	a->before[A7] = (uint64_t)number;
}

/* Even gp and tp are the program's own: no C code runs before the probe is over. */
static void fill_pointers(struct area *a)
{
	a->before[GP] = ~0UL;
	a->before[TP] = 0x5555555555555555UL;
}

static bool are_kept(const uint64_t *after, const uint64_t *before, int except)
{
	for (int n = 1; n < REGISTERS; n++) {
		if (n != except && after[n] != before[n]) {
			printf("# x%d: %#lx became %#lx\n", n, (unsigned long)before[n],
			       (unsigned long)after[n]);
			return false;
		}
	}
	return true;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	for (int n = 0; n < REGISTERS; n++)
		seen[n] = uc->uc_mcontext.__gregs[n];
	uc->uc_mcontext.__gregs[0] += (unsigned long)handler_skips;
	for (int n = 1; handler_changes && n < REGISTERS; n++) {
		if (n != SP && n != GP && n != TP)
			uc->uc_mcontext.__gregs[n] = pattern(77, n);
	}
	came++;
}

static void handle_here(int number, int flags)
{
	static char stack[64 * 1024];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	CHECK_EQ(sigaltstack(&alternate, NULL), 0);
	handle_info(number, on_signal, SA_ONSTACK | flags);
	came = 0;
	handler_changes = false;
	handler_skips = 0;
}

/* ---- without a handler ------------------------------------------------------------------ */

static void check_call(long number, long a0, long a1, long a2, long result)
{
	fill_call(&area, (int)number, number, a0, a1, a2);
	fill_pointers(&area);
	probe_call(&area);
	CHECK(are_kept(area.after, area.before, A0));
	CHECK_EQ((long)area.after[A0], result);
}

static void a_call_keeps_all_but_its_result(void)
{
	static struct timespec blink = { .tv_nsec = 2000000 };
	static char text[8];
	check_call(SYS_getpid, 1, 2, 3, getpid());
	check_call(SYS_getcwd, (long)text, 1, 0, -ERANGE);
	check_call(SYS_close, -1, 0, 0, -EBADF);
	check_call(SYS_read, -1, (long)text, 1, -EBADF);
	check_call(SYS_nanosleep, (long)&blink, 0, 0, 0);
	check_call(SYS_sched_yield, 0, 0, 0, 0);
	check_call(SYS_execve, 0, 0, 0, -EFAULT);
	check_call(SYS_clone, CLONE_THREAD, 0, 0, -EINVAL);
}

static void a_call_that_is_missing_keeps_all(void)
{
	check_call(5000, 1, 2, 3, -ENOSYS);
	check_call(-1, 1, 2, 3, -ENOSYS);
	check_call(1L << 62, 1, 2, 3, -ENOSYS);
}

static void a_page_brought_in_costs_no_register(void)
{
	char *pages = map_pages(16, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 16; i++) {
		fill(&area, i);
		fill_pointers(&area);
		area.before[T1] = (uint64_t)(pages + (size_t)i * PAGE);
		probe_touch(&area);
		CHECK(are_kept(area.after, area.before, 0));
	}
}

static struct area *shared;

static void set_flag_later(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	nanosleep(&pause, NULL);
	shared->flag = 1;
}

/* The timer, and on one hart the other process, come in the middle of it. */
static void interrupts_cost_no_register(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	fill(shared, 5);
	fill_pointers(shared);
	const pid_t child = start_child(set_flag_later);
	probe_loop(shared);
	CHECK(are_kept(shared->after, shared->before, T0));
	CHECK_EXITED(wait_for(child), 0);
}

static void call_often(void)
{
	static struct timespec blink = { .tv_nsec = 100000 };
	for (int i = 0; i < 200; i++) {
		const bool sleeps = i % 16 == 0;
		fill_call(&area, getpid() + i, sleeps ? SYS_nanosleep : SYS_sched_yield,
			  (long)&blink, 0, 0);
		fill_pointers(&area);
		probe_call(&area);
		CHECK_EQ((long)area.after[A0], 0);
		CHECK(are_kept(area.after, area.before, A0));
	}
}

static void processes_keep_their_own(void)
{
	pid_t children[4];
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = start_child(call_often);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		CHECK_EXITED(wait_for(children[i]), 0);
}

/* ---- new programs ----------------------------------------------------------------------- */

static void a_forked_child_has_all_of_its_parent(void)
{
	fill_call(&area, 6, SYS_clone, SIGCHLD, 0, 0);
	area.before[A3] = area.before[A4] = 0;
	probe_call(&area);
	const bool kept = are_kept(area.after, area.before, A0);
	const long child = (long)area.after[A0];
	if (child == 0)
		_exit(kept ? 0 : 1);
	CHECK(kept && child > 0);
	CHECK_EXITED(wait_for((pid_t)child), 0);
}

/* In the same memory, on a stack and with a tp of its own. */
static void a_thread_has_all_of_its_maker(void)
{
	fill_call(&area, 7, SYS_clone, CLONE_VM | CLONE_VFORK | CLONE_SETTLS | SIGCHLD,
		  (long)&area_of_child, 0);
	area.before[A3] = 0x1234567890UL;
	area.before[A4] = 0;
	memset(&area_of_child, 0, sizeof(area_of_child));
	area_of_child.is_child = 1;
	probe_call(&area);
	const long child = (long)area.after[A0];
	CHECK(child > 0);
	CHECK(are_kept(area.after, area.before, A0));
	CHECK_EXITED(wait_for((pid_t)child), 0);
	CHECK_EQ(area_of_child.after[A0], 0);
	CHECK_EQ(area_of_child.after[SP], (uint64_t)&area_of_child);
	CHECK_EQ(area_of_child.after[TP], 0x1234567890UL);
	area.before[SP] = area_of_child.after[SP];
	area.before[TP] = area_of_child.after[TP];
	CHECK(are_kept(area_of_child.after, area.before, A0));
}

/* ---- with a handler --------------------------------------------------------------------- */

static void a_handler_sees_all_after_a_call(void)
{
	handle_here(SIGUSR1, 0);
	fill_call(&area, 9, SYS_kill, getpid(), SIGUSR1, 0);
	probe_call(&area);
	CHECK_EQ(came, 1);
	area.before[A0] = 0;
	CHECK(are_kept(seen, area.before, 0));
	CHECK(are_kept(area.after, area.before, 0));
}

static void check_exception(void (*probe)(struct area *), int number)
{
	handle_here(number, 0);
	handler_skips = 4;
	fill(&area, number);
	probe(&area);
	CHECK_EQ(came, 1);
	CHECK(are_kept(seen, area.before, 0));
	CHECK(are_kept(area.after, area.before, 0));
}

static void a_handler_sees_all_after_a_fault(void)
{
	check_exception(probe_null, SIGSEGV);
	check_exception(probe_breakpoint, SIGTRAP);
}

static void what_a_handler_changes_is_changed(void)
{
	uint64_t wanted[REGISTERS];
	handle_here(SIGSEGV, 0);
	handler_skips = 4;
	handler_changes = true;
	fill(&area, 10);
	probe_null(&area);
	CHECK_EQ(came, 1);
	for (int n = 1; n < REGISTERS; n++)
		wanted[n] = pattern(77, n);
	for (int n = SP; n <= TP; n++)
		wanted[n] = area.before[n];
	CHECK(are_kept(area.after, wanted, 0));
	/* A result that looks like an error is none. */
	handle_here(SIGUSR1, 0);
	handler_changes = true;
	fill_call(&area, 11, SYS_kill, getpid(), SIGUSR1, 0);
	probe_call(&area);
	CHECK(are_kept(area.after, wanted, 0));
}

/* The timer may come before the loop or after it, and comes again. In it the probe has loaded the
 * last register, and then, into t0, the flag. */
static void on_timer(int number, siginfo_t *info, void *context)
{
	static int in_vain;
	const unsigned long *r = ((ucontext_t *)context)->uc_mcontext.__gregs;
	if (area.flag != 0)
		return;
	if (r[SP] == (uint64_t)&area && r[REGISTERS - 1] == area.before[REGISTERS - 1] &&
	    r[T0] == 0)
		on_signal(number, info, context);
	area.flag = came != 0 || ++in_vain > 1000;
}

static void a_handler_in_the_middle_of_a_loop_sees_all(void)
{
	const struct itimerval often = { { 0, 30000 }, { 0, 30000 } }, never = { 0 };
	handle_here(SIGALRM, 0);
	handle_info(SIGALRM, on_timer, SA_ONSTACK);
	fill(&area, 12);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	probe_loop(&area);
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK_EQ(came, 1);
	CHECK(are_kept(seen, area.before, T0));
	CHECK(are_kept(area.after, area.before, T0));
}

/* ---- calls that go on after a signal ---------------------------------------------------- */

static int ends[2];
static volatile int *came_shared;

static void disturb_and_write(void)
{
	while (state_of(getppid()) != 'S')
		sched_yield();
	CHECK_EQ(kill(getppid(), SIGUSR1), 0);
	while (*came_shared == 0)
		sched_yield();
	write_all(ends[1], "x", 1);
}

static void on_disturbance(int number, siginfo_t *info, void *context)
{
	on_signal(number, info, context);
	*came_shared = 1;
}

static void a_call_begun_again_has_all(void)
{
	static char byte;
	came_shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(came_shared != MAP_FAILED);
	CHECK_EQ(pipe(ends), 0);
	handle_here(SIGUSR1, 0);
	handle_info(SIGUSR1, on_disturbance, SA_ONSTACK | SA_RESTART);
	fill_call(&area, 13, SYS_read, ends[0], (long)&byte, 1);
	const pid_t child = start_child(disturb_and_write);
	probe_call(&area);
	CHECK_EXITED(wait_for(child), 0);
	CHECK_EQ(came, 1);
	CHECK(are_kept(seen, area.before, 0));
	CHECK(are_kept(area.after, area.before, A0));
	CHECK_EQ(area.after[A0], 1);
	CHECK_EQ(byte, 'x');
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_call_keeps_all_but_its_result),
		TEST(a_call_that_is_missing_keeps_all),
		TEST(a_page_brought_in_costs_no_register),
		TEST(interrupts_cost_no_register),
		TEST(processes_keep_their_own),
		TEST(a_forked_child_has_all_of_its_parent),
		TEST(a_thread_has_all_of_its_maker),
		TEST(a_handler_sees_all_after_a_call),
		TEST(a_handler_sees_all_after_a_fault),
		TEST(what_a_handler_changes_is_changed),
		TEST(a_handler_in_the_middle_of_a_loop_sees_all),
		TEST(a_call_begun_again_has_all),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
