// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* A file that is executed is not written, and one that is open for writing is not executed. */
#include "lib/test.h"

/* The copy of this program that the cases run. */
#define COPY "./copy"

static void make_copy(void)
{
	const int from = open(TEST_SELF, O_RDONLY);
	const int to = open(COPY, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	CHECK(from >= 0 && to >= 0);
	char buf[PAGE];
	for (ssize_t n; (n = read(from, buf, sizeof(buf))) > 0;)
		write_all(to, buf, (size_t)n);
	close(from);
	close(to);
}

/* Start the copy, which waits until its standard input ends. Returns: its id; *@end to close. */
static pid_t start_copy(int *end)
{
	int in[2], out[2];
	CHECK_EQ(pipe2(in, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(COPY, test_name, "wait", (char *)NULL);
		_exit(errno);
	}
	close(in[0]);
	close(out[1]);
	char c;
	CHECK_EQ(read(out[0], &c, 1), 1); /* it runs */
	close(out[0]);
	*end = in[1];
	return pid;
}

static void a_running_program_is_not_written(void)
{
	int end;
	make_copy();
	const pid_t pid = start_copy(&end);
	CHECK_ERRNO(open(COPY, O_WRONLY), ETXTBSY);
	CHECK_ERRNO(open(COPY, O_RDWR), ETXTBSY);
	CHECK_ERRNO(open(COPY, O_RDONLY | O_TRUNC), ETXTBSY);
	CHECK_ERRNO(truncate(COPY, 0), ETXTBSY);
	const int fd = open(COPY, O_RDONLY);
	CHECK(fd >= 0);
	close(fd);
	close(end);
	CHECK_EXITED(wait_for(pid), 0);
	const int after = open(COPY, O_WRONLY);
	CHECK(after >= 0);
	close(after);
}

static void nor_by_another_name(void)
{
	int end;
	make_copy();
	const pid_t pid = start_copy(&end);
	CHECK_EQ(rename(COPY, "other"), 0);
	CHECK_ERRNO(open("other", O_WRONLY), ETXTBSY);
	CHECK_EQ(unlink("other"), 0);
	make_copy(); /* another file of that name */
	close(end);
	CHECK_EXITED(wait_for(pid), 0);
}

static void what_is_open_for_writing_is_not_executed(void)
{
	make_copy();
	const int fd = open(COPY, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_ERRNO(execl(COPY, test_name, "wait", (char *)NULL), ETXTBSY);
	close(fd);
	int end;
	const pid_t pid = start_copy(&end);
	close(end);
	CHECK_EXITED(wait_for(pid), 0);
}

static void a_failed_exec_leaves_the_file_writable(void)
{
	const int fd = open("bad", O_WRONLY | O_CREAT, 0700);
	CHECK(fd >= 0);
	write_all(fd, "\177ELFbad", 7);
	close(fd);
	CHECK_ERRNO(execl("./bad", "bad", (char *)NULL), ENOEXEC);
	const int again = open("bad", O_WRONLY);
	CHECK(again >= 0);
	close(again);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_running_program_is_not_written),
		TEST(nor_by_another_name),
		TEST(what_is_open_for_writing_is_not_executed),
		TEST(a_failed_exec_leaves_the_file_writable),
	};
	if (argc > 1 && strcmp(argv[1], "wait") == 0) {
		char c = '.';
		const bool is_told = write(STDOUT_FILENO, &c, 1) == 1;
		return is_told && read(STDIN_FILENO, &c, 1) == 0 ? 0 : 1;
	}
	return test_run(cases, ARRAY_SIZE(cases));
}
