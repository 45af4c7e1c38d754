// SPDX-License-Identifier: MIT
/* Row "anonymous, no leaf": a frame of zeros, whatever was in it before, for each page and each
 * mapping. */
#include "lib/test.h"

#define PAGES 64

static bool is_zero(const char *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void reading_first_gives_zeros(void)
{
	char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
	CHECK(is_zero(p, PAGES * PAGE));
	CHECK_EQ(munmap(p, PAGES * PAGE), 0);
}

static void writing_first_gives_zeros_around(void)
{
	char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < PAGES; i++)
		p[i * PAGE + 100] = 1;
	for (size_t i = 0; i < PAGES; i++) {
		CHECK(is_zero(p + i * PAGE, 100));
		CHECK_EQ(p[i * PAGE + 100], 1);
		CHECK(is_zero(p + i * PAGE + 101, PAGE - 101));
	}
	CHECK_EQ(munmap(p, PAGES * PAGE), 0);
}

static void used_frames_come_back_as_zeros(void)
{
	for (int round = 0; round < 8; round++) {
		char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
		CHECK(is_zero(p, PAGES * PAGE));
		memset(p, 0x5a, PAGES * PAGE);
		CHECK_EQ(munmap(p, PAGES * PAGE), 0);
	}
}

static void a_write_after_a_read_is_seen_by_nobody_else(void)
{
	char *a = map_pages(2, PROT_READ | PROT_WRITE);
	char *b = map_pages(2, PROT_READ | PROT_WRITE);
	CHECK(is_zero(a, 2 * PAGE));
	CHECK(is_zero(b, 2 * PAGE));
	memset(a, 1, PAGE);
	CHECK(is_zero(a + PAGE, PAGE));
	CHECK(is_zero(b, 2 * PAGE));
	CHECK_EQ(munmap(a, 2 * PAGE), 0);
	CHECK_EQ(munmap(b, 2 * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(reading_first_gives_zeros),
		TEST(writing_first_gives_zeros_around),
		TEST(used_frames_come_back_as_zeros),
		TEST(a_write_after_a_read_is_seen_by_nobody_else),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
