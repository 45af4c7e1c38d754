// SPDX-License-Identifier: MIT
/* Loads and stores off their alignment work, also across pages, also when one of those must be
 * faulted in. */
#include "lib/test.h"

static void any_offset_works(void)
{
	volatile unsigned char *p = (volatile unsigned char *)map_pages(3, PROT_READ | PROT_WRITE);
	for (size_t offset = PAGE - 8; offset <= PAGE + 8; offset++) {
		*(volatile uint64_t *)(p + offset) = 0x1122334455667788;
		CHECK_EQ(*(volatile uint64_t *)(p + offset), 0x1122334455667788);
		CHECK_EQ(p[offset], 0x88);
		CHECK_EQ(p[offset + 7], 0x11);
		*(volatile uint32_t *)(p + offset) = 0xa1b2c3d4;
		CHECK_EQ(*(volatile uint32_t *)(p + offset), 0xa1b2c3d4);
		*(volatile uint16_t *)(p + offset) = 0x9876;
		CHECK_EQ(*(volatile int16_t *)(p + offset), (int16_t)0x9876);
		*(volatile double *)(p + offset) = 1.5;
		CHECK(*(volatile double *)(p + offset) == 1.5);
	}
	CHECK_EQ(munmap((void *)p, 3 * PAGE), 0);
}

static void two_pages_are_faulted_in_by_one_access(void)
{
	char *p = map_pages(2, PROT_READ | PROT_WRITE);
	*(volatile uint64_t *)(p + PAGE - 3) = 0x0102030405060708;
	CHECK_EQ(*(volatile uint64_t *)(p + PAGE - 3), 0x0102030405060708);
	const pid_t pid = fork(); /* and two copied */
	CHECK(pid >= 0);
	if (pid == 0) {
		*(volatile uint64_t *)(p + PAGE - 3) = 0;
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(*(volatile uint64_t *)(p + PAGE - 3), 0x0102030405060708);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
}

static void a_missing_second_page_is_a_fault(void)
{
	char *p = map_pages(2, PROT_READ | PROT_WRITE);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		*(volatile uint64_t *)(p + PAGE - 3) = 1;
		_exit(0);
	}
	CHECK_KILLED(wait_for(pid), SIGSEGV);
	CHECK_EQ(munmap(p, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(any_offset_works),
		TEST(two_pages_are_faulted_in_by_one_access),
		TEST(a_missing_second_page_is_a_fault),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
