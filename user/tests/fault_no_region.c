// SPDX-License-Identifier: MIT
/* Row "any access, no region" of the fault table: SIGSEGV with SEGV_MAPERR. */
#include "lib/test.h"

static void check_unmapped(const void *address)
{
	static const enum touch all[] = { TOUCH_READ, TOUCH_WRITE, TOUCH_CALL };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		int code = 0;
		CHECK_EQ(touch_signal(address, all[i], &code), SIGSEGV);
		CHECK_EQ(code, SEGV_MAPERR);
	}
}

static void null_is_unmapped(void)
{
	check_unmapped((void *)0);
	check_unmapped((void *)0x800);
}

static void unmapped_memory_is_gone(void)
{
	char *p = map_pages(3, PROT_READ | PROT_WRITE);
	memset(p, 1, 3 * PAGE);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	check_unmapped(p + PAGE);
	CHECK_EQ(p[PAGE - 1], 1);
	CHECK_EQ(p[2 * PAGE], 1);
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(null_is_unmapped),
		TEST(unmapped_memory_is_gone),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
