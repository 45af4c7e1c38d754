// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: a copy stops short, as Linux allows it */
/* copy_file_range: which bytes, from where to where, and what is refused. */
#include "lib/test.h"

#include <sys/resource.h>

#define SIZE 100000

static ssize_t copy(int in, off_t *in_at, int out, off_t *out_at, size_t count)
{
	return syscall(SYS_copy_file_range, in, in_at, out, out_at, count, 0);
}

static void check_bytes(int fd, off_t from, size_t count, unsigned int first)
{
	static unsigned char bytes[SIZE];
	CHECK_EQ(pread(fd, bytes, count, from), count);
	for (size_t i = 0; i < count; i++)
		CHECK_EQ(bytes[i], (first + i) % 251);
}

static int empty_file(const char *name)
{
	const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	return fd;
}

static void offsets_are_the_callers_or_the_files(void)
{
	const int in = make_file("in", SIZE), out = empty_file("out");
	off_t from = 1000, to = 50;
	CHECK_EQ(lseek(in, 10, SEEK_SET), 10);
	CHECK_EQ(copy(in, &from, out, &to, 70000), 70000);
	CHECK(from == 71000 && to == 70050);
	CHECK(lseek(in, 0, SEEK_CUR) == 10 && lseek(out, 0, SEEK_CUR) == 0);
	check_bytes(out, 50, 70000, 1000);
	CHECK_EQ(copy(in, NULL, out, NULL, 20), 20);
	CHECK(lseek(in, 0, SEEK_CUR) == 30 && lseek(out, 0, SEEK_CUR) == 20);
	check_bytes(out, 0, 20, 10);
	/* The rest, and nothing behind it. */
	from = SIZE - 5;
	CHECK_EQ(copy(in, &from, out, NULL, 100), 5);
	CHECK_EQ(copy(in, &from, out, NULL, 100), 0);
	CHECK_EQ(copy(in, NULL, out, NULL, 0), 0);
	close(in), close(out);
}

static void a_file_may_be_copied_into_itself(void)
{
	const int fd = make_file("self", 1000);
	off_t from = 0, to = 1000;
	CHECK_EQ(copy(fd, &from, fd, &to, 1000), 1000);
	check_bytes(fd, 1000, 1000, 0);
	from = 0, to = 500;
	CHECK_ERRNO(copy(fd, &from, fd, &to, 1000), EINVAL);
	close(fd);
}

static void what_cannot_be_copied_is_refused(void)
{
	const int in = make_file("in", 100), out = empty_file("out");
	const int reader = open("out", O_RDONLY), writer = open("in", O_WRONLY);
	const int appender = open("out", O_WRONLY | O_APPEND);
	const int dir = open(".", O_RDONLY);
	const int proc = open("/proc/self/comm", O_RDONLY);
	int ends[2];
	off_t bad = -1, huge = INT64_MAX;
	CHECK_EQ(pipe(ends), 0);
	CHECK_ERRNO(copy(-1, NULL, out, NULL, 1), EBADF);
	CHECK_ERRNO(copy(writer, NULL, out, NULL, 1), EBADF);
	CHECK_ERRNO(copy(in, NULL, reader, NULL, 1), EBADF);
	CHECK_ERRNO(copy(in, NULL, appender, NULL, 1), EBADF);
	CHECK_ERRNO(copy(dir, NULL, out, NULL, 1), EISDIR);
	CHECK_ERRNO(copy(in, NULL, dir, NULL, 1), EISDIR);
	CHECK_ERRNO(copy(ends[0], NULL, out, NULL, 1), EINVAL);
	CHECK_ERRNO(copy(in, NULL, ends[1], NULL, 1), EINVAL);
	CHECK_ERRNO(copy(proc, NULL, out, NULL, 1), EXDEV);
	CHECK_ERRNO(syscall(SYS_copy_file_range, in, NULL, out, NULL, 1, 1), EINVAL);
	CHECK_ERRNO(copy(in, (off_t *)8, out, NULL, 1), EFAULT);
	CHECK_ERRNO(copy(in, &bad, out, NULL, 1), EOVERFLOW);
	bad = -100;
	CHECK_ERRNO(copy(in, NULL, out, &bad, 1), EINVAL);
	CHECK_EQ(copy(in, &huge, out, NULL, 1), 0);
	close(in), close(out), close(reader), close(writer), close(appender), close(dir),
		close(proc);
	close(ends[0]), close(ends[1]);
}

static volatile sig_atomic_t came;

static void on_signal(int sig)
{
	(void)sig;
	came++;
}

static void copy_over_the_limit(void)
{
	const int in = make_file("in", 100), out = empty_file("out");
	handle(SIGXFSZ, on_signal, 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 60, 60 }), 0);
	CHECK_EQ(copy(in, NULL, out, NULL, 100), 60);
	CHECK_EQ(came, 0);
	CHECK_ERRNO(copy(in, NULL, out, NULL, 40), EFBIG);
	CHECK_EQ(came, 1);
}

static void the_size_limit_holds(void)
{
	CHECK_CHILD(copy_over_the_limit);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(offsets_are_the_callers_or_the_files),
		TEST(a_file_may_be_copied_into_itself),
		TEST(what_cannot_be_copied_is_refused),
		TEST(the_size_limit_holds),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
