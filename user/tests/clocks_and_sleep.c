// SPDX-License-Identifier: MIT
/* Clocks go on and never back; sleeping lasts at least as long as asked. */
#include "lib/test.h"

#include <sys/time.h>
#include <time.h>

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;
	CHECK_EQ(syscall(SYS_clock_gettime, clock, &t), 0);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void clock_monotonic_never_goes_back(void)
{
	int64_t last = now_ns(CLOCK_MONOTONIC);
	const int64_t first = last;
	for (int i = 0; i < 2000; i++) {
		struct timespec t;
		CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0); /* by the vDSO, if the libc does so
								  */
		const int64_t now = t.tv_sec * 1000000000LL + t.tv_nsec;
		CHECK(now >= last);
		last = now_ns(CLOCK_MONOTONIC);
		CHECK(last >= now);
	}
	CHECK(last > first);
}

static void every_clock_has_a_resolution(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME,           CLOCK_MONOTONIC,
					    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
					    CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
					    CLOCK_MONOTONIC_COARSE,   CLOCK_BOOTTIME };
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct timespec t;
		CHECK_EQ(clock_getres(clocks[i], &t), 0);
		CHECK(t.tv_sec == 0 && t.tv_nsec > 0);
		CHECK(now_ns(clocks[i]) >= 0);
	}
	CHECK_ERRNO(syscall(SYS_clock_gettime, 99, NULL), EINVAL);
	struct timeval tv;
	const int64_t before = now_ns(CLOCK_REALTIME) / 1000;
	CHECK_EQ(gettimeofday(&tv, NULL), 0);
	const int64_t now = tv.tv_sec * 1000000LL + tv.tv_usec;
	CHECK(before <= now && now <= now_ns(CLOCK_REALTIME) / 1000);
}

static void cpu_time_grows_with_work(void)
{
	const int64_t start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start < 5000000)
		;
	CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) > 0);
}

static void nanosleep_at_least(void)
{
	static const long durations[] = { 0, 1, 1000, 1000000, 20000000 };
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		const struct timespec t = { 0, durations[i] };
		int64_t start = now_ns(CLOCK_MONOTONIC);
		CHECK_EQ(syscall(SYS_nanosleep, &t, NULL), 0);
		CHECK(now_ns(CLOCK_MONOTONIC) - start >= durations[i]);
		start = now_ns(CLOCK_MONOTONIC);
		CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL), 0);
		CHECK(now_ns(CLOCK_MONOTONIC) - start >= durations[i]);
	}
}

static void sleeping_until_a_time(void)
{
	const int64_t until = now_ns(CLOCK_MONOTONIC) + 10000000;
	const struct timespec t = { until / 1000000000, until % 1000000000 };
	CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	CHECK(now_ns(CLOCK_MONOTONIC) >= until);
	CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0); /* past
											      */
	const struct timespec wrong = { 0, 1000000000 }, negative = { -1, 0 };
	CHECK_ERRNO(syscall(SYS_nanosleep, &wrong, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_nanosleep, &negative, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_nanosleep, 99, 0, &t, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EOPNOTSUPP);
	CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &t, NULL), EOPNOTSUPP);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(clock_monotonic_never_goes_back), TEST(every_clock_has_a_resolution),
		TEST(cpu_time_grows_with_work),        TEST(nanosleep_at_least),
		TEST(sleeping_until_a_time),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
