// SPDX-License-Identifier: MIT
/* fcntl and access modes; what may change after open and what may not; named pipes. */
#include "lib/test.h"

#include <sys/ioctl.h>

static void only_some_flags_change(void)
{
	const int fd = open("f", O_RDWR | O_CREAT | O_TRUNC | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR); /* but for O_LARGEFILE, what made it is
							    forgotten */
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_SETFL, O_WRONLY | O_NONBLOCK | O_APPEND | O_CREAT), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR | O_NONBLOCK | O_APPEND);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR);
	CHECK_EQ(fcntl(fd, F_SETFD, 0), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_ERRNO(fcntl(-1, F_GETFD), EBADF);
	CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, NULL), ENOTTY);
	CHECK_ERRNO(isatty(fd) - 1, ENOTTY);
	close(fd);
}

static void descriptors_obey_their_mode(void)
{
	close(make_file("f", 10));
	char byte;
	int fd = open("f", O_WRONLY);
	CHECK_ERRNO(read(fd, &byte, 1), EBADF);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	fd = open("f", O_RDONLY);
	CHECK_ERRNO(write(fd, "x", 1), EBADF);
	CHECK_EQ(read(fd, &byte, 1), 1);
	close(fd);
}

static void open_for_writing(void)
{
	const int fd = open("fifo", O_WRONLY);
	CHECK(fd >= 0);
	write_all(fd, "through", 7);
}

static void a_named_pipe_brings_two_together(void)
{
	CHECK_EQ(mkfifo("fifo", 0600), 0);
	CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO); /* nobody reads */
	const pid_t pid = start_child(open_for_writing);
	const int fd = open("fifo", O_RDONLY); /* waits for the writer */
	CHECK(fd >= 0);
	char text[8] = { 0 };
	read_all(fd, text, 7);
	CHECK_STR(text, "through");
	CHECK_EQ(read(fd, text, 1), 0);
	CHECK_EXITED(wait_for(pid), 0);
	close(fd);
}

static void bytes_waiting_are_counted(void)
{
	int ends[2], count = -1;
	CHECK_EQ(pipe(ends), 0);
	write_all(ends[1], "12345", 5);
	CHECK_EQ(ioctl(ends[0], FIONREAD, &count), 0);
	CHECK_EQ(count, 5);
	close(ends[0]), close(ends[1]);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(only_some_flags_change),
		TEST(descriptors_obey_their_mode),
		TEST(a_named_pipe_brings_two_together),
		TEST(bytes_waiting_are_counted),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
