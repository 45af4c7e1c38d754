// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Addresses of the kernel and addresses that are none: a signal for who touches them. */
#include "lib/test.h"

#include <sys/uio.h>

static const unsigned long addresses[] = {
	KERNEL_LINEAR_ADDRESS, KERNEL_LINEAR_ADDRESS + (1UL << 30),
	KERNEL_IMAGE_ADDRESS,  KERNEL_IMAGE_ADDRESS + (2UL << 20),
	0xffffffd000000000UL,  ~0UL - PAGE + 1,
	~0UL & ~7UL,           0x8000000000000000UL,
	NON_CANONICAL_ADDRESS, 0x0000004000000000UL, /* where Sv39's user half ends */
};

static void every_kind_of_access_is_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const void *p = (const void *)addresses[i];
		CHECK_EQ(touch_signal(p, TOUCH_READ, NULL), SIGSEGV);
		CHECK_EQ(touch_signal(p, TOUCH_WRITE, NULL), SIGSEGV);
		CHECK_EQ(touch_signal(p, TOUCH_CALL, NULL), SIGSEGV);
	}
}

static void the_kernel_does_not_do_it_for_us(void)
{
	const int fd = make_file("f", PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		CHECK_ERRNO(pread(fd, (void *)addresses[i], 8, 0), EFAULT);
		CHECK_ERRNO(pwrite(fd, (const void *)addresses[i], 8, 0), EFAULT);
		const struct iovec iov = { (void *)addresses[i], 8 };
		CHECK_ERRNO(preadv(fd, &iov, 1, 0), EFAULT);
		CHECK_ERRNO(pwritev(fd, &iov, 1, 0), EFAULT);
	}
	close(fd);
}

static void supervisor_instructions(void)
{
	__asm__ volatile("csrr	zero, sstatus");
}

static void fence_virtual_memory(void)
{
	__asm__ volatile("sfence.vma");
}

static void supervisor_instructions_are_illegal(void)
{
	CHECK_KILLED(run_in_child(supervisor_instructions), SIGILL);
	CHECK_KILLED(run_in_child(fence_virtual_memory), SIGILL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(every_kind_of_access_is_refused),
		TEST(the_kernel_does_not_do_it_for_us),
		TEST(supervisor_instructions_are_illegal),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
