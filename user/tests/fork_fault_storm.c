// SPDX-License-Identifier: MIT
/* modes: all */
/* Processes that fork, write, map, unmap and die at once, on all harts: memory stays each one's
 * own. */
#include "lib/test.h"

#define WORKERS 4
#define ROUNDS  12
#define PAGES   48

static int worker;

static void scribble_and_leave(unsigned char *p, int value)
{
	for (size_t i = 0; i < PAGES; i++) {
		CHECK_EQ(p[i * PAGE + 8], (unsigned char)(value + (int)i));
		p[i * PAGE + 8] = 0xff;
	}
	CHECK_EQ(munmap(p + PAGE, (PAGES / 2) * PAGE), 0);
	_exit(value & 0x3f);
}

static void storm(void)
{
	unsigned char *p = (unsigned char *)map_pages(PAGES, PROT_READ | PROT_WRITE);
	for (int round = 0; round < ROUNDS; round++) {
		const int value = worker * 50 + round;
		for (size_t i = 0; i < PAGES; i++)
			p[i * PAGE + 8] = (unsigned char)(value + (int)i);
		pid_t pids[2];
		for (int i = 0; i < 2; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			if (pids[i] == 0)
				scribble_and_leave(p, value);
		}
		/* While the children read and copy them, half of the pages change here. */
		for (size_t i = 0; i < PAGES; i += 2)
			p[i * PAGE + 16] = (unsigned char)round;
		for (int i = 0; i < 2; i++)
			CHECK_EXITED(wait_for(pids[i]), value & 0x3f);
		for (size_t i = 0; i < PAGES; i++)
			CHECK_EQ(p[i * PAGE + 8], (unsigned char)(value + (int)i));
	}
}

static void everybody_keeps_their_memory(void)
{
	pid_t pids[WORKERS];
	for (int i = 0; i < WORKERS; i++) {
		worker = i;
		pids[i] = start_child(storm);
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(everybody_keeps_their_memory) };
	return test_run(cases, ARRAY_SIZE(cases));
}
