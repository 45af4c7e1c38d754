/* SPDX-License-Identifier: MIT */
/* sources: mm/pmm/failalloc.c tests/host/shim/machine.c tests/host/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/riscv/cpu/unwind.h"
#include "mm/pmm/failalloc.h"

/* The calls that are said to have led to the allocation. */
static u64 calls[FAIL_CHAIN_DEPTH + 1];
static size_t depth;

size_t unwind_stack(u64 fp, u64 *places, size_t max)
{
	const size_t n = depth < max ? depth : max;
	memcpy(places, calls, n * sizeof(calls[0]));
	return n;
}

/* Does an allocation fail that the one call @place leads to? */
static bool fails_at(u64 place)
{
	calls[0] = place;
	depth = 1;
	return failalloc_hits();
}

static int forget(void **state)
{
	failalloc_forget_chains();
	*arch_current() = (struct arch_thread){ .fail_nth = FAIL_NEW_CHAIN };
	failalloc_arm();
	return 0;
}

static void the_nth_fails_once(void **state)
{
	const u64 before = failalloc_total();
	arch_current()->fail_nth = 3;
	assert_false(failalloc_hits());
	assert_false(failalloc_hits());
	assert_true(failalloc_hits());
	for (int i = 0; i < 10; i++)
		assert_false(failalloc_hits());
	assert_int_equal(failalloc_total(), before + 1);
	assert_int_equal(failalloc_chains().met, 0);
}

static void a_new_chain_fails_once_an_armed_run(void **state)
{
	assert_true(fails_at(1));
	assert_false(fails_at(2)); /* met, and waits for the next run */
	assert_false(fails_at(1));
	failalloc_arm();
	assert_false(fails_at(1));
	assert_true(fails_at(2));
	failalloc_arm();
	assert_false(fails_at(1));
	assert_false(fails_at(2));
	assert_int_equal(failalloc_chains().met, 2);
	assert_int_equal(failalloc_chains().failed, 2);
	failalloc_forget_chains();
	assert_true(fails_at(1));
}

static void chains_are_of_all_calls_in_order(void **state)
{
	static const u64 orders[][3] = { { 1, 2, 3 }, { 3, 2, 1 }, { 1, 3, 2 }, { 1, 2, 0 } };
	for (size_t i = 0; i < 4; i++)
		for (depth = 1; depth <= 3; depth++) {
			memcpy(calls, orders[i], sizeof(orders[i]));
			failalloc_arm();
			/* { 1 } is the beginning of three of them, { 1, 2 } of two. */
			const bool is_known = (depth == 1 && i >= 2) || (depth == 2 && i == 3);
			assert_int_equal(failalloc_hits(), !is_known);
		}
	const u64 *last;
	assert_int_equal(failalloc_last_chain(&last), 3);
	assert_memory_equal(last, orders[3], sizeof(orders[3]));
}

static void interrupts_are_left_alone(void **state)
{
	arch_current()->irq_depth = 1;
	assert_false(fails_at(1));
	assert_int_equal(failalloc_chains().met, 0);
	arch_current()->irq_depth = 0;
	assert_true(fails_at(1));
}

static void a_failure_for_now_is_told_once(void **state)
{
	arch_current()->fails_for_now = true;
	assert_true(fails_at(1));
	assert_true(failalloc_take_lack());
	assert_false(failalloc_take_lack());
}

static void a_full_table_says_what_it_leaves_out(void **state)
{
	u64 place = 1;
	for (; place <= FAIL_CHAINS_MAX; place++) {
		failalloc_arm();
		assert_true(fails_at(place));
	}
	failalloc_arm();
	assert_int_equal(failalloc_chains().left_out, 0);
	assert_false(fails_at(place));
	assert_false(fails_at(1));
	assert_int_equal(failalloc_chains().left_out, 1);
	assert_int_equal(failalloc_chains().failed, FAIL_CHAINS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_nth_fails_once, forget),
		cmocka_unit_test_setup(a_new_chain_fails_once_an_armed_run, forget),
		cmocka_unit_test_setup(chains_are_of_all_calls_in_order, forget),
		cmocka_unit_test_setup(interrupts_are_left_alone, forget),
		cmocka_unit_test_setup(a_failure_for_now_is_told_once, forget),
		cmocka_unit_test_setup(a_full_table_says_what_it_leaves_out, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
