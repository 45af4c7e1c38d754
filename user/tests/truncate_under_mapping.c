// SPDX-License-Identifier: MIT
/* modes: all */
/* A file that shrinks takes its pages from all who map it, also the private copies; growing again
 * gives zeros. */
#include "lib/test.h"

static void lost_pages_are_bus_errors(void)
{
	const int fd = make_file("f", 4 * PAGE);
	char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	for (size_t i = 0; i < 4; i++)
		shared[i * PAGE] = private[i * PAGE] = 7;
	CHECK_EQ(ftruncate(fd, PAGE + 100), 0);
	CHECK_EQ(shared[PAGE], 7);
	CHECK_EQ(private[PAGE], 7);
	CHECK_EQ(shared[PAGE + 100], 0);
	CHECK_EQ(touch_signal(shared + 2 * PAGE, TOUCH_READ, NULL), SIGBUS);
	CHECK_EQ(touch_signal(shared + 3 * PAGE, TOUCH_WRITE, NULL), SIGBUS);
	CHECK_EQ(touch_signal(private + 2 * PAGE, TOUCH_READ, NULL), SIGBUS);
	CHECK_EQ(ftruncate(fd, 4 * PAGE), 0);
	for (size_t i = PAGE + 100; i < 4 * PAGE; i++)
		CHECK_EQ(shared[i], 0);
	CHECK_EQ(munmap(shared, 4 * PAGE), 0);
	CHECK_EQ(munmap(private, 4 * PAGE), 0);
	close(fd);
}

static void a_child_loses_them_too(void)
{
	const int fd = make_file("f", 2 * PAGE);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[PAGE], (char)(PAGE % 251));
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		char byte;
		read_all(ends[0], &byte, 1);
		CHECK_EQ(touch_signal(p + PAGE, TOUCH_READ, NULL), SIGBUS);
		_exit(0);
	}
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	write_all(ends[1], "x", 1);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(lost_pages_are_bus_errors),
		TEST(a_child_loses_them_too),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
