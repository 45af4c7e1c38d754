// SPDX-License-Identifier: MIT
/* alarm and setitimer: once and again, told what is left, never early. */
#include "lib/test.h"

#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t came;

static void on_alarm(int signal_number)
{
	came++;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_timer_comes_once_and_not_early(void)
{
	const struct itimerval soon = { .it_value = { 0, 50000 } };
	struct itimerval left;
	sigset_t alarm_alone, none;
	sigemptyset(&none);
	sigemptyset(&alarm_alone);
	sigaddset(&alarm_alone, SIGALRM);
	came = 0;
	handle(SIGALRM, on_alarm, 0);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &alarm_alone, NULL), 0);
	const long start = now_ms();
	CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
	CHECK_EQ(getitimer(ITIMER_REAL, &left), 0);
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_usec <= 50000);
	CHECK_ERRNO(sigsuspend(&none), EINTR);
	CHECK_EQ(came, 1);
	CHECK(now_ms() - start >= 49);
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &alarm_alone, NULL), 0);
	CHECK_EQ(getitimer(ITIMER_REAL, &left), 0);
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
}

static void an_interval_comes_again_and_again(void)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	struct itimerval old;
	came = 0;
	const long start = now_ms();
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (came < 10)
		;
	CHECK(now_ms() - start >= 49);
	CHECK_EQ(setitimer(ITIMER_REAL, &never, &old), 0);
	CHECK_EQ(old.it_interval.tv_usec, 5000);
}

static void alarm_tells_what_was_left(void)
{
	alarm(0);
	const long start = now_ms();
	CHECK_EQ(alarm(100), 0);
	const long left = alarm(50), left_then = alarm(0);
	const long passed = (now_ms() - start) / 1000 + 1;
	CHECK(left <= 100 && left >= 100 - passed);
	CHECK(left_then <= 50 && left_then >= 50 - passed);
	CHECK_EQ(alarm(0), 0);
}

static void senseless_values_are_einval(void)
{
	const struct itimerval wrong = { .it_value = { 0, 1000000 } };
	CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, &wrong, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_setitimer, 9, &wrong, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_getitimer, 9, &wrong), EINVAL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_timer_comes_once_and_not_early),
		TEST(an_interval_comes_again_and_again),
		TEST(alarm_tells_what_was_left),
		TEST(senseless_values_are_einval),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
