// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* RLIMIT_FSIZE: a write up to the limit is cut, one behind it fails and brings SIGXFSZ. */
#include "lib/test.h"

#include <sys/resource.h>
#include <sys/uio.h>

#define LIMIT 1000

static volatile sig_atomic_t signals;

static void count(int signal_number)
{
	signals++;
}

static int limited_file(void)
{
	const int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	handle(SIGXFSZ, count, 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ LIMIT, RLIM_INFINITY }), 0);
	return fd;
}

static void write_in_child(void)
{
	const int fd = limited_file();
	static const char bytes[LIMIT + 100];
	CHECK_EQ(write(fd, bytes, sizeof(bytes)), LIMIT);
	CHECK_EQ(signals, 0);
	CHECK_ERRNO(write(fd, bytes, 1), EFBIG);
	CHECK_EQ(signals, 1);
	CHECK_ERRNO(pwrite(fd, bytes, 1, LIMIT), EFBIG);
	CHECK_EQ(signals, 2);
	CHECK_EQ(pwrite(fd, bytes, 10, LIMIT - 1), 1);
	const struct iovec parts[] = { { (void *)bytes, 6 }, { (void *)bytes, 6 } };
	CHECK_EQ(pwritev(fd, parts, 2, LIMIT - 9), 9);
	CHECK_ERRNO(pwritev(fd, parts, 2, LIMIT), EFBIG);
	CHECK_EQ(signals, 3);
	CHECK_EQ(write(fd, bytes, 0), 0);
	CHECK_EQ(signals, 3);
}

static void a_write_ends_at_the_limit(void)
{
	CHECK_CHILD(write_in_child);
}

static void grow_in_child(void)
{
	const int fd = limited_file();
	CHECK_EQ(ftruncate(fd, LIMIT), 0);
	CHECK_ERRNO(ftruncate(fd, LIMIT + 1), EFBIG);
	CHECK_ERRNO(truncate("f", LIMIT + 1), EFBIG);
	CHECK_ERRNO(fallocate(fd, 0, 0, LIMIT + 1), EFBIG);
	CHECK_EQ(signals, 3);
	CHECK_EQ(lseek(fd, 0, SEEK_END), LIMIT);
}

static void a_file_does_not_grow_past_it(void)
{
	CHECK_CHILD(grow_in_child);
}

static void long_file_in_child(void)
{
	const int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK_EQ(ftruncate(fd, 3 * LIMIT), 0);
	handle(SIGXFSZ, count, 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ LIMIT, RLIM_INFINITY }), 0);
	CHECK_EQ(ftruncate(fd, 2 * LIMIT), 0); /* shorter is always allowed */
	CHECK_ERRNO(pwrite(fd, "x", 1, LIMIT), EFBIG);
	CHECK_EQ(signals, 1);
}

static void a_longer_file_may_become_shorter(void)
{
	CHECK_CHILD(long_file_in_child);
}

static void die_in_child(void)
{
	const int fd = limited_file();
	handle(SIGXFSZ, SIG_DFL, 0);
	(void)pwrite(fd, "x", 1, LIMIT);
}

static void the_signal_kills(void)
{
	CHECK_KILLED(run_in_child(die_in_child), SIGXFSZ);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_write_ends_at_the_limit),
		TEST(a_file_does_not_grow_past_it),
		TEST(a_longer_file_may_become_shorter),
		TEST(the_signal_kills),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
