// SPDX-License-Identifier: MIT
/*
 * A program may read the clock of the hart it is on, on all harts alike; of the counts of cycles
 * and instructions it may read one on every hart or on none.
 */
#include "lib/test.h"

static cpu_set_t allowed;

static uint64_t read_time(void)
{
	uint64_t value;
	__asm__ volatile("rdtime %0" : "=r"(value));
	return value;
}

static uint64_t read_cycles(void)
{
	uint64_t value;
	__asm__ volatile("rdcycle %0" : "=r"(value));
	return value;
}

static uint64_t read_instructions(void)
{
	uint64_t value;
	__asm__ volatile("rdinstret %0" : "=r"(value));
	return value;
}

static uint64_t (*read_counter)(void);

static void read_twice(void)
{
	const uint64_t first = read_counter();
	const uint64_t second = read_counter();
	CHECK(first <= second);
}

static void pin(int hart)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(hart, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* The status of a child that reads on @hart. */
static int status_on(int hart)
{
	pin(hart);
	const int status = run_in_child(read_twice);
	CHECK_EQ(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	return status;
}

static int status_everywhere(uint64_t (*counter)(void))
{
	int first = -1;
	read_counter = counter;
	for (int hart = 0; hart < CPU_SETSIZE; hart++) {
		if (!CPU_ISSET(hart, &allowed))
			continue;
		const int status = status_on(hart);
		if (first == -1)
			first = status;
		CHECK_EQ(status, first);
	}
	return first;
}

static void the_clock_can_be_read(void)
{
	CHECK_EXITED(status_everywhere(read_time), 0);
}

static void the_clock_is_the_same_everywhere(void)
{
	uint64_t last = 0;
	for (int round = 0; round < 3; round++) {
		for (int hart = 0; hart < CPU_SETSIZE; hart++) {
			if (!CPU_ISSET(hart, &allowed))
				continue;
			pin(hart);
			const uint64_t now = read_time();
			CHECK(last <= now);
			last = now;
		}
	}
	CHECK_EQ(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
}

static void check_everywhere_or_nowhere(uint64_t (*counter)(void))
{
	const int status = status_everywhere(counter);
	if (status != 0)
		CHECK_KILLED(status, SIGILL);
}

static void cycles_can_be_read_everywhere_or_nowhere(void)
{
	check_everywhere_or_nowhere(read_cycles);
}

static void instructions_can_be_read_everywhere_or_nowhere(void)
{
	check_everywhere_or_nowhere(read_instructions);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_clock_can_be_read),
		TEST(the_clock_is_the_same_everywhere),
		TEST(cycles_can_be_read_everywhere_or_nowhere),
		TEST(instructions_can_be_read_everywhere_or_nowhere),
	};
	CHECK_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	return test_run(cases, ARRAY_SIZE(cases));
}
