// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* MADV_DONTNEED gives pages back at once: memory is zero again, files are read again; neighbours
 * stay. */
#include "lib/test.h"

static char *p;

static void memory_is_zero_again(void)
{
	p = map_pages(4, PROT_READ | PROT_WRITE);
	memset(p, 9, 4 * PAGE);
	CHECK_EQ(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[PAGE - 1], 9);
	for (size_t i = PAGE; i < 3 * PAGE; i++)
		CHECK_EQ(p[i], 0);
	CHECK_EQ(p[3 * PAGE], 9);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

static void child_gives_back(void)
{
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(*p, 0);
	*p = 2;
}

static void what_a_child_gives_back_its_parent_keeps(void)
{
	p = map_pages(1, PROT_READ | PROT_WRITE);
	*p = 1;
	CHECK_CHILD(child_gives_back);
	CHECK_EQ(*p, 1);
	CHECK_EQ(munmap(p, PAGE), 0);
}

static void errors(void)
{
	p = map_pages(3, PROT_READ | PROT_WRITE);
	CHECK_ERRNO(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_ERRNO(madvise(p, PAGE, 9999), EINVAL);
	CHECK_EQ(madvise(p, 0, MADV_DONTNEED), 0);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	p[2 * PAGE] = 5;
	CHECK_ERRNO(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(p[2 * PAGE], 0); /* done all the same, around the hole */
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

static void other_advice_changes_nothing(void)
{
	static const int advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED };
	p = map_pages(1, PROT_READ | PROT_WRITE);
	*p = 1;
	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		CHECK_EQ(madvise(p, PAGE, advice[i]), 0);
	CHECK_EQ(*p, 1);
	CHECK_EQ(munmap(p, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(memory_is_zero_again),
		TEST(what_a_child_gives_back_its_parent_keeps),
		TEST(errors),
		TEST(other_advice_changes_nothing),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
