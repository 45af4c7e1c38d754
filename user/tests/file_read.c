// SPDX-License-Identifier: MIT
/* Row "read of a file's mapping": the file's bytes, zeros after its end in the last page. */
#include "lib/test.h"

#define SIZE (5 * PAGE + 100)

static void check_contents(const unsigned char *p)
{
	for (size_t i = 0; i < SIZE; i++)
		CHECK_EQ(p[i], i % 251);
	for (size_t i = SIZE; i < 6 * PAGE; i++)
		CHECK_EQ(p[i], 0);
}

static void mappings_show_the_file(void)
{
	const int fd = make_file("f", SIZE);
	unsigned char *a = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned char *b = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(a != MAP_FAILED);
	CHECK(b != MAP_FAILED);
	close(fd); /* a mapping holds the file itself */
	check_contents(a);
	check_contents(b);
	CHECK_EQ(unlink("f"), 0);
	check_contents(a);
	CHECK_EQ(munmap(a, SIZE), 0);
	CHECK_EQ(munmap(b, SIZE), 0);
}

static void offset_chooses_the_page(void)
{
	const int fd = make_file("f", SIZE);
	for (size_t page = 0; page < 6; page++) {
		unsigned char *p =
			mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)(page * PAGE));
		CHECK(p != MAP_FAILED);
		CHECK_EQ(p[3], (page * PAGE + 3) % 251);
		CHECK_EQ(munmap(p, PAGE), 0);
	}
	close(fd);
}

static void a_private_page_not_yet_copied_shows_later_writes(void)
{
	const int fd = make_file("f", PAGE);
	unsigned char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[10], 10);
	CHECK_EQ(pwrite(fd, "W", 1, 10), 1);
	CHECK_EQ(p[10], 'W');
	CHECK_EQ(munmap(p, PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(mappings_show_the_file),
		TEST(offset_chooses_the_page),
		TEST(a_private_page_not_yet_copied_shows_later_writes),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
