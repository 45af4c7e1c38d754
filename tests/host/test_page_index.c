// SPDX-License-Identifier: MIT
/* sources: fs/page_index.c tests/host/shim/heap.c tests/host/shim/panic.c */
/* The radix tree of a file's pages, also at random against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fs/page_index.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/machine.h"

#define NUMBERS 20000
#define ROUNDS  60000

int shim_fail_after = -1;

bool shim_should_fail(void)
{
	return shim_fail_after >= 0 && shim_fail_after-- == 0;
}

static struct page_index index_under_test;
static struct page_index *const p = &index_under_test;
static char cells[NUMBERS]; /* entries are addresses in here */

static int setup(void **state)
{
	index_under_test = (struct page_index){ 0 };
	shim_fail_after = -1;
	return page_index_init();
}

static int teardown(void **state)
{
	u64 i = 0;
	while (page_index_next(p, &i) != NULL)
		assert_non_null(page_index_remove(p, i));
	assert_int_equal(p->count, 0);
	assert_null(p->root);
	assert_int_equal(shim_objects_used(), 0);
	return 0;
}

static void one_page_needs_no_node(void **state)
{
	assert_int_equal(page_index_insert(p, 0, &cells[0]), 0);
	assert_int_equal(shim_objects_used(), 0);
	assert_ptr_equal(page_index_find(p, 0), &cells[0]);
	assert_null(page_index_find(p, 1));
	assert_null(page_index_find(p, UINT64_MAX));
	unsigned count = 3;
	assert_ptr_equal(*page_index_slots(p, 0, &count), &cells[0]);
	assert_int_equal(count, 1);
	assert_null(page_index_slots(p, 1, &count));
}

static void largest_numbers_are_found(void **state)
{
	const u64 last = UINT64_MAX;
	assert_int_equal(page_index_insert(p, last, &cells[1]), 0);
	assert_int_equal(page_index_insert(p, 0, &cells[0]), 0);
	assert_int_equal(page_index_insert(p, last - 64, &cells[2]), 0);
	u64 i = 1;
	assert_ptr_equal(page_index_next(p, &i), &cells[2]);
	assert_int_equal(i, last - 64);
	i++;
	assert_ptr_equal(page_index_next(p, &i), &cells[1]);
	assert_int_equal(i, last);
	assert_ptr_equal(page_index_remove(p, last), &cells[1]);
	assert_null(page_index_next(p, &i));
}

static void removing_the_last_gives_all_nodes_back(void **state)
{
	assert_int_equal(page_index_insert(p, 1UL << 40, &cells[0]), 0);
	assert_true(shim_objects_used() > 3);
	assert_ptr_equal(page_index_remove(p, 1UL << 40), &cells[0]);
	assert_int_equal(shim_objects_used(), 0);
	assert_null(page_index_remove(p, 1UL << 40));
}

static void failed_insertion_changes_nothing(void **state)
{
	assert_int_equal(page_index_insert(p, 5, &cells[5]), 0);
	for (int fail = 0;; fail++) {
		shim_fail_after = fail;
		const int err = page_index_insert(p, 1UL << 30, &cells[1]);
		shim_fail_after = -1;
		assert_ptr_equal(page_index_find(p, 5), &cells[5]);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_null(page_index_find(p, 1UL << 30));
		assert_int_equal(p->count, 1);
	}
	assert_int_equal(p->count, 2);
}

static void random_use_agrees_with_an_array(void **state)
{
	static bool present[NUMBERS];
	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		const u64 i = (u64)rand() % (rand() % 4 == 0 ? NUMBERS : 200);
		if (rand() % 2 == 0 && !present[i]) {
			assert_int_equal(page_index_insert(p, i, &cells[i]), 0);
			present[i] = true;
		} else {
			assert_ptr_equal(page_index_remove(p, i), present[i] ? &cells[i] : NULL);
			present[i] = false;
		}
		assert_ptr_equal(page_index_find(p, i), present[i] ? &cells[i] : NULL);
	}
	for (u64 i = 0, n; i < NUMBERS + 100; i += n) {
		const u64 wanted = 1 + i % 7;
		unsigned count = (unsigned)wanted;
		void *const *slots = page_index_slots(p, i, &count);
		assert_in_range(count, 1, wanted);
		for (n = 0; n < count; n++)
			assert_ptr_equal(slots != NULL ? slots[n] : NULL,
					 i + n < NUMBERS && present[i + n] ? &cells[i + n] : NULL);
	}
	u64 at = 0;
	for (u64 i = 0; i < NUMBERS; i++) {
		if (!present[i])
			continue;
		assert_ptr_equal(page_index_next(p, &at), &cells[i]);
		assert_int_equal(at++, i);
	}
	assert_null(page_index_next(p, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_page_needs_no_node, setup, teardown),
		cmocka_unit_test_setup_teardown(largest_numbers_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(removing_the_last_gives_all_nodes_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(failed_insertion_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(random_use_agrees_with_an_array, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
