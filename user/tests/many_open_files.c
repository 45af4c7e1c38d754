// SPDX-License-Identifier: MIT
/* Many descriptors, and the limit of their number. */
#include "lib/test.h"

#include <sys/resource.h>

static int first_free(void)
{
	const int fd = dup(0);
	CHECK(fd >= 0);
	close(fd);
	return fd;
}

static void hundreds_can_be_open_and_a_child_has_them_too(void)
{
	const int fd = make_file("f", 1000);
	int fds[300];
	for (int i = 0; i < 300; i++) {
		fds[i] = open("f", O_RDONLY);
		CHECK(fds[i] >= 0);
		CHECK_EQ(lseek(fds[i], i, SEEK_SET), i);
	}
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 300; i++)
			CHECK_EQ(lseek(fds[i], 0, SEEK_CUR), i);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	for (int i = 0; i < 300; i++) {
		char byte;
		CHECK_EQ(read(fds[i], &byte, 1), 1);
		CHECK_EQ((unsigned char)byte, i % 251);
		CHECK_EQ(close(fds[i]), 0);
	}
	close(fd);
}

static void prlimit_nofile_is_emfile(void)
{
	struct rlimit old;
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	CHECK(old.rlim_cur >= 256 && old.rlim_max >= old.rlim_cur);
	const int free_fd = first_free();
	const struct rlimit limit = { (rlim_t)free_fd + 2, old.rlim_max };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	const int a = dup(0), b = dup(0);
	CHECK(a >= 0 && b >= 0);
	CHECK_ERRNO(dup(0), EMFILE);
	CHECK_ERRNO(open("/dev/null", O_RDONLY), EMFILE);
	int ends[2];
	close(b);
	CHECK_ERRNO(pipe(ends), EMFILE);
	CHECK_EQ(dup(0), b); /* the failed pipe has left the place free */
	CHECK_ERRNO(dup2(0, free_fd + 2), EBADF);
	CHECK_ERRNO(fcntl(0, F_DUPFD, free_fd + 2), EINVAL);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(a), close(b);
	const struct rlimit wrong = { 10, 5 };
	CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &wrong), EINVAL);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0, 99, NULL, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0x3fffffff, RLIMIT_NOFILE, NULL, &old), ESRCH);
}

static void who_finds_no_number_makes_and_cuts_nothing(void)
{
	struct rlimit old;
	close(make_file("old", 10));
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	const struct rlimit none = { (rlim_t)first_free(), old.rlim_max };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), EMFILE);
	CHECK_ERRNO(open("old", O_TRUNC | O_WRONLY), EMFILE);
	CHECK_ERRNO(open("missing", O_RDONLY), EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	CHECK_ERRNO(access("new", F_OK), ENOENT);
	struct stat st;
	CHECK_EQ(stat("old", &st), 0);
	CHECK_EQ(st.st_size, 10);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(hundreds_can_be_open_and_a_child_has_them_too),
		TEST(prlimit_nofile_is_emfile),
		TEST(who_finds_no_number_makes_and_cuts_nothing),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
