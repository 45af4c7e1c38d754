// SPDX-License-Identifier: MIT
/* Address space is not memory: 16 GiB may be mapped, touched here and there, forked and unmapped.
 */
#include "lib/test.h"

#define GIB  (1UL << 30)
#define SIZE (16 * GIB)

static char *p;

static void child(void)
{
	for (size_t at = 0; at < SIZE; at += GIB) {
		CHECK_EQ(p[at], (char)(at / GIB + 1));
		p[at] = 0;
		CHECK_EQ(p[at + GIB / 2], 0);
	}
}

static void sixteen_gigabytes_are_touched_sparsely(void)
{
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	CHECK(p != MAP_FAILED);
	for (size_t at = 0; at < SIZE; at += GIB)
		p[at] = (char)(at / GIB + 1);
	CHECK_CHILD(child);
	for (size_t at = 0; at < SIZE; at += GIB)
		CHECK_EQ(p[at], (char)(at / GIB + 1));
	CHECK_EQ(munmap(p + GIB, SIZE - 2 * GIB), 0);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[SIZE - GIB], 16);
	CHECK_EQ(munmap(p, SIZE), 0);
}

static void reserved_space_is_opened_piece_by_piece(void)
{
	p = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(touch_signal(p + 5 * GIB, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(mprotect(p + 5 * GIB, 4 * PAGE, PROT_READ | PROT_WRITE), 0);
	p[5 * GIB] = 1;
	CHECK_EQ(touch_signal(p + 5 * GIB - 1, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(touch_signal(p + 5 * GIB + 4 * PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(munmap(p, SIZE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(sixteen_gigabytes_are_touched_sparsely),
		TEST(reserved_space_is_opened_piece_by_piece),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
