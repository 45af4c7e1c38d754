// SPDX-License-Identifier: MIT
/* modes: all */
/* Row "copy-on-write, count 1": who is left alone with a page writes it, and finds in it what was
 * there. */
#include "lib/test.h"

#define PAGES 64

static unsigned char *area;

static void fill(void)
{
	area = (unsigned char *)map_pages(PAGES, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < PAGES; i++)
		memset(area + i * PAGE, (int)i + 1, PAGE);
}

static void check_filled(void)
{
	for (size_t i = 0; i < PAGES; i++)
		for (size_t at = 0; at < PAGE; at += 512)
			CHECK_EQ(area[i * PAGE + at], i + 1);
}

static void write_every_third(void)
{
	for (size_t i = 0; i < PAGES; i += 3)
		memset(area + i * PAGE, 0xee, PAGE);
}

static void do_nothing(void)
{
}

static void parent_writes_after_child_is_gone(void)
{
	fill();
	for (int round = 0; round < 4; round++) {
		CHECK_CHILD(round % 2 == 0 ? do_nothing : write_every_third);
		check_filled();
		for (size_t i = 0; i < PAGES; i++) {
			area[i * PAGE] = 0;
			CHECK_EQ(area[i * PAGE + 1], i + 1);
			area[i * PAGE] = (unsigned char)(i + 1);
		}
	}
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
}

static void outlive_parent(int told_by, int tell)
{
	char byte;
	CHECK_EQ(read(told_by, &byte, 1), 0); /* end of file: the parent has gone */
	check_filled();
	write_every_third();
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(area[i * PAGE + 5], i % 3 == 0 ? 0xee : i + 1);
	write_all(tell, "k", 1);
}

static int alive[2], result[2];

static void middle(void)
{
	fill();
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(alive[1]);
		outlive_parent(alive[0], result[1]);
		_exit(0);
	}
}

static void child_writes_after_parent_is_gone(void)
{
	CHECK_EQ(pipe(alive), 0);
	CHECK_EQ(pipe(result), 0);
	const pid_t pid = start_child(middle);
	close(alive[1]);
	close(result[1]);
	CHECK_EXITED(wait_for(pid), 0);
	char byte = 0;
	CHECK_EQ(read(result[0], &byte, 1), 1);
	CHECK_EQ(byte, 'k');
	close(alive[0]);
	close(result[0]);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(parent_writes_after_child_is_gone),
		TEST(child_writes_after_parent_is_gone),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
