// SPDX-License-Identifier: MIT
/* A handler interrupts at any instruction and leaves no trace: registers, floating point and mask
 * are as before. */
#include "lib/test.h"

#include <fenv.h>
#include <sys/time.h>

static volatile sig_atomic_t count, last;

static void on_signal(int signal_number)
{
	volatile double x = 1.5;
	for (int i = 0; i < 20; i++)
		x = x * 1.25 + i;
	count++;
	last = signal_number;
}

static void a_handler_runs_and_returns(void)
{
	count = 0;
	handle(SIGUSR1, on_signal, 0);
	for (int i = 1; i <= 10; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		CHECK_EQ(count, i); /* delivered before kill returns */
	}
	CHECK_EQ(last, SIGUSR1);
	sigset_t set;
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	CHECK(!sigismember(&set, SIGUSR1));
}

/* Integer and floating-point registers hold what they hold while signals come by themselves. */
static void registers_survive_signals_at_any_instruction(void)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	count = 0;
	handle(SIGALRM, on_signal, SA_RESTART);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (count < 30) {
		double sum = 0;
		uint64_t hash = 1469598103934665603UL;
		for (int i = 1; i <= 5000; i++) {
			sum += 1.0 / i;
			hash = (hash ^ (uint64_t)i) * 1099511628211UL;
		}
		static double first_sum;
		static uint64_t first_hash;
		if (first_hash == 0) {
			first_sum = sum;
			first_hash = hash;
		}
		CHECK(sum == first_sum);
		CHECK(hash == first_hash);
	}
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	handle(SIGALRM, SIG_DFL, 0);
}

static void on_signal_changing_rounding(int signal_number)
{
	fesetround(FE_UPWARD);
	feraiseexcept(FE_DIVBYZERO);
}

static void the_floating_point_status_is_restored(void)
{
	handle(SIGUSR1, on_signal_changing_rounding, 0);
	feclearexcept(FE_ALL_EXCEPT);
	CHECK_EQ(fesetround(FE_TOWARDZERO), 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	const int mode = fegetround();
	const int raised = fetestexcept(FE_ALL_EXCEPT);
	fesetround(FE_TONEAREST);
	CHECK_EQ(mode, FE_TOWARDZERO);
	CHECK_EQ(raised, 0);
}

static volatile sig_atomic_t after;

static void skip_instruction(int signal_number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	c->uc_mcontext.__gregs[REG_PC] += 4;
	c->uc_mcontext.__gregs[10] = 77;
	after = 1;
}

static void a_handler_may_change_what_it_returns_to(void)
{
	handle_info(SIGILL, skip_instruction, 0);
	register long a0 __asm__("a0") = 5;
	__asm__ volatile(".option push\n.option norvc\n.word 0\n.option pop" : "+r"(a0)::"memory");
	CHECK_EQ(a0, 77);
	CHECK_EQ(after, 1);
	handle(SIGILL, SIG_DFL, 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_handler_runs_and_returns),
		TEST(registers_survive_signals_at_any_instruction),
		TEST(the_floating_point_status_is_restored),
		TEST(a_handler_may_change_what_it_returns_to),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
