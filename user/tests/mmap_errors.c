// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Every error of mmap, munmap, mprotect, madvise and msync that a program can cause. */
#include "lib/test.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define HUGE      (1UL << 62)

static long map(unsigned long at, unsigned long length, int prot, int flags, int fd, long offset)
{
	return syscall(SYS_mmap, at, length, prot, flags, fd, offset);
}

static void senseless_arguments_are_einval(void)
{
	CHECK_ERRNO(map(0, 0, PROT_READ, ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERRNO(map(0x10001, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	const int fd = make_file("f", PAGE);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, 0, fd, 0), EINVAL);
	CHECK_ERRNO(map(0, 0, PROT_READ, MAP_SHARED, fd, 0), EINVAL);
	close(fd);
}

static void descriptors_must_fit(void)
{
	const int fd = make_file("f", PAGE);
	close(fd);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
	const int writer = open("f", O_WRONLY);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
	CHECK_ERRNO(map(0, PAGE, PROT_WRITE, MAP_SHARED, writer, 0), EACCES);
	const int reader = open("f", O_RDONLY);
	CHECK_ERRNO(map(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
	const int directory = open(".", O_RDONLY);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	CHECK_ERRNO(map(0, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
	close(writer), close(reader), close(directory), close(ends[0]), close(ends[1]);
}

static void what_does_not_fit_is_enomem(void)
{
	CHECK_ERRNO(map(0, HUGE, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0), ENOMEM);
	CHECK_ERRNO(map(0, ~0UL, PROT_NONE, ANONYMOUS, -1, 0), ENOMEM);
	CHECK_ERRNO(map(KERNEL_LINEAR_ADDRESS, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0),
		    ENOMEM);
}

static void occupied_addresses_are_eexist_if_asked(void)
{
	char *p = map_pages(3, PROT_READ | PROT_WRITE);
	*p = 1;
	const int flags = ANONYMOUS | MAP_FIXED_NOREPLACE;
	CHECK_ERRNO(map((unsigned long)p + PAGE, PAGE, PROT_READ, flags, -1, 0), EEXIST);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(map((unsigned long)p + PAGE, 2 * PAGE, PROT_READ, flags, -1, 0), EEXIST);
	CHECK_EQ(map((unsigned long)p + PAGE, PAGE, PROT_READ, flags, -1, 0), p + PAGE);
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

static void munmap_errors(void)
{
	char *p = map_pages(2, PROT_READ);
	CHECK_ERRNO(syscall(SYS_munmap, p + 1, PAGE), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, p, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, KERNEL_LINEAR_ADDRESS, PAGE), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, p, HUGE), EINVAL);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	CHECK_EQ(munmap(p, 2 * PAGE), 0); /* nothing there: nothing wrong */
}

static void mprotect_errors(void)
{
	char *p = map_pages(3, PROT_READ);
	CHECK_ERRNO(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
	CHECK_ERRNO(syscall(SYS_mprotect, p, PAGE, 0x40), EINVAL);
	CHECK_EQ(syscall(SYS_mprotect, p, 0, PROT_READ), 0);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(syscall(SYS_mprotect, p, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mprotect, p + PAGE, PAGE, PROT_READ), ENOMEM);
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
	close(make_file("f", PAGE));
	const int reader = open("f", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERRNO(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHECK_EQ(munmap(p, PAGE), 0);
	close(reader);
}

static void msync_errors(void)
{
	char *p = map_pages(1, PROT_READ);
	CHECK_ERRNO(syscall(SYS_msync, p + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_ERRNO(syscall(SYS_msync, p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_EQ(syscall(SYS_msync, p, PAGE, MS_SYNC), 0);
	CHECK_EQ(munmap(p, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(senseless_arguments_are_einval),
		TEST(descriptors_must_fit),
		TEST(what_does_not_fit_is_enomem),
		TEST(occupied_addresses_are_eexist_if_asked),
		TEST(munmap_errors),
		TEST(mprotect_errors),
		TEST(msync_errors),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
