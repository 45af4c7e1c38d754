// SPDX-License-Identifier: MIT
/* Row "write to a private file mapping": the writer's copy of the page; the file does not change.
 */
#include "lib/test.h"

static unsigned char *p;

static void check_file_untouched(int fd)
{
	unsigned char buffer[PAGE];
	CHECK_EQ(pread(fd, buffer, PAGE, 0), PAGE);
	for (size_t i = 0; i < PAGE; i++)
		CHECK_EQ(buffer[i], i % 251);
}

static void the_file_keeps_its_bytes(void)
{
	const int fd = make_file("f", 2 * PAGE);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 200; /* never read before */
	CHECK_EQ(p[1], 1);
	CHECK_EQ(p[PAGE + 1], (PAGE + 1) % 251); /* read, then written */
	p[PAGE] = 200;
	CHECK_EQ(p[PAGE + 1], (PAGE + 1) % 251);
	check_file_untouched(fd);
	CHECK_EQ(pwrite(fd, "W", 1, 1), 1);
	CHECK_EQ(p[1], 1); /* the copy does not follow the file */
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

static void child_writes(void)
{
	CHECK_EQ(p[0], 200);
	p[0] = 201;
	p[2] = 202;
	p[PAGE] = 203;
}

static void cow_private_file_modified(void)
{
	const int fd = make_file("f", 2 * PAGE);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 200;
	CHECK_CHILD(child_writes);
	CHECK_EQ(p[0], 200);
	CHECK_EQ(p[2], 2);
	CHECK_EQ(p[PAGE], PAGE % 251);
	p[3] = 204; /* the last owner, of a page that is no longer the file's */
	CHECK_EQ(p[0], 200);
	check_file_untouched(fd);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

static void a_read_only_file_can_be_written_privately(void)
{
	close(make_file("f", PAGE));
	const int fd = open("f", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 77;
	check_file_untouched(fd);
	CHECK_EQ(munmap(p, PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_file_keeps_its_bytes),
		TEST(cow_private_file_modified),
		TEST(a_read_only_file_can_be_written_privately),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
