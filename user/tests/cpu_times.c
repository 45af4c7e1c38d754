// SPDX-License-Identifier: MIT
/* CPU time is told apart: what a program computes is user time, what it asks for is system time. */
#include "lib/test.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/times.h>

/* Enough for a kernel that samples to have an opinion. */
#define ENOUGH_MSEC 300
/* A machine that stands still, its host being busy, spends that time wherever it happens to be;
 * kernels that count ticks count one for it. So they are given some tries, or many. */
#define TRIES      5
#define TRIES_MANY 50

struct spent {
	long user, system; /* milliseconds */
};

static long msec(struct timeval t)
{
	return t.tv_sec * 1000 + t.tv_usec / 1000;
}

static struct spent spent_by(int who)
{
	struct rusage r;
	CHECK_EQ(getrusage(who, &r), 0);
	return (struct spent){ msec(r.ru_utime), msec(r.ru_stime) };
}

static long sum(struct spent s)
{
	return s.user + s.system;
}

/* What this process spends until enough is spent on doing @work again and again. */
static struct spent spent_on_work(void (*work)(void))
{
	const struct spent before = spent_by(RUSAGE_SELF);
	struct spent now;
	do {
		work();
		now = spent_by(RUSAGE_SELF);
	} while (sum(now) - sum(before) < ENOUGH_MSEC);
	return (struct spent){ now.user - before.user, now.system - before.system };
}

static void multiply(void)
{
	volatile unsigned long x = 1;
	for (int i = 0; i < 1000000; i++)
		x = x * 3 + 1;
}

static void compute(void)
{
	struct spent s = { 0, 0 };
	for (int i = 0; i < TRIES && s.user <= s.system; i++)
		s = spent_on_work(multiply);
	CHECK(s.user > s.system);
}

static int zeros;

static void read_zeros(void)
{
	static char buf[1 << 20];
	read_all(zeros, buf, sizeof(buf));
}

static void ask_the_kernel(void)
{
	struct spent s = { 0, 0 };
	zeros = open("/dev/zero", O_RDONLY);
	CHECK(zeros >= 0);
	read_zeros(); /* its pages are there */
	for (int i = 0; i < TRIES && s.system <= s.user; i++)
		s = spent_on_work(read_zeros);
	CHECK(s.system > s.user);
	close(zeros);
}

static void computing_is_user_time(void)
{
	CHECK_EQ(run_in_child(compute), 0);
}

static void reading_is_system_time(void)
{
	CHECK_EQ(run_in_child(ask_the_kernel), 0);
}

static void times_of_children_are_added_up(void)
{
	const struct spent before = spent_by(RUSAGE_CHILDREN);
	CHECK_EQ(run_in_child(compute), 0);
	const struct spent after = spent_by(RUSAGE_CHILDREN);
	CHECK(sum(after) - sum(before) >= ENOUGH_MSEC - 20); /* two roundings */
	struct tms t;
	CHECK(times(&t) != (clock_t)-1);
	CHECK((t.tms_cutime + t.tms_cstime) * (1000 / sysconf(_SC_CLK_TCK)) >= ENOUGH_MSEC - 20);
}

/* What cpu @cpu has spent by now: user mode, nice programs there, the kernel. */
static struct spent spent_on(int cpu)
{
	char format[64];
	long user, nice, system;
	static char text[1 << 14];
	const int fd = open("/proc/stat", O_RDONLY);
	CHECK(fd >= 0);
	const ssize_t n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	snprintf(format, sizeof(format), "\ncpu%d ", cpu);
	const char *line = strstr(text, format);
	CHECK(line != NULL);
	CHECK_EQ(sscanf(line + strlen(format), "%ld %ld %ld", &user, &nice, &system), 3);
	const long msec_per_tick = 1000 / sysconf(_SC_CLK_TCK);
	return (struct spent){ (user + nice) * msec_per_tick, system * msec_per_tick };
}

static int last_cpu;

static void compute_on_last_cpu(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(last_cpu, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	compute();
}

/* One that idles by the time it is asked about, if there are several. */
static void what_a_cpu_computed_is_its_user_time(void)
{
	cpu_set_t allowed;
	CHECK_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			last_cpu = cpu;
	bool is_counted = false;
	for (int i = 0; i < TRIES_MANY && !is_counted; i++) {
		const struct spent before = spent_on(last_cpu);
		CHECK_EQ(run_in_child(compute_on_last_cpu), 0);
		is_counted = spent_on(last_cpu).user - before.user >= ENOUGH_MSEC / 2;
	}
	CHECK(is_counted);
}

static void times_never_fall(void)
{
	struct spent last = { 0, 0 };
	while (sum(last) < ENOUGH_MSEC) {
		const struct spent now = spent_by(RUSAGE_SELF);
		CHECK(now.user >= last.user && now.system >= last.system);
		last = now;
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(computing_is_user_time),
		TEST(reading_is_system_time),
		TEST(times_of_children_are_added_up),
		TEST(what_a_cpu_computed_is_its_user_time),
		TEST(times_never_fall),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
