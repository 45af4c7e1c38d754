/* SPDX-License-Identifier: MIT */
/* sources: */
/*
 * Our own memory and string functions under other names, against the C library's. Buffers come from
 * the heap with their exact size, so that the address sanitizer sees a byte too many; misaligned
 * accesses are found by the undefined-behaviour sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define STRING_UNDER_TEST
#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
#define strstr  our_strstr
#define strlcpy our_strlcpy
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strlcpy

#define ALIGNMENTS 9
#define LEN_MAX    200

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

/* @len bytes at the end of an allocation whose start is @misalignment bytes past a multiple of 16.
 */
static u8 *make_buffer(void **base, size_t misalignment, size_t len)
{
	*base = malloc(misalignment + len + 1);
	assert_non_null(*base);
	return (u8 *)*base + misalignment;
}

static void fill_pattern(u8 *p, size_t len, u8 seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (u8)(seed + i * 31);
}

static void memcpy_copies_every_length_at_every_alignment(void **state)
{
	for (size_t da = 0; da < ALIGNMENTS; da++) {
		for (size_t sa = 0; sa < ALIGNMENTS; sa++) {
			for (size_t len = 0; len <= LEN_MAX; len++) {
				u8 *const d_base = malloc(da + len + 1);
				u8 *const s_base = malloc(sa + len + (len + sa == 0));
				u8 *const d = d_base + da;
				u8 *const s = s_base + sa;

				fill_pattern(s, len, (u8)(da * 16 + sa));
				memset(d_base, 0xee, da + len + 1);
				assert_ptr_equal(our_memcpy(d, s, len), d);
				assert_memory_equal(d, s, len);
				assert_int_equal(d[len], 0xee);
				if (da > 0)
					assert_int_equal(d[-1], 0xee);
				free(d_base);
				free(s_base);
			}
		}
	}
}

static void memmove_is_right_at_every_distance(void **state)
{
	u8 expected[512], buf[512];

	for (size_t from = 100; from < 108; from++) {
		for (int distance = -80; distance <= 80; distance++) {
			for (size_t len = 0; len <= 150; len += len < 40 ? 1 : 11) {
				const size_t to = (size_t)((int)from + distance);

				fill_pattern(buf, sizeof(buf), 3);
				memcpy(expected, buf, sizeof(buf));
				memmove(expected + to, expected + from, len);
				assert_ptr_equal(our_memmove(buf + to, buf + from, len), buf + to);
				assert_memory_equal(buf, expected, sizeof(buf));
			}
		}
	}
}

static void memset_fills_exactly(void **state)
{
	for (size_t a = 0; a < ALIGNMENTS; a++) {
		for (size_t len = 0; len <= LEN_MAX; len++) {
			void *base;
			u8 *const p = make_buffer(&base, a, len);

			memset(base, 0x11, a + len + 1);
			assert_ptr_equal(our_memset(p, 0x1a5, len), p);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(p[i], 0xa5);
			assert_int_equal(p[len], 0x11);
			if (a > 0)
				assert_int_equal(p[-1], 0x11);
			free(base);
		}
	}
}

static void memcmp_agrees_with_the_library(void **state)
{
	for (size_t a = 0; a < ALIGNMENTS; a++) {
		for (size_t len = 1; len < 40; len++) {
			for (size_t at = 0; at < len; at++) {
				u8 *const x_base = malloc(a + len);
				u8 *const y = malloc(len);
				u8 *const x = x_base + a;

				fill_pattern(x, len, 9);
				memcpy(y, x, len);
				assert_int_equal(our_memcmp(x, y, len), 0);
				x[at] ^= 0x80;
				assert_int_equal(sign(our_memcmp(x, y, len)),
						 sign(memcmp(x, y, len)));
				assert_int_equal(our_memcmp(x, y, at), 0);
				free(x_base);
				free(y);
			}
		}
	}
}

static void memchr_finds_the_first_within_the_length(void **state)
{
	const char text[] = { 'a', 'b', 'c', 'b', '\xff' };

	assert_ptr_equal(our_memchr(text, 'b', 5), text + 1);
	assert_null(our_memchr(text, 'b', 1));
	assert_ptr_equal(our_memchr(text, 0xff, 5), text + 4);
	assert_ptr_equal(our_memchr(text, -1, 5), text + 4);
	assert_null(our_memchr(text, 'x', 5));
	assert_null(our_memchr(text, 'a', 0));
}

static void lengths_stop_at_the_nul_or_the_limit(void **state)
{
	char buf[64] __aligned(8);

	/* Around each there are NULs, and bytes that are nearly one. */
	for (size_t at = 1; at < 9; at++) {
		for (size_t len = 0; len < 32; len++) {
			memset(buf, '\0', sizeof(buf));
			memset(buf + at, len % 2 != 0 ? 0x01 : 0x80, len);
			buf[at + len + 1] = 'x';
			assert_int_equal(our_strlen(buf + at), len);
			for (size_t max = 0; max < 40; max++)
				assert_int_equal(our_strnlen(buf + at, max), MIN(len, max));
			assert_int_equal(our_strnlen(buf + at, SIZE_MAX), len);
		}
	}
	assert_int_equal(our_strlen(""), 0);
	assert_int_equal(our_strlen("hello"), 5);
}

static void comparisons_agree_with_the_library(void **state)
{
	static const char *const words[] = { "",     "a",     "b",  "ab",   "abc", "abd",    "\x7f",
					     "\x80", "a\xff", "aa", "abcd", "ABC", "abc\x01" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			assert_int_equal(sign(our_strcmp(words[i], words[j])),
					 sign(strcmp(words[i], words[j])));
			for (size_t n = 0; n < 6; n++)
				assert_int_equal(sign(our_strncmp(words[i], words[j], n)),
						 sign(strncmp(words[i], words[j], n)));
			assert_ptr_equal(our_strstr(words[i], words[j]),
					 strstr(words[i], words[j]));
		}
	}
}

static void searches_find_first_last_and_the_end(void **state)
{
	const char *const s = "a/b/c";

	assert_ptr_equal(our_strchr(s, '/'), s + 1);
	assert_ptr_equal(our_strrchr(s, '/'), s + 3);
	assert_ptr_equal(our_strchr(s, '\0'), s + 5);
	assert_ptr_equal(our_strrchr(s, '\0'), s + 5);
	assert_null(our_strchr(s, 'x'));
	assert_null(our_strrchr(s, 'x'));
	assert_ptr_equal(our_strstr("one two three", "two"), strstr("one two three", "two"));
	assert_true(string_has_prefix("console=ttyS0", "console="));
	assert_true(string_has_prefix("x", ""));
	assert_false(string_has_prefix("con", "console="));
}

static void strlcpy_cuts_and_always_terminates(void **state)
{
	char *const buf = malloc(4);

	assert_int_equal(our_strlcpy(buf, "abc", 4), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(our_strlcpy(buf, "abcdef", 4), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(our_strlcpy(buf, "xyz", 1), 3);
	assert_string_equal(buf, "");
	assert_int_equal(our_strlcpy(buf, "xyz", 0), 3);
	assert_string_equal(buf, "");
	free(buf);
}

static void pages_are_copied_and_cleared_exactly(void **state)
{
	u8 *const from = malloc(PAGE_BYTES);
	u8 *const to = malloc(PAGE_BYTES);

	fill_pattern(from, PAGE_BYTES, 77);
	page_copy(to, from);
	assert_memory_equal(to, from, PAGE_BYTES);
	page_clear(to);
	for (size_t i = 0; i < PAGE_BYTES; i++)
		assert_int_equal(to[i], 0);
	free(from);
	free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memcpy_copies_every_length_at_every_alignment),
		cmocka_unit_test(memmove_is_right_at_every_distance),
		cmocka_unit_test(memset_fills_exactly),
		cmocka_unit_test(memcmp_agrees_with_the_library),
		cmocka_unit_test(memchr_finds_the_first_within_the_length),
		cmocka_unit_test(lengths_stop_at_the_nul_or_the_limit),
		cmocka_unit_test(comparisons_agree_with_the_library),
		cmocka_unit_test(searches_find_first_last_and_the_end),
		cmocka_unit_test(strlcpy_cuts_and_always_terminates),
		cmocka_unit_test(pages_are_copied_and_cleared_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
