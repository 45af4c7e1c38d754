// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: brk() answers with the old break */
/* brk: memory that grows and shrinks at its end, in bytes; what comes back is zeroed. */
#include "lib/test.h"

static char *set_break(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

static void grown_memory_is_zero_and_usable(void)
{
	char *start = set_break(NULL);
	CHECK_EQ(set_break(start + 10 * PAGE + 5), start + 10 * PAGE + 5);
	for (size_t i = 0; i < 10 * PAGE; i++)
		CHECK_EQ(start[i], 0);
	memset(start, 7, 10 * PAGE);
	CHECK_EQ(set_break(NULL), start + 10 * PAGE + 5);
	CHECK_EQ(set_break(start), start);
}

static void shrunk_memory_is_gone_and_comes_back_as_zeros(void)
{
	char *start = set_break(NULL);
	char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	CHECK_EQ(set_break(page + 4 * PAGE), page + 4 * PAGE);
	memset(page, 7, 4 * PAGE);
	CHECK_EQ(set_break(page + PAGE), page + PAGE);
	CHECK_EQ(page[PAGE - 1], 7);
	CHECK_EQ(touch_signal(page + PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(set_break(page + 4 * PAGE), page + 4 * PAGE);
	CHECK_EQ(page[0], 7);
	for (size_t i = PAGE; i < 4 * PAGE; i++)
		CHECK_EQ(page[i], 0);
	CHECK_EQ(set_break(start), start);
}

static void what_cannot_be_leaves_the_break(void)
{
	char *start = set_break(NULL);
	CHECK_EQ(set_break((char *)PAGE), start);
	CHECK_EQ(set_break((char *)KERNEL_LINEAR_ADDRESS), start);
	CHECK_EQ(set_break((char *)~0UL), start);
	char *block = (char *)(((uintptr_t)start + 16 * PAGE) & ~(PAGE - 1));
	CHECK_EQ(mmap(block, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		      0),
		 block);
	CHECK_EQ(set_break(block + PAGE), start); /* never over a mapping */
	CHECK_EQ(munmap(block, PAGE), 0);
	CHECK_EQ(set_break(block + PAGE), block + PAGE);
	CHECK_EQ(set_break(start), start);
}

static void child_moves(void)
{
	char *start = set_break(NULL);
	CHECK_EQ(set_break(start + 5 * PAGE), start + 5 * PAGE);
}

static void a_child_has_a_break_of_its_own(void)
{
	char *start = set_break(NULL);
	CHECK_CHILD(child_moves);
	CHECK_EQ(set_break(NULL), start);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(grown_memory_is_zero_and_usable),
		TEST(shrunk_memory_is_gone_and_comes_back_as_zeros),
		TEST(what_cannot_be_leaves_the_break),
		TEST(a_child_has_a_break_of_its_own),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
