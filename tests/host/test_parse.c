/* SPDX-License-Identifier: MIT */
/* sources: lib/parse.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/abi/errno.h"
#include "lib/checked_math.h"
#include "lib/parse.h"

#define UNTOUCHED 0x5555U

static void assert_number(const char *text, unsigned int base, u64 expected)
{
	u64 value = UNTOUCHED;

	assert_int_equal(parse_u64(text, base, &value), 0);
	assert_true(value == expected);
}

static void assert_no_number(const char *text, unsigned int base, int err)
{
	u64 value = UNTOUCHED;

	assert_int_equal(parse_u64(text, base, &value), err);
	assert_int_equal(value, UNTOUCHED);
}

static void numbers_of_each_base(void **state)
{
	assert_number("0", 10, 0);
	assert_number("42", 10, 42);
	assert_number("0042", 10, 42);
	assert_number("777", 8, 0777);
	assert_number("FfE0", 16, 0xffe0);
	assert_number("0xFfE0", 16, 0xffe0);
	assert_number("101", 2, 5);
	assert_number("18446744073709551615", 10, UINT64_MAX);
	assert_number("ffffffffffffffff", 16, UINT64_MAX);
}

static void base_zero_looks_at_the_prefix(void **state)
{
	assert_number("12", 0, 12);
	assert_number("012", 0, 10);
	assert_number("0x12", 0, 18);
	assert_number("0", 0, 0);
}

static void what_is_no_number_is_refused(void **state)
{
	assert_no_number("", 10, -EINVAL);
	assert_no_number("-1", 10, -EINVAL);
	assert_no_number("+1", 10, -EINVAL);
	assert_no_number(" 1", 10, -EINVAL);
	assert_no_number("1 ", 10, -EINVAL);
	assert_no_number("12a", 10, -EINVAL);
	assert_no_number("8", 8, -EINVAL);
	assert_no_number("0x", 16, -EINVAL);
	assert_no_number("0xg", 0, -EINVAL);
}

static void too_large_numbers_are_refused(void **state)
{
	assert_no_number("18446744073709551616", 10, -ERANGE);
	assert_no_number("99999999999999999999999999", 10, -ERANGE);
	assert_no_number("10000000000000000", 16, -ERANGE);
}

static void a_prefix_is_taken_and_the_text_moved_on(void **state)
{
	const char *text = "10:20";
	u64 value;

	assert_int_equal(parse_u64_prefix(&text, 10, &value), 0);
	assert_int_equal(value, 10);
	assert_string_equal(text, ":20");
	assert_int_equal(parse_u64_prefix(&text, 10, &value), -EINVAL);
	assert_string_equal(text, ":20");
}

static void sizes_with_and_without_units(void **state)
{
	u64 bytes = UNTOUCHED;

	assert_int_equal(parse_size("4096", &bytes), 0);
	assert_int_equal(bytes, 4096);
	assert_int_equal(parse_size("32M", &bytes), 0);
	assert_int_equal(bytes, 32 << 20);
	assert_int_equal(parse_size("0x10k", &bytes), 0);
	assert_int_equal(bytes, 16384);
	assert_int_equal(parse_size("16G", &bytes), 0);
	assert_true(bytes == 16ULL << 30);
	assert_int_equal(parse_size("3t", &bytes), 0);
	assert_true(bytes == 3ULL << 40);
	assert_int_equal(parse_size("0", &bytes), 0);
	assert_int_equal(bytes, 0);
}

static void malformed_sizes_are_refused(void **state)
{
	u64 bytes = UNTOUCHED;

	assert_int_equal(parse_size("", &bytes), -EINVAL);
	assert_int_equal(parse_size("M", &bytes), -EINVAL);
	assert_int_equal(parse_size("1MB", &bytes), -EINVAL);
	assert_int_equal(parse_size("1Q", &bytes), -EINVAL);
	assert_int_equal(parse_size("-1M", &bytes), -EINVAL);
	assert_int_equal(parse_size("17179869184G", &bytes), -ERANGE);
	assert_int_equal(bytes, UNTOUCHED);
}

static void checked_arithmetic_refuses_overflow(void **state)
{
	u64 x = UNTOUCHED;

	assert_false(checked_add(UINT64_MAX, 1, &x));
	assert_false(checked_sub(1, 2, &x));
	assert_false(checked_mul(1ULL << 32, 1ULL << 32, &x));
	assert_false(checked_align_up(UINT64_MAX - 1, 4096, &x));
	assert_int_equal(x, UNTOUCHED);
	assert_true(checked_add(UINT64_MAX - 1, 1, &x) && x == UINT64_MAX);
	assert_true(checked_sub(2, 2, &x) && x == 0);
	assert_true(checked_mul(1ULL << 32, 1ULL << 31, &x) && x == 1ULL << 63);
	assert_true(checked_align_up(4097, 4096, &x) && x == 8192);
	assert_true(checked_align_up(0, 4096, &x) && x == 0);
}

static void ranges_touch_without_overlapping(void **state)
{
	assert_true(range_is_below(0, 0, 0));
	assert_true(range_is_below(4, 4, 8));
	assert_false(range_is_below(5, 4, 8));
	assert_false(range_is_below(UINT64_MAX, 2, 8));
	assert_false(range_is_below(2, UINT64_MAX, 8));
	assert_false(ranges_overlap(0, 4, 4, 4));
	assert_false(ranges_overlap(4, 4, 0, 4));
	assert_true(ranges_overlap(0, 5, 4, 4));
	assert_true(ranges_overlap(4, 4, 0, 5));
	assert_true(ranges_overlap(2, 1, 0, 8));
	assert_false(ranges_overlap(2, 0, 0, 8));
	assert_true(ranges_overlap(UINT64_MAX - 4, 4, UINT64_MAX - 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_each_base),
		cmocka_unit_test(base_zero_looks_at_the_prefix),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(too_large_numbers_are_refused),
		cmocka_unit_test(a_prefix_is_taken_and_the_text_moved_on),
		cmocka_unit_test(sizes_with_and_without_units),
		cmocka_unit_test(malformed_sizes_are_refused),
		cmocka_unit_test(checked_arithmetic_refuses_overflow),
		cmocka_unit_test(ranges_touch_without_overlapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
