/* SPDX-License-Identifier: MIT */
/* sources: lib/string.c */
/* Our printf under other names, against the C library's where both define the result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_UNDER_TEST
#define snprintf  our_snprintf
#define vsnprintf our_vsnprintf
#include "lib/format.c"
#undef snprintf
#undef vsnprintf

/* Both make the same text and report the same length. */
#define SAME(...)                                                                           \
	do {                                                                                \
		char expected[512], got[512];                                               \
		const int expected_len = snprintf(expected, sizeof(expected), __VA_ARGS__); \
		const int got_len = our_snprintf(got, sizeof(got), __VA_ARGS__);            \
		assert_string_equal(got, expected);                                         \
		assert_int_equal(got_len, expected_len);                                    \
	} while (0)

static void plain_text_and_percent_signs(void **state)
{
	SAME("nothing to do");
	SAME("100%% of %s", "it");
	assert_int_equal(our_snprintf(NULL, 0, "%s", ""), 0);
}

static void integers_of_every_length(void **state)
{
	SAME("%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
	SAME("%u %x %X %o", 0U, 0xdeadbeefU, 0xdeadbeefU, 0777U);
	SAME("%ld %ld %lu", LONG_MAX, LONG_MIN, ULONG_MAX);
	SAME("%lld %llu %llx", -5LL, 5ULL, 0x123456789abcdefULL);
	SAME("%hhd %hhu %hd %hu", (signed char)-2, (unsigned char)254, (short)-3,
	     (unsigned short)65535);
	SAME("%zu %zd %td", (size_t)12, (ssize_t)-12, (ptrdiff_t)-7);
	SAME("%lo", ULONG_MAX);
	SAME("%hhx", 0x80 + 0x7f);
}

/* Formats put together at run time: every combination of flags, widths, precisions, conversions. */
static void flags_width_and_precision_in_every_combination(void **state)
{
	static const char *const flags[] = { "",   "-",  "0",  "+",  " ", "#",
					     "-0", "+0", "#0", "+-", " 0" };
	static const char *const widths[] = { "", "1", "8", "20" };
	static const char *const precisions[] = { "", ".", ".0", ".3", ".12" };
	static const long values[] = { 0, 1, -1, 42, -12345, LONG_MAX, LONG_MIN };
	char format[32], expected[128], got[128];

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
		for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
			for (size_t p = 0; p < ARRAY_SIZE(precisions); p++)
				for (const char *c = "dxXou"; *c != '\0'; c++)
					for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
						snprintf(format, sizeof(format), "[%%%s%s%sl%c]",
							 flags[f], widths[w], precisions[p], *c);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
						snprintf(expected, sizeof(expected), format,
							 values[v]);
						our_snprintf(got, sizeof(got), format, values[v]);
#pragma GCC diagnostic pop
						if (strcmp(got, expected) != 0)
							print_error("format %s\n", format);
						assert_string_equal(got, expected);
					}
}

static void strings_and_characters(void **state)
{
	const char *volatile null = NULL;
	char got[64];

	SAME("[%s] [%10s] [%-10s] [%.2s] [%10.2s] [%-10.2s]", "abc", "abc", "abc", "abc", "abc",
	     "abc");
	SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
	our_snprintf(got, sizeof(got), "%s %8s", null, null);
	assert_string_equal(got, "(null)   (null)");
}

static void a_string_is_not_read_past_its_precision(void **state)
{
	char *const exact = malloc(3);
	char got[64];

	memcpy(exact, "abc", 3);
	our_snprintf(got, sizeof(got), "%.3s|%.*s", exact, 2, exact);
	assert_string_equal(got, "abc|ab");
	free(exact);
}

static void stars_take_their_numbers_from_the_arguments(void **state)
{
	SAME("[%*d] [%-*d] [%*d]", 5, 42, 5, 42, -5, 42);
	SAME("[%.*d] [%.*d] [%*.*d]", 4, 42, -4, 42, 8, 4, 42);
	SAME("[%*s]", -6, "ab");
}

static void pointers_are_hexadecimal_with_prefix(void **state)
{
	char got[64];

	our_snprintf(got, sizeof(got), "%p", (void *)0xffffffc000001234UL);
	assert_string_equal(got, "0xffffffc000001234");
	our_snprintf(got, sizeof(got), "%p", NULL);
	assert_string_equal(got, "0x0");
	our_snprintf(got, sizeof(got), "%12p", (void *)0x1234);
	assert_string_equal(got, "      0x1234");
}

static void output_is_cut_and_terminated_and_its_full_length_reported(void **state)
{
	for (size_t size = 0; size < 16; size++) {
		char expected[16];
		char *const exact = malloc(size > 0 ? size : 1);

		*exact = 'x';
		snprintf(expected, size, "%05d-%s", 42, "abcdef");
		assert_int_equal(our_snprintf(exact, size, "%05d-%s", 42, "abcdef"), 12);
		if (size > 0)
			assert_string_equal(exact, expected);
		else
			assert_int_equal(*exact, 'x');
		free(exact);
	}
}

static void format_buf_reports_what_is_in_the_buffer(void **state)
{
	char buf[8];
	size_t len;

	len = format_buf(buf, sizeof(buf), "%s", "abc");
	assert_int_equal(len, 3);
	len += format_buf(buf + len, sizeof(buf) - len, "%d", 12345678);
	assert_int_equal(len, 7);
	assert_string_equal(buf, "abc1234");
	assert_int_equal(format_buf(buf + len, sizeof(buf) - len, "%d", 1), 0);
	assert_int_equal(format_buf(buf, 0, "abc"), 0);
}

static void unknown_conversions_are_copied_as_they_stand(void **state)
{
	static const char *const formats[] = { "a %q b", "%", "100%", "%5", "%-08.3", "%k%" };
	char got[64];

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
		our_snprintf(got, sizeof(got), formats[i]);
#pragma GCC diagnostic pop
		assert_string_equal(got, formats[i]);
	}
}

static void a_mad_width_is_bounded(void **state)
{
	/* Not constants, or the compiler warns of what is tested here. */
	volatile int most = INT_MAX;
	volatile int least = INT_MIN;
	char got[16];

	assert_int_equal(our_snprintf(got, sizeof(got), "%*d", most, 1), WIDTH_MAX);
	assert_int_equal(our_snprintf(got, sizeof(got), "%*d", least, 1), WIDTH_MAX);
	assert_int_equal(our_snprintf(got, sizeof(got), "%.*d", most, 1), WIDTH_MAX);
}

struct counting_sink {
	struct format_sink sink;
	char text[64];
	size_t len;
};

static void count_put(struct format_sink *sink, const char *text, size_t len_bytes)
{
	struct counting_sink *const c = container_of(sink, struct counting_sink, sink);

	assert_true(len_bytes > 0);
	assert_true(c->len + len_bytes < sizeof(c->text));
	memcpy(c->text + c->len, text, len_bytes);
	c->len += len_bytes;
}

static void a_sink_gets_all_text_in_order(void **state)
{
	struct counting_sink c = { .sink = { .put = count_put } };

	assert_int_equal(format_to(&c.sink, "<%s|%+05d|%-4u>", "x", 7, 9U), 14);
	assert_int_equal(c.len, 14);
	c.text[c.len] = '\0';
	assert_string_equal(c.text, "<x|+0007|9   >");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_and_percent_signs),
		cmocka_unit_test(integers_of_every_length),
		cmocka_unit_test(flags_width_and_precision_in_every_combination),
		cmocka_unit_test(strings_and_characters),
		cmocka_unit_test(a_string_is_not_read_past_its_precision),
		cmocka_unit_test(stars_take_their_numbers_from_the_arguments),
		cmocka_unit_test(pointers_are_hexadecimal_with_prefix),
		cmocka_unit_test(output_is_cut_and_terminated_and_its_full_length_reported),
		cmocka_unit_test(format_buf_reports_what_is_in_the_buffer),
		cmocka_unit_test(unknown_conversions_are_copied_as_they_stand),
		cmocka_unit_test(a_mad_width_is_bounded),
		cmocka_unit_test(a_sink_gets_all_text_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
