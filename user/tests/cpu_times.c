// SPDX-License-Identifier: MIT
/* CPU time is told apart: what a program computes is user time, what it asks for is system time. */
#include "lib/test.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/times.h>

/* Enough for a kernel that samples to have an opinion. */
#define ENOUGH_MSEC 300

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

static void compute(void)
{
	volatile unsigned long x = 1;
	while (sum(spent_by(RUSAGE_SELF)) < ENOUGH_MSEC)
		for (int i = 0; i < 1000000; i++)
			x = x * 3 + 1;
	const struct spent s = spent_by(RUSAGE_SELF);
	CHECK(s.user > s.system);
}

static void ask_the_kernel(void)
{
	static char buf[1 << 20];
	const int fd = open("/dev/zero", O_RDONLY);
	CHECK(fd >= 0);
	read_all(fd, buf, sizeof(buf)); /* its pages are there */
	const struct spent before = spent_by(RUSAGE_SELF);
	while (sum(spent_by(RUSAGE_SELF)) - sum(before) < ENOUGH_MSEC)
		read_all(fd, buf, sizeof(buf));
	const struct spent s = spent_by(RUSAGE_SELF);
	CHECK(s.system - before.system > s.user - before.user);
	close(fd);
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
	const struct spent before = spent_on(last_cpu);
	CHECK_EQ(run_in_child(compute_on_last_cpu), 0);
	const struct spent after = spent_on(last_cpu);
	CHECK(after.user - before.user >= ENOUGH_MSEC / 2);
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
