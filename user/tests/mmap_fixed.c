// SPDX-License-Identifier: MIT
/* MAP_FIXED replaces what is there, but only after every check has been passed. */
#include "lib/test.h"

static const int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

static void mmap_fixed_replaces(void)
{
	char *p = map_pages(5, PROT_READ | PROT_WRITE);
	memset(p, 1, 5 * PAGE);
	CHECK_EQ(mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0), p + PAGE);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[3 * PAGE - 1], 0);
	CHECK_EQ(p[3 * PAGE], 1);
	const int fd = make_file("f", PAGE);
	CHECK_EQ(mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), p);
	CHECK_EQ(p[3], 3);
	CHECK_EQ(touch_signal(p, TOUCH_WRITE, NULL), SIGSEGV);
	CHECK_EQ(munmap(p, 5 * PAGE), 0);
	close(fd);
}

static void replacing_over_a_hole_fills_it(void)
{
	char *p = map_pages(6, PROT_READ | PROT_WRITE);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_EQ(munmap(p + 3 * PAGE, PAGE), 0);
	CHECK_EQ(mmap(p, 6 * PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0), p);
	memset(p, 1, 6 * PAGE);
	CHECK_EQ(munmap(p, 6 * PAGE), 0);
}

static void mmap_fixed_checks_first(void)
{
	char *p = map_pages(2, PROT_READ | PROT_WRITE);
	memset(p, 5, 2 * PAGE);
	close(make_file("f", PAGE));
	const int reader = open("f", O_RDONLY);
	const int writer = open("f", O_WRONLY);
	CHECK(reader >= 0 && writer >= 0);
	CHECK_ERRNO(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0), EBADF);
	CHECK_ERRNO(mmap(p, PAGE, PROT_WRITE, MAP_SHARED | MAP_FIXED, reader, 0), EACCES);
	CHECK_ERRNO(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, writer, 0), EACCES);
	CHECK_ERRNO(mmap(p, 1UL << 62, PROT_READ, fixed, -1, 0), ENOMEM);
	CHECK_ERRNO(mmap(p, 0, PROT_READ, fixed, -1, 0), EINVAL);
	CHECK_ERRNO(mmap(p + 1, PAGE, PROT_READ, fixed, -1, 0), EINVAL);
	for (size_t i = 0; i < 2 * PAGE; i++)
		CHECK_EQ(p[i], 5);
	p[0] = 6;
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(reader), close(writer);
}

static void a_hint_is_taken_where_there_is_room(void)
{
	char *p = map_pages(4, PROT_READ);
	CHECK_EQ(munmap(p + PAGE, 2 * PAGE), 0);
	char *q = mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(q, p + PAGE);
	char *r = mmap(p + PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(r != MAP_FAILED && r != p + PAGE);
	CHECK_EQ(munmap(r, 2 * PAGE), 0);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(mmap_fixed_replaces),
		TEST(replacing_over_a_hole_fills_it),
		TEST(mmap_fixed_checks_first),
		TEST(a_hint_is_taken_where_there_is_room),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
