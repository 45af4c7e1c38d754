// SPDX-License-Identifier: MIT
/* Row "page not in memory": what a program sees of it is that a page given back comes again from
 * its file. */
#include "lib/test.h"

static void a_page_given_back_comes_from_the_file(void)
{
	const int fd = make_file("f", 4 * PAGE);
	unsigned char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 200;
	p[PAGE] = 200;
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(p[PAGE], 200);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	close(fd);
}

static void holes_are_zeros_and_can_be_filled_through_a_mapping(void)
{
	const int fd = open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 64 * PAGE), 0);
	unsigned char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ(p[i * PAGE], 0);
	p[63 * PAGE] = 9;
	unsigned char byte = 0;
	CHECK_EQ(pread(fd, &byte, 1, 63 * PAGE), 1);
	CHECK_EQ(byte, 9);
	CHECK_EQ(munmap(p, 64 * PAGE), 0);
	close(fd);
}

static void the_kernel_faults_a_page_in_as_a_program_does(void)
{
	const int in = make_file("in", 2 * PAGE);
	const int out = make_file("out", 0);
	unsigned char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, in, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(write(out, p + 10, 2 * PAGE - 10), 2 * PAGE - 10);
	unsigned char byte = 0;
	CHECK_EQ(pread(out, &byte, 1, PAGE), 1);
	CHECK_EQ(byte, (PAGE + 10) % 251);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(in);
	close(out);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_page_given_back_comes_from_the_file),
		TEST(holes_are_zeros_and_can_be_filled_through_a_mapping),
		TEST(the_kernel_faults_a_page_in_as_a_program_does),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
