// SPDX-License-Identifier: MIT
/* ITIMER_VIRTUAL and ITIMER_PROF: count the process' time on a processor, not the clock's. */
/* oracle: linux-system */
#include "lib/test.h"

#include <pthread.h>
#include <sys/time.h>
#include <time.h>

/* Kernels that count in ticks are this wrong. */
#define TICKS_USEC 30000

static volatile sig_atomic_t came;
static volatile sig_atomic_t code;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	code = info->si_code;
	came++;
}

static long used_usec(void)
{
	struct timespec t;
	CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void start(int which, long usec, long interval_usec)
{
	const struct itimerval value = {
		.it_value = { usec / 1000000, usec % 1000000 },
		.it_interval = { interval_usec / 1000000, interval_usec % 1000000 },
	};
	came = 0;
	CHECK_EQ(setitimer(which, &value, NULL), 0);
}

static long left_usec(int which)
{
	struct itimerval value;
	CHECK_EQ(getitimer(which, &value), 0);
	return value.it_value.tv_sec * 1000000 + value.it_value.tv_usec;
}

static void burn_until_it_comes(int which, int sig)
{
	handle_info(sig, on_signal, 0);
	const long before = used_usec();
	start(which, 100000, 0);
	const long left = left_usec(which);
	CHECK(left <= 100000 + TICKS_USEC && (left > 0 || came != 0)); /* time may run fast */
	while (came == 0)
		;
	CHECK(used_usec() - before >= 100000 - TICKS_USEC);
	CHECK_EQ(code, SI_KERNEL);
	CHECK_EQ(left_usec(which), 0);
}

static void who_runs_is_told_once(void)
{
	burn_until_it_comes(ITIMER_VIRTUAL, SIGVTALRM);
	burn_until_it_comes(ITIMER_PROF, SIGPROF);
}

static void an_interval_comes_again_and_again(void)
{
	const struct itimerval never = { 0 };
	struct itimerval old;
	handle_info(SIGPROF, on_signal, 0);
	start(ITIMER_PROF, 10000, 20000);
	while (came < 5)
		;
	CHECK_EQ(setitimer(ITIMER_PROF, &never, &old), 0);
	CHECK_EQ(old.it_interval.tv_sec, 0);
	CHECK_EQ(old.it_interval.tv_usec, 20000);
	CHECK(old.it_value.tv_usec > 0);
	CHECK_EQ(left_usec(ITIMER_PROF), 0);
}

static void who_sleeps_is_not(void)
{
	const struct timespec long_time = { .tv_nsec = 300000000 };
	const long before = used_usec();
	start(ITIMER_PROF, 100000000, 0);
	CHECK_EQ(nanosleep(&long_time, NULL), 0);
	const long counted = 100000000 - left_usec(ITIMER_PROF);
	CHECK(counted <= used_usec() - before + TICKS_USEC);
	start(ITIMER_PROF, 0, 0);
}

/* In the kernel, that is. Kernels that count in ticks may need many calls to find one there: the
 * case's own time limit is the deadline. */
static void only_one_counts_system_calls(void)
{
	long all_left, virtual_left;
	start(ITIMER_VIRTUAL, 100000000, 0);
	start(ITIMER_PROF, 100000000, 0);
	do {
		for (int i = 0; i < 1000; i++)
			CHECK_EQ(close(dup(1)), 0);
		all_left = left_usec(ITIMER_PROF);
		virtual_left = left_usec(ITIMER_VIRTUAL);
	} while (all_left > virtual_left - 2 * TICKS_USEC);
	start(ITIMER_VIRTUAL, 0, 0);
	start(ITIMER_PROF, 0, 0);
}

static void *burn(void *arg)
{
	while (came == 0)
		;
	return arg;
}

static void let_a_thread_burn(void)
{
	pthread_t thread;
	handle_info(SIGVTALRM, on_signal, SA_RESTART);
	start(ITIMER_VIRTUAL, 50000, 0);
	CHECK_EQ(pthread_create(&thread, NULL, burn, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(came, 1);
}

static void all_threads_count(void)
{
	CHECK_CHILD(let_a_thread_burn);
}

static void burn_to_the_end(void)
{
	start(ITIMER_VIRTUAL, 20000, 0);
	for (;;)
		;
}

static void without_a_handler_it_is_the_end(void)
{
	handle(SIGVTALRM, SIG_DFL, 0);
	CHECK_KILLED(run_in_child(burn_to_the_end), SIGVTALRM);
}

static void have_no_timer(void)
{
	CHECK_EQ(left_usec(ITIMER_VIRTUAL), 0);
	CHECK_EQ(left_usec(ITIMER_PROF), 0);
}

static void exec_with_a_timer(void)
{
	char *const argv[] = { (char *)test_name, "timer", NULL };
	start(ITIMER_PROF, 100000000, 0);
	execv(TEST_SELF, argv);
}

static void exec_keeps_it_and_fork_does_not(void)
{
	start(ITIMER_PROF, 100000000, 0);
	CHECK_CHILD(have_no_timer);
	CHECK_EXITED(run_in_child(exec_with_a_timer), 77);
	start(ITIMER_PROF, 0, 0);
}

static int after_exec(void)
{
	struct itimerval value;
	return getitimer(ITIMER_PROF, &value) == 0 && value.it_value.tv_sec > 0 ? 77 : 1;
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(who_runs_is_told_once),
		TEST(an_interval_comes_again_and_again),
		TEST(who_sleeps_is_not),
		TEST(only_one_counts_system_calls),
		TEST(all_threads_count),
		TEST(without_a_handler_it_is_the_end),
		TEST(exec_keeps_it_and_fork_does_not),
	};
	if (argc == 2 && strcmp(argv[1], "timer") == 0)
		return after_exec();
	return test_run(cases, ARRAY_SIZE(cases));
}
