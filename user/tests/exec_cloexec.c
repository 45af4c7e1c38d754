// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* A new program has the descriptors that are not marked close-on-exec, at their numbers and
 * offsets. */
#include "lib/test.h"

enum { KEPT = 40, MARKED, DUPPED, UNMARKED, PIPED };

static void only_unmarked_descriptors_survive(void)
{
	const int fd = make_file("f", 100);
	CHECK_EQ(lseek(fd, 33, SEEK_SET), 33);
	CHECK_EQ(dup2(fd, KEPT), KEPT);
	CHECK_EQ(dup3(fd, MARKED, O_CLOEXEC), MARKED);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, DUPPED), DUPPED);
	CHECK_EQ(dup3(fd, UNMARKED, O_CLOEXEC), UNMARKED);
	CHECK_EQ(fcntl(UNMARKED, F_SETFD, 0), 0);
	int ends[2];
	CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
	CHECK_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup2(ends[1], PIPED), PIPED); /* dup2 clears the mark */
	CHECK_EXITED(run_self("look"), 0);
	CHECK_EQ(fcntl(MARKED, F_GETFD), FD_CLOEXEC); /* ours is still there */
	close(ends[1]);
	close(PIPED);
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	CHECK_EQ(read(ends[0], &byte, 1), 0);
}

static int look(void)
{
	CHECK_EQ(fcntl(KEPT, F_GETFD), 0);
	CHECK_EQ(lseek(KEPT, 0, SEEK_CUR), 33);
	CHECK_EQ(fcntl(UNMARKED, F_GETFD), 0);
	CHECK_ERRNO(fcntl(MARKED, F_GETFD), EBADF);
	CHECK_ERRNO(fcntl(DUPPED, F_GETFD), EBADF);
	CHECK_EQ(write(PIPED, "x", 1), 1);
	return 0;
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(only_unmarked_descriptors_survive) };
	return argc > 1 ? look() : test_run(cases, ARRAY_SIZE(cases));
}
