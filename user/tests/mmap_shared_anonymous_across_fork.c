// SPDX-License-Identifier: MIT
/* modes: all */
/* Shared anonymous memory is one memory for all descendants, touched before the fork or after it.
 */
#include "lib/test.h"

#define PAGES 16

static volatile int *shared;

static volatile int *word(size_t page)
{
	return shared + page * PAGE / sizeof(int);
}

static void grandchild(void)
{
	CHECK_EQ(*word(3), 33);
	*word(4) = 44;
}

static void child(void)
{
	CHECK_EQ(*word(0), 10);
	*word(0) = 20;
	*word(1) = 21; /* first touched here */
	*word(3) = 33;
	CHECK_CHILD(grandchild);
	CHECK_EQ(*word(4), 44);
}

static void everybody_sees_everybodys_writes(void)
{
	shared =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	*word(0) = 10;
	CHECK_EQ(*word(2), 0);
	CHECK_CHILD(child);
	CHECK_EQ(*word(0), 20);
	CHECK_EQ(*word(1), 21);
	CHECK_EQ(*word(2), 0);
	CHECK_EQ(*word(3), 33);
	CHECK_EQ(*word(4), 44);
	CHECK_EQ(munmap((void *)shared, PAGES * PAGE), 0);
}

static void unmap_it(void)
{
	CHECK_EQ(munmap((void *)shared, PAGES * PAGE), 0);
}

static void memory_lives_as_long_as_somebody_maps_it(void)
{
	shared =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (size_t i = 0; i < PAGES; i++)
		*word(i) = (int)i;
	CHECK_CHILD(unmap_it);
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(*word(i), i);
	CHECK_EQ(munmap((void *)shared, PAGES * PAGE), 0);
}

static void giving_shared_pages_back_loses_nothing(void)
{
	shared =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	*word(2) = 5;
	CHECK_EQ(madvise((void *)shared, PAGES * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(*word(2), 5);
	CHECK_EQ(munmap((void *)shared, PAGES * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(everybody_sees_everybodys_writes),
		TEST(memory_lives_as_long_as_somebody_maps_it),
		TEST(giving_shared_pages_back_loses_nothing),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
