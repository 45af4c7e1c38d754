/* SPDX-License-Identifier: MIT */
/* sources: lib/bitmap.c lib/bits.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/bitmap.h"
#include "lib/bits.h"

#define BITS  200
#define WORDS BITMAP_WORDS(BITS)

static void single_bits_are_set_cleared_and_tested(void **state)
{
	u64 map[WORDS] = { 0 };

	for (size_t i = 0; i < BITS; i++) {
		assert_false(bitmap_test(map, i));
		bitmap_set(map, i);
		assert_true(bitmap_test(map, i));
		assert_int_equal(bitmap_count(map, BITS), 1);
		assert_int_equal(bitmap_find_set(map, BITS, 0), i);
		bitmap_clear(map, i);
	}
	assert_int_equal(bitmap_count(map, BITS), 0);
}

static void ranges_of_every_place_and_length(void **state)
{
	for (size_t first = 0; first < BITS; first++) {
		for (size_t count = 0; first + count <= BITS; count++) {
			u64 ones[WORDS], zeros[WORDS];

			memset(ones, 0xff, sizeof(ones));
			memset(zeros, 0, sizeof(zeros));
			bitmap_set_range(zeros, first, count);
			bitmap_clear_range(ones, first, count);
			assert_int_equal(bitmap_count(zeros, BITS), count);
			assert_int_equal(bitmap_count(ones, BITS), BITS - count);
			if (count == 0)
				continue;
			assert_int_equal(bitmap_find_set(zeros, BITS, 0), first);
			assert_int_equal(bitmap_find_clear(zeros, BITS, first), first + count);
			assert_int_equal(bitmap_find_clear(ones, BITS, 0), first);
			assert_int_equal(bitmap_find_set(ones, BITS, first), first + count);
		}
	}
}

static void searches_do_not_look_past_the_given_number(void **state)
{
	u64 map[WORDS];

	memset(map, 0xff, sizeof(map));
	assert_int_equal(bitmap_find_clear(map, BITS, 0), BITS);
	bitmap_clear_range(map, 0, 150);
	assert_int_equal(bitmap_find_set(map, 150, 0), 150);
	assert_int_equal(bitmap_find_set(map, 151, 0), 150);
	assert_int_equal(bitmap_find_set(map, 150, 150), 150);
	assert_int_equal(bitmap_find_set(map, 150, 170), 150);
	assert_int_equal(bitmap_find_set(map, 0, 0), 0);
	assert_int_equal(bitmap_count(map, 0), 0);
	assert_int_equal(bitmap_count(map, 151), 1);
}

static void bits_of_a_word(void **state)
{
	for (unsigned int i = 0; i < 64; i++) {
		const u64 above = i == 63 ? 0 : ~0ULL << (i + 1);

		assert_int_equal(bits_lowest(BIT(i)), i);
		assert_int_equal(bits_lowest(BIT(i) | above), i);
		assert_int_equal(bits_highest(BIT(i)), i);
		assert_int_equal(bits_highest(BIT(i) | (BIT(i) - 1)), i);
		assert_int_equal(bits_count(BIT(i) - 1), i);
		assert_true(is_power_of_two(BIT(i)));
		assert_false(is_power_of_two(BIT(i) | BIT((i + 7) % 64)));
	}
	assert_int_equal(bits_count(~0ULL), 64);
	assert_false(is_power_of_two(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_bits_are_set_cleared_and_tested),
		cmocka_unit_test(ranges_of_every_place_and_length),
		cmocka_unit_test(searches_do_not_look_past_the_given_number),
		cmocka_unit_test(bits_of_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
