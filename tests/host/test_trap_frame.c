/* SPDX-License-Identifier: MIT */
/* sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/trap_frame.h"

#define KERNEL_ADDRESS    0xffffffff80001234UL
#define USER_ADDRESS      0x0000003fffff1234UL
#define LOW_39_BITS(addr) ((addr)&0x7fffffffffUL)

static u64 fault_address(u64 cause, u64 badaddr)
{
	const struct trap_frame f = { .cause = cause, .badaddr = badaddr };
	return trap_fault_address(&f);
}

static void a_truncated_fetch_address_is_extended(void **state)
{
	assert_true(fault_address(CAUSE_FETCH_PAGE, LOW_39_BITS(KERNEL_ADDRESS)) == KERNEL_ADDRESS);
	assert_true(fault_address(CAUSE_FETCH_ACCESS, LOW_39_BITS(KERNEL_ADDRESS)) ==
		    KERNEL_ADDRESS);
}

static void a_right_fetch_address_stays(void **state)
{
	assert_true(fault_address(CAUSE_FETCH_PAGE, KERNEL_ADDRESS) == KERNEL_ADDRESS);
	assert_true(fault_address(CAUSE_FETCH_PAGE, USER_ADDRESS) == USER_ADDRESS);
	assert_true(fault_address(CAUSE_FETCH_PAGE, 0) == 0);
}

/* For loads and stores the hart is right: bit 38 without those above is nobody's address. */
static void data_addresses_are_believed(void **state)
{
	assert_true(fault_address(CAUSE_LOAD_PAGE, LOW_39_BITS(KERNEL_ADDRESS)) ==
		    LOW_39_BITS(KERNEL_ADDRESS));
	assert_true(fault_address(CAUSE_STORE_PAGE, LOW_39_BITS(KERNEL_ADDRESS)) ==
		    LOW_39_BITS(KERNEL_ADDRESS));
	assert_true(fault_address(CAUSE_LOAD_PAGE, KERNEL_ADDRESS) == KERNEL_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_truncated_fetch_address_is_extended),
		cmocka_unit_test(a_right_fetch_address_stays),
		cmocka_unit_test(data_addresses_are_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
