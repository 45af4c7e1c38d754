// SPDX-License-Identifier: MIT
/* Processes that compute with floating point at once, and are switched between, do not get each
 * other's registers. */
#include "lib/test.h"

#define WORKERS 6
#define ROUNDS  300

static int seed;

/* All 32 registers hold values of this process while others run; sum of what differs. */
static double hold_registers(double base)
{
	double wrong = 0;
	double r[24];
	for (int i = 0; i < 24; i++)
		r[i] = base + i;
	for (int round = 0; round < 200; round++) {
		double carry = r[23];
		for (int i = 23; i > 0; i--)
			r[i] = r[i - 1] + 1.0;
		r[0] = carry - 23.0;
		for (int i = 0; i < 24; i++)
			wrong += r[i] != base + i;
	}
	return wrong;
}

static void compute(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		CHECK(hold_registers(seed * 1000.0) == 0);
		if (round % 50 == 0)
			sched_yield();
	}
}

static void everybody_keeps_their_registers(void)
{
	pid_t pids[WORKERS];
	for (int i = 0; i < WORKERS; i++) {
		seed = i + 1;
		pids[i] = start_child(compute);
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
}

static void a_child_has_its_parents_registers(void)
{
	register double value __asm__("fs3") = 123.25;
	__asm__ volatile("" : "+f"(value));
	const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	__asm__ volatile("" : "+f"(value));
	if (pid == 0)
		syscall(SYS_exit_group, value == 123.25 ? 0 : 1);
	CHECK(pid > 0);
	CHECK_EXITED(wait_for((pid_t)pid), 0);
	CHECK(value == 123.25);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(everybody_keeps_their_registers),
		TEST(a_child_has_its_parents_registers),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
