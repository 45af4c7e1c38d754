/* SPDX-License-Identifier: MIT */
/* sources: user/bench/stats.c user/bench/area.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "user/bench/area.h"
#include "user/bench/stats.h"

#define PAGES 8

static void the_median_is_the_one_in_the_middle(void **state)
{
	uint64_t one[] = { 7 }, odd[] = { 9, 1, 5 }, even[] = { 8, 2, 4, 100 };

	assert_int_equal(stats_of(one, 1).median, 7);
	assert_int_equal(stats_of(odd, 3).median, 5);
	assert_int_equal(stats_of(odd, 3).min, 1);
	assert_int_equal(stats_of(even, 4).median, 6);
	assert_int_equal(stats_of(even, 4).min, 2);
}

static void the_median_of_large_values_does_not_overflow(void **state)
{
	uint64_t values[] = { UINT64_MAX, UINT64_MAX - 2 };

	assert_int_equal(stats_of(values, 2).median, UINT64_MAX - 1);
}

static void division_rounds_to_the_nearest(void **state)
{
	assert_int_equal(stats_divide(9, 4), 2);
	assert_int_equal(stats_divide(10, 4), 3);
	assert_int_equal(stats_divide(3, 3), 1);
	assert_int_equal(stats_divide(4, 3), 1);
	assert_int_equal(stats_divide(5, 3), 2);
	assert_int_equal(stats_divide(UINT64_MAX, 1), UINT64_MAX);
}

static uint64_t *word_of_page(const struct area *area, size_t page)
{
	return (uint64_t *)(area->base + page * PAGE_BYTES);
}

static void an_area_tells_who_wrote_its_pages(void **state)
{
	struct area area;
	assert_int_equal(area_map(&area, PAGES * PAGE_BYTES), 0);
	assert_int_equal(area.pages, PAGES);
	assert_int_equal(area_count_others(&area, 0, 1), PAGES); /* nobody has */

	area_write(&area, 1);
	assert_int_equal(area_count_others(&area, 0, 1), 0);
	assert_int_equal(area_count_others(&area, 0, 2), PAGES);

	const struct area half = { .base = area.base, .pages = PAGES / 2 };
	area_write(&half, 2);
	assert_int_equal(area_count_others(&area, 0, 1), PAGES / 2);
	assert_int_equal(area_count_others(&area, PAGES / 2, 1), 0);
	munmap(area.base, PAGES * PAGE_BYTES);
}

static void an_area_tells_when_pages_have_changed_places(void **state)
{
	struct area area;
	assert_int_equal(area_map(&area, PAGES * PAGE_BYTES), 0);
	area_write(&area, 1);
	const uint64_t word = *word_of_page(&area, 2);
	*word_of_page(&area, 2) = *word_of_page(&area, 3);
	*word_of_page(&area, 3) = word;
	assert_int_equal(area_count_others(&area, 0, 1), 2);
	munmap(area.base, PAGES * PAGE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_is_the_one_in_the_middle),
		cmocka_unit_test(the_median_of_large_values_does_not_overflow),
		cmocka_unit_test(division_rounds_to_the_nearest),
		cmocka_unit_test(an_area_tells_who_wrote_its_pages),
		cmocka_unit_test(an_area_tells_when_pages_have_changed_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
