// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: mlock() says EAGAIN */
/* mlock, mlockall, msync and mincore: their ranges, errors and limit. */
#include "lib/test.h"

#include <sys/resource.h>

#define NOBODY 65534

static void become_nobody_with(rlim_t bytes)
{
	const struct rlimit limit = { bytes, bytes };
	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	if (geteuid() == 0)
		CHECK_EQ(setuid(NOBODY), 0);
}

static void child_locks_as_much_as_it_may(void)
{
	become_nobody_with(4 * PAGE);
	char *p = map_pages(8, PROT_READ | PROT_WRITE);
	CHECK_EQ(mlock(p, 3 * PAGE), 0);
	CHECK_EQ(mlock(p, 4 * PAGE), 0); /* locked ones do not count twice */
	CHECK_ERRNO(mlock(p, 5 * PAGE), ENOMEM);
	CHECK_ERRNO(mlock(p + 4 * PAGE, 1), ENOMEM);
	CHECK_EQ(munlock(p, PAGE), 0);
	CHECK_EQ(mlock(p + 5 * PAGE + 100, 1), 0);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
		    EAGAIN);
	CHECK_EQ(munmap(p + 5 * PAGE, PAGE), 0);
	void *q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK_ERRNO(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EAGAIN);
	CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
	CHECK_EQ(munlockall(), 0);
	CHECK_EQ(mlock(p, 4 * PAGE), 0);
}

static void child_may_lock_nothing(void)
{
	become_nobody_with(0);
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	CHECK_ERRNO(mlock(p, PAGE), EPERM);
	CHECK_ERRNO(mlockall(MCL_FUTURE), EPERM);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
		    EPERM);
	CHECK_EQ(munlock(p, PAGE), 0);
}

static void the_limit_holds_for_others_than_root(void)
{
	CHECK_CHILD(child_locks_as_much_as_it_may);
	CHECK_CHILD(child_may_lock_nothing);
}

static void locking_fills_and_needs_a_mapping(void)
{
	unsigned char here[4];
	char *p = map_pages(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(mlock(p + 100, PAGE), 0); /* two pages are touched by it */
	CHECK_ERRNO(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_ERRNO(madvise(p, PAGE, MADV_FREE), EINVAL);
	CHECK_EQ(mincore(p, 4 * PAGE, here), 0);
	CHECK_EQ(here[0] & here[1] & 1, 1);
	CHECK_EQ((here[2] | here[3]) & 1, 0);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERRNO(mlock(p, 4 * PAGE), ENOMEM);
	CHECK_ERRNO(munlock(p, 4 * PAGE), ENOMEM);
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	CHECK_EQ(munlock(p, PAGE), 0);
	CHECK_ERRNO(mlock(p, PAGE), ENOMEM);
	CHECK_EQ(mlock(p, 0), 0);
	CHECK_ERRNO(mlockall(0), EINVAL);
	CHECK_ERRNO(mlockall(64), EINVAL);
	munmap(p, 4 * PAGE);
}

static void child_maps_after_mlockall(void)
{
	unsigned char here[2];
	CHECK_EQ(mlockall(MCL_FUTURE), 0);
	char *p = map_pages(2, PROT_READ | PROT_WRITE);
	CHECK_EQ(mincore(p, 2 * PAGE, here), 0);
	CHECK_EQ(here[0] & here[1] & 1, 1);
	CHECK_ERRNO(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_EQ(munlockall(), 0);
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
}

static void mlockall_locks_what_comes(void)
{
	CHECK_CHILD(child_maps_after_mlockall);
}

static bool is_filled(int flags)
{
	unsigned char here = 0;
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		       0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(mincore(p, PAGE, &here), 0);
	CHECK_EQ(munmap(p, PAGE), 0);
	return (here & 1) != 0;
}

static void child_locks_on_fault(void)
{
	/* What is there, and says nothing of what comes. */
	CHECK_EQ(mlockall(MCL_CURRENT | MCL_ONFAULT), 0);
	CHECK(!is_filled(0));
	CHECK(is_filled(MAP_LOCKED));
	CHECK_EQ(mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
	CHECK(!is_filled(0));
	CHECK(!is_filled(MAP_LOCKED));
	CHECK(!is_filled(MAP_POPULATE));
}

static void locking_on_fault_fills_nothing(void)
{
	CHECK_CHILD(child_locks_on_fault);
}

static void msync_wants_a_mapped_range(void)
{
	char *p = map_pages(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(msync(p, 4 * PAGE, MS_SYNC), 0);
	CHECK_EQ(msync(p, 3 * PAGE + 1, MS_ASYNC | MS_INVALIDATE), 0);
	CHECK_EQ(msync(p, 0, 0), 0);
	CHECK_ERRNO(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERRNO(msync(p, PAGE, 8), EINVAL);
	CHECK_ERRNO(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_EQ(mlock(p, PAGE), 0);
	CHECK_ERRNO(msync(p, PAGE, MS_INVALIDATE), EBUSY);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(msync(p, 4 * PAGE, MS_SYNC), ENOMEM);
	munmap(p, 4 * PAGE);
}

static void mincore_tells_what_is_there(void)
{
	unsigned char here[3] = { 9, 9, 9 };
	const int fd = make_file("file", 2 * PAGE);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	/* Written just now, so in the page cache, whoever mapped it. */
	CHECK_EQ(mincore(p, 2 * PAGE, here), 0);
	CHECK_EQ(here[0] & here[1] & 1, 1);
	CHECK_EQ(here[2], 9);
	CHECK_ERRNO(mincore(p + 1, PAGE, here), EINVAL);
	CHECK_ERRNO(mincore(p, PAGE, (unsigned char *)KERNEL_LINEAR_ADDRESS), EFAULT);
	CHECK_ERRNO(mincore((void *)KERNEL_LINEAR_ADDRESS, PAGE, here), ENOMEM);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(mincore(p, 2 * PAGE, here), ENOMEM);
	munmap(p, PAGE);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_limit_holds_for_others_than_root),
		TEST(locking_fills_and_needs_a_mapping),
		TEST(mlockall_locks_what_comes),
		TEST(locking_on_fault_fills_nothing),
		TEST(msync_wants_a_mapped_range),
		TEST(mincore_tells_what_is_there),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
