// SPDX-License-Identifier: MIT
/* Descriptors are names of open files: what belongs to the one, and what to the other. */
#include "lib/test.h"

static void copies_share_offset_and_flags_but_not_the_mark(void)
{
	const int fd = make_file("f", 100);
	const int copy = dup(fd);
	CHECK(copy > fd);
	CHECK_EQ(lseek(fd, 10, SEEK_SET), 10);
	CHECK_EQ(lseek(copy, 0, SEEK_CUR), 10);
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK(fcntl(copy, F_GETFL) & O_APPEND);
	CHECK_EQ(fcntl(copy, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	const int other = open("f", O_RDONLY);
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
	close(fd);
	CHECK_EQ(lseek(copy, 0, SEEK_CUR), 10);
	close(copy), close(other);
}

static void the_lowest_free_number_is_taken(void)
{
	const int a = open("/dev/null", O_RDONLY);
	const int b = dup(a), c = dup(a);
	CHECK(b == a + 1 && c == b + 1);
	close(b);
	CHECK_EQ(dup(a), b);
	CHECK_EQ(fcntl(a, F_DUPFD, 100), 100);
	CHECK_EQ(fcntl(a, F_DUPFD, 100), 101);
	close(a), close(b), close(c), close(100), close(101);
}

static void dup3_replaces_what_was_there(void)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	const int fd = make_file("f", 10);
	CHECK_EQ(dup2(fd, ends[1]), ends[1]); /* which was the last writer */
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_ERRNO(syscall(SYS_dup3, fd, fd, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_dup3, fd, fd + 10, 1), EINVAL);
	CHECK_ERRNO(dup2(200, 100), EBADF);
	CHECK_ERRNO(dup2(200, 200), EBADF);
	CHECK_ERRNO(syscall(SYS_dup3, fd, 1 << 28, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_dup3, fd, -1, 0), EBADF);
	CHECK_ERRNO(dup(-1), EBADF);
	CHECK_ERRNO(close(200), EBADF);
	CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERRNO(fcntl(fd, 9999), EINVAL);
	close(fd), close(ends[0]), close(ends[1]);
}

static void close_range_closes_or_marks(void)
{
	for (int fd = 50; fd < 60; fd++)
		CHECK_EQ(dup2(0, fd), fd);
	CHECK_EQ(syscall(SYS_close_range, 50, 52, 0), 0);
	CHECK_EQ(syscall(SYS_close_range, 55, 57, 4 /* CLOSE_RANGE_CLOEXEC */), 0);
	CHECK_ERRNO(fcntl(50, F_GETFD), EBADF);
	CHECK_ERRNO(fcntl(52, F_GETFD), EBADF);
	CHECK_EQ(fcntl(53, F_GETFD), 0);
	CHECK_EQ(fcntl(55, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(57, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(58, F_GETFD), 0);
	CHECK_ERRNO(syscall(SYS_close_range, 10, 9, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_close_range, 10, 11, 0x100), EINVAL);
	CHECK_EQ(syscall(SYS_close_range, 50, ~0U, 0), 0);
	CHECK_ERRNO(fcntl(59, F_GETFD), EBADF);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(copies_share_offset_and_flags_but_not_the_mark),
		TEST(the_lowest_free_number_is_taken),
		TEST(dup3_replaces_what_was_there),
		TEST(close_range_closes_or_marks),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
