// SPDX-License-Identifier: MIT
/* munmap takes exactly what it is told, across mappings and holes. */
#include "lib/test.h"

#define PAGES 8

static void check_present(const char *p, unsigned present)
{
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(touch_signal(p + i * PAGE, TOUCH_READ, NULL),
			 present >> i & 1 ? 0 : SIGSEGV);
}

static void beginning_middle_and_end_can_go(void)
{
	char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
	memset(p, 1, PAGES * PAGE);
	check_present(p, 0xff);
	CHECK_EQ(munmap(p + 3 * PAGE, 2 * PAGE), 0);
	check_present(p, 0xe7);
	CHECK_EQ(munmap(p, PAGE), 0);
	check_present(p, 0xe6);
	CHECK_EQ(munmap(p + 7 * PAGE, 1), 0); /* rounded up to a page */
	check_present(p, 0x66);
	for (size_t i = 0; i < PAGES; i++)
		if (0x66 >> i & 1)
			CHECK_EQ(p[i * PAGE], 1);
	CHECK_EQ(munmap(p, PAGES * PAGE), 0); /* holes and all */
	check_present(p, 0);
}

static void many_holes_leave_many_pages(void)
{
	enum { MANY = 200 };
	char *p = map_pages(MANY, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < MANY; i++)
		p[i * PAGE] = (char)i;
	for (size_t i = 0; i < MANY; i += 2)
		CHECK_EQ(munmap(p + i * PAGE, PAGE), 0);
	for (size_t i = 1; i < MANY; i += 2)
		CHECK_EQ(p[i * PAGE], (char)i);
	for (size_t i = 0; i < MANY; i += 2)
		CHECK_EQ(mmap(p + i * PAGE, PAGE, PROT_READ,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
			 p + i * PAGE);
	for (size_t i = 0; i < MANY; i++)
		CHECK_EQ(p[i * PAGE], (char)(i % 2 == 0 ? 0 : i));
	CHECK_EQ(munmap(p, MANY * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(beginning_middle_and_end_can_go),
		TEST(many_holes_leave_many_pages),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
