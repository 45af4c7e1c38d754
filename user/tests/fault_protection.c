// SPDX-License-Identifier: MIT
/* Row "not allowed by the region": SIGSEGV with SEGV_ACCERR, and never taken for copy-on-write. */
#include "lib/test.h"

static const char constant[PAGE] __attribute__((aligned(4096))) = "constant";

static void check_refused(const void *address, enum touch how)
{
	int code = 0;
	CHECK_EQ(touch_signal(address, how, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
}

static void writing_read_only_memory_is_refused(void)
{
	char *p = map_pages(1, PROT_READ);
	check_refused(p, TOUCH_WRITE); /* never touched */
	CHECK_EQ(*(volatile char *)p, 0);
	check_refused(p, TOUCH_WRITE); /* the zero page is there */
	CHECK_EQ(munmap(p, PAGE), 0);
}

static void writing_what_fork_shares_and_mprotect_forbade_is_refused(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	*p = 7;
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	check_refused(p, TOUCH_WRITE);
	CHECK_EQ(*p, 7);
	CHECK_EQ(munmap(p, PAGE), 0);
}

static void protected_memory_can_be_neither_read_nor_written_nor_called(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	*p = 7;
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	check_refused(p, TOUCH_READ);
	check_refused(p, TOUCH_WRITE);
	check_refused(p, TOUCH_CALL);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_EQ(*p, 7);
	CHECK_EQ(munmap(p, PAGE), 0);
}

static void data_cannot_be_called(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	memset(p, 0, PAGE);
	check_refused(p, TOUCH_CALL);
	CHECK_EQ(munmap(p, PAGE), 0);
}

static void text_and_constants_cannot_be_written(void)
{
	check_refused((const void *)(uintptr_t)test_main, TOUCH_WRITE);
	check_refused(constant, TOUCH_WRITE);
	CHECK_STR(constant, "constant");
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(writing_read_only_memory_is_refused),
		TEST(writing_what_fork_shares_and_mprotect_forbade_is_refused),
		TEST(protected_memory_can_be_neither_read_nor_written_nor_called),
		TEST(data_cannot_be_called),
		TEST(text_and_constants_cannot_be_written),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
