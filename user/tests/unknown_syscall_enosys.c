// SPDX-License-Identifier: MIT
/* Numbers that mean nothing are ENOSYS, however often and with whatever arguments. */
#include "lib/test.h"

static void senseless_numbers_are_enosys(void)
{
	static const long numbers[] = { 244,  256,      295,      400, 423, 999,
					5000, 1L << 31, 1L << 40, -1,  -100 };
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			register long a0 __asm__("a0") = -1;
			register long a1 __asm__("a1") = (long)KERNEL_LINEAR_ADDRESS;
			register long a7 __asm__("a7") = numbers[i];
			__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
			CHECK_EQ(a0, -ENOSYS);
		}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(senseless_numbers_are_enosys) };
	return test_run(cases, ARRAY_SIZE(cases));
}
