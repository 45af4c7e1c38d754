// SPDX-License-Identifier: MIT
/* Untouched memory that is read, then written: by programs, by the kernel, across fork, from
 * /dev/zero. */
#include "lib/test.h"

static char *p, *q;

static void child_writes_the_zero_page(void)
{
	CHECK_EQ(p[0], 0);
	p[0] = 1;
	CHECK_EQ(p[0], 1);
	CHECK_EQ(q[0], 0);
	memset(q, 2, PAGE);
}

static void zero_pages_are_not_shared_once_written(void)
{
	p = map_pages(1, PROT_READ | PROT_WRITE);
	q = map_pages(1, PROT_READ | PROT_WRITE);
	CHECK_EQ(p[0], 0);
	CHECK_CHILD(child_writes_the_zero_page);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(q[0], 0);
	q[0] = 3;
	CHECK_EQ(p[0], 0);
	char *r = map_pages(1, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < PAGE; i++)
		CHECK_EQ(r[i], 0);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(munmap(q, PAGE), 0);
	CHECK_EQ(munmap(r, PAGE), 0);
}

static void the_kernel_may_read_and_fill_untouched_memory(void)
{
	p = map_pages(2, PROT_READ | PROT_WRITE);
	const int fd = make_file("f", 0);
	CHECK_EQ(write(fd, p, PAGE), PAGE); /* zeros, from the zero page */
	CHECK_EQ(pwrite(fd, "abc", 3, 100), 3);
	CHECK_EQ(pread(fd, p + 50, PAGE, 0), PAGE);
	CHECK_EQ(p[49], 0);
	CHECK_EQ(memcmp(p + 150, "abc", 3), 0);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

static void dev_zero_maps_as_memory(void)
{
	const int fd = open("/dev/zero", O_RDWR);
	CHECK(fd >= 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[5], 0);
	p[5] = 5;
	q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(q != MAP_FAILED);
	CHECK_EQ(q[5], 0);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	CHECK_EQ(munmap(q, 2 * PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(zero_pages_are_not_shared_once_written),
		TEST(the_kernel_may_read_and_fill_untouched_memory),
		TEST(dev_zero_maps_as_memory),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
