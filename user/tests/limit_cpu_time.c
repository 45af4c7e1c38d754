// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* RLIMIT_CPU: SIGXCPU at the soft limit, which moves on; SIGKILL at the hard one; children begin
 * anew. */
#include "lib/test.h"

#include <sys/resource.h>
#include <sys/time.h>

static volatile sig_atomic_t came;

static void on_signal(int sig)
{
	(void)sig;
	came++;
}

static void limit(rlim_t soft, rlim_t hard)
{
	CHECK_EQ(setrlimit(RLIMIT_CPU, &(struct rlimit){ soft, hard }), 0);
}

static void burn(void)
{
	for (;;)
		;
}

/* The next signal may come while we look. */
static void check_limit_moved_on(void)
{
	struct rlimit now;
	sig_atomic_t signals;
	do {
		signals = came;
		CHECK_EQ(getrlimit(RLIMIT_CPU, &now), 0);
	} while (came != signals);
	CHECK_EQ(now.rlim_cur, signals);
	CHECK_EQ(now.rlim_max, 2);
}

static void wait_for_two(void)
{
	handle(SIGXCPU, on_signal, 0);
	limit(0, 2);
	for (int count = 1; count <= 2; count++) {
		while (came < count)
			;
		check_limit_moved_on();
	}
	burn();
}

static long used_msec(void)
{
	struct rusage r;
	CHECK_EQ(getrusage(RUSAGE_CHILDREN, &r), 0);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
	       (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* Kernels that count in ticks are this wrong. */
#define TICKS_MSEC 50

static void the_soft_limit_warns_and_the_hard_one_ends(void)
{
	const long before = used_msec();
	CHECK_EQ(run_in_child(wait_for_two), SIGKILL);
	CHECK(used_msec() - before >= 2000 - TICKS_MSEC);
}

static void burn_over_the_limit(void)
{
	limit(0, RLIM_INFINITY);
	burn();
}

static void who_does_not_catch_it_ends(void)
{
	const int status = run_in_child(burn_over_the_limit);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGXCPU);
}

static void let_a_child_burn(void)
{
	limit(1, 1);
	CHECK_EQ(run_in_child(burn), SIGKILL);
	CHECK(used_msec() >= 1000 - TICKS_MSEC);
}

static void a_child_has_the_limit_for_itself(void)
{
	CHECK_CHILD(let_a_child_burn);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_soft_limit_warns_and_the_hard_one_ends),
		TEST(who_does_not_catch_it_ends),
		TEST(a_child_has_the_limit_for_itself),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
