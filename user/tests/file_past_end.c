// SPDX-License-Identifier: MIT
/* Row "beyond the object's end": SIGBUS; EFAULT when the kernel was to touch it. */
#include "lib/test.h"

static void a_page_behind_the_end_is_a_bus_error(void)
{
	const int fd = make_file("f", PAGE + 10);
	for (int shared = 0; shared < 2; shared++) {
		char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			       shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
		CHECK(p != MAP_FAILED);
		int code = 0;
		CHECK_EQ(touch_signal(p + PAGE + 11, TOUCH_READ, NULL), 0);
		CHECK_EQ(touch_signal(p + 2 * PAGE, TOUCH_READ, &code), SIGBUS);
		CHECK_EQ(code, BUS_ADRERR);
		CHECK_EQ(touch_signal(p + 3 * PAGE, TOUCH_WRITE, &code), SIGBUS);
		CHECK_EQ(code, BUS_ADRERR);
		CHECK_EQ(munmap(p, 4 * PAGE), 0);
	}
	close(fd);
}

static void the_page_is_there_once_the_file_has_grown(void)
{
	const int fd = make_file("f", 10);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(touch_signal(p + PAGE, TOUCH_READ, NULL), SIGBUS);
	CHECK_EQ(pwrite(fd, "x", 1, PAGE), 1);
	CHECK_EQ(p[PAGE], 'x');
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

static void for_the_kernel_it_is_a_bad_address(void)
{
	const int fd = make_file("f", 10);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	CHECK_ERRNO(write(ends[1], p + PAGE, 10), EFAULT);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_page_behind_the_end_is_a_bus_error),
		TEST(the_page_is_there_once_the_file_has_grown),
		TEST(for_the_kernel_it_is_a_bad_address),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
