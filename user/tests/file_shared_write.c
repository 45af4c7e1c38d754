// SPDX-License-Identifier: MIT
/* Row "write to a shared file mapping": the file changes, for everybody who maps or reads it. */
#include "lib/test.h"

static unsigned char *p;

static void child_writes(void)
{
	p[1] = 222;
	p[PAGE] = 223;
}

static void the_file_changes(void)
{
	const int fd = make_file("f", 2 * PAGE);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[0], 0);
	p[0] = 221; /* read first, then written */
	CHECK_CHILD(child_writes);
	CHECK_EQ(p[1], 222);
	CHECK_EQ(p[PAGE], 223);
	unsigned char buffer[2 * PAGE];
	CHECK_EQ(pread(fd, buffer, sizeof(buffer), 0), sizeof(buffer));
	CHECK_EQ(memcmp(buffer, p, sizeof(buffer)), 0);
	CHECK_EQ(msync(p, 2 * PAGE, MS_SYNC), 0);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	CHECK_EQ(pread(fd, buffer, 2, 0), 2);
	CHECK_EQ(buffer[0], 221);
	CHECK_EQ(buffer[1], 222);
	close(fd);
}

static void two_mappings_are_one_memory(void)
{
	const int fd = make_file("f", PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED && p != q);
	p[5] = 99;
	CHECK_EQ(q[5], 99);
	q[6] = 98;
	CHECK_EQ(p[6], 98);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(q[5], 99);
	CHECK_EQ(munmap(q, PAGE), 0);
	close(fd);
}

static void what_lies_behind_the_end_stays_out_of_the_file(void)
{
	const int fd = make_file("f", 100);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	p[99] = 1;
	struct stat st;
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 100);
	CHECK_EQ(munmap(p, PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_file_changes),
		TEST(two_mappings_are_one_memory),
		TEST(what_lies_behind_the_end_stays_out_of_the_file),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
