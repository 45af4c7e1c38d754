// SPDX-License-Identifier: MIT
/* /dev: null, zero, full, random, urandom and what they are. */
#include "lib/test.h"

#include <sys/random.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>

static int open_device(const char *name, unsigned minor_number)
{
	const int fd = open(name, O_RDWR);
	CHECK(fd >= 0);
	struct stat st;
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(1, minor_number));
	return fd;
}

static void null_takes_all_and_gives_nothing(void)
{
	const int fd = open_device("/dev/null", 3);
	char byte;
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_EQ(read(fd, &byte, 1), 0);
	close(fd);
}

static void zero_gives_zeros(void)
{
	const int fd = open_device("/dev/zero", 5);
	char block[3 * PAGE];
	memset(block, 1, sizeof(block));
	CHECK_EQ(read(fd, block, sizeof(block)), sizeof(block));
	for (size_t i = 0; i < sizeof(block); i++)
		CHECK_EQ(block[i], 0);
	CHECK_EQ(write(fd, block, 10), 10);
	close(fd);
}

static void full_is_full(void)
{
	const int fd = open_device("/dev/full", 7);
	char byte = 1;
	CHECK_ERRNO(write(fd, "x", 1), ENOSPC);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 0);
	close(fd);
}

static void random_bytes_come_at_once_and_differ(void)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };
	const int fd = open_device("/dev/urandom", 9);
	CHECK_EQ(read(fd, a, sizeof(a)), sizeof(a));
	close(fd);
	CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	CHECK_EQ(getrandom(b, 0, 0), 0);
	CHECK_ERRNO(getrandom(b, 1, 0x100), EINVAL);
	close(open_device("/dev/random", 8));
}

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	alarms++;
}

/* Many seconds' worth: it ends when a signal comes, and tells how much went. */
static void a_long_stir_can_be_interrupted(void)
{
	const size_t part = 1 << 20, parts = 1024;
	char *const zeros = map_pages(part / PAGE, PROT_READ | PROT_WRITE);
	struct iovec *iov = calloc(parts, sizeof(*iov));
	CHECK(iov != NULL);
	for (size_t i = 0; i < parts; i++)
		iov[i] = (struct iovec){ zeros, part };
	const int fd = open("/dev/urandom", O_WRONLY);
	CHECK(fd >= 0);
	handle(SIGALRM, count_alarm, 0);
	/* Again and again: one that comes before the call is lost to it. */
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	const ssize_t n = writev(fd, iov, (int)parts);
	CHECK_EQ(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL), 0);
	CHECK(alarms > 0);
	CHECK(n > 0 && (size_t)n < parts * part);
	CHECK_ERRNO(write(fd, (void *)PAGE, 1), EFAULT);
	close(fd);
	free(iov);
	CHECK_EQ(munmap(zeros, part), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(null_takes_all_and_gives_nothing),
		TEST(zero_gives_zeros),
		TEST(full_is_full),
		TEST(random_bytes_come_at_once_and_differ),
		TEST(a_long_stir_can_be_interrupted),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
