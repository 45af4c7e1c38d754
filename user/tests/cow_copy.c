// SPDX-License-Identifier: MIT
/* modes: all */
/* Row "copy-on-write, count above 1": the writer gets a copy, everybody else keeps what was there.
 */
#include "lib/test.h"

#define PAGES 32

static char *area;
static int go[2], done[2];

static void child_reads_after_parent_wrote(void)
{
	char byte;
	read_all(go[0], &byte, 1);
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(area[i * PAGE], 'a');
	memset(area, 'c', PAGES * PAGE);
	write_all(done[1], "x", 1);
	read_all(go[0], &byte, 1);
	for (size_t i = 0; i < PAGES * PAGE; i += 64)
		CHECK_EQ(area[i], 'c');
}

static void parent_and_child_write_and_see_only_their_own(void)
{
	area = map_pages(PAGES, PROT_READ | PROT_WRITE);
	memset(area, 'a', PAGES * PAGE);
	CHECK_EQ(pipe(go), 0);
	CHECK_EQ(pipe(done), 0);
	const pid_t pid = start_child(child_reads_after_parent_wrote);
	memset(area, 'p', PAGES * PAGE);
	write_all(go[1], "1", 1);
	char byte;
	read_all(done[0], &byte, 1);
	for (size_t i = 0; i < PAGES * PAGE; i += 64)
		CHECK_EQ(area[i], 'p');
	memset(area, 'q', PAGES * PAGE);
	write_all(go[1], "2", 1);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
}

static void grandchild(void)
{
	CHECK_EQ(area[0], 'b');
	CHECK_EQ(area[PAGE], 'a');
	area[0] = 'c';
	area[PAGE] = 'c';
}

static void child(void)
{
	area[0] = 'b';
	CHECK_CHILD(grandchild);
	CHECK_EQ(area[0], 'b');
	CHECK_EQ(area[PAGE], 'a');
}

static void three_generations_keep_their_own(void)
{
	area = map_pages(2, PROT_READ | PROT_WRITE);
	memset(area, 'a', 2 * PAGE);
	CHECK_CHILD(child);
	CHECK_EQ(area[0], 'a');
	CHECK_EQ(area[PAGE], 'a');
	CHECK_EQ(munmap(area, 2 * PAGE), 0);
}

static void let_the_kernel_write(void)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	write_all(ends[1], "kernel", 6);
	CHECK_EQ(read(ends[0], area + PAGE - 3, 6), 6);
	CHECK_EQ(memcmp(area + PAGE - 3, "kernel", 6), 0);
	CHECK_EQ(area[PAGE + 3], 'a');
}

static void what_the_kernel_writes_for_a_child_is_the_childs(void)
{
	area = map_pages(2, PROT_READ | PROT_WRITE);
	memset(area, 'a', 2 * PAGE);
	CHECK_CHILD(let_the_kernel_write);
	for (size_t i = 0; i < 2 * PAGE; i++)
		CHECK_EQ(area[i], 'a');
	CHECK_EQ(munmap(area, 2 * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(parent_and_child_write_and_see_only_their_own),
		TEST(three_generations_keep_their_own),
		TEST(what_the_kernel_writes_for_a_child_is_the_childs),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
