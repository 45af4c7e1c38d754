// SPDX-License-Identifier: MIT
/* sources: kernel/core/printk.c lib/format.c lib/string.c */
/* The log: what the ring keeps, what the console gets, and that lines come out whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/sbi.h"
#include "kernel/core/printk.h"

#define LOG_BYTES 65536

static nsec_t now = 12345678000;
static char firmware[1 << 20], registered[1 << 20];
static char log_text[2 * LOG_BYTES];

nsec_t clock_now(void)
{
	return now;
}

void sbi_console_write(const char *text, size_t len_bytes)
{
	strncat(firmware, text, len_bytes);
}

static void console_write(struct console *c, const char *text, size_t len_bytes)
{
	assert_int_equal(text[len_bytes - 1], '\n');
	strncat(registered, text, len_bytes);
}

static struct console console = { .name = "test", .write = console_write };

static int setup(void **state)
{
	firmware[0] = registered[0] = '\0';
	log_set_level(LOG_DEBUG);
	return 0;
}

static const char *last_log(size_t size)
{
	u64 at = log_place_of_last(size);
	const size_t n = log_read(log_text, size, &at);
	assert_true(n <= size);
	log_text[n] = '\0';
	return log_text;
}

static void lines_begin_with_the_time(void **state)
{
	pr_info("hello %d\n", 5);
	assert_string_equal(firmware, "[   12.345678] hello 5\n");
	assert_non_null(strstr(last_log(LOG_BYTES), "<6>[   12.345678] hello 5\n"));
}

static void a_missing_newline_is_added(void **state)
{
	pr_err("one");
	pr_err("two");
	assert_string_equal(firmware, "[   12.345678] one\n[   12.345678] two\n");
}

static void a_text_of_two_lines_becomes_two(void **state)
{
	pr_err("one\ntwo\n");
	assert_string_equal(firmware, "[   12.345678] one\n[   12.345678] two\n");
}

static void the_console_gets_what_its_level_allows(void **state)
{
	pr_debug("quiet");
	assert_string_equal(firmware, "");
	assert_non_null(strstr(last_log(LOG_BYTES), "<7>[   12.345678] quiet\n"));
	log_set_level(LOG_DEBUG + 1);
	pr_debug("loud");
	assert_string_equal(firmware, "[   12.345678] loud\n");
	log_set_level(LOG_WARN);
	pr_warn("no");
	pr_err("yes");
	assert_non_null(strstr(firmware, "yes"));
	assert_null(strstr(firmware, "no"));
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	pr_err("name \033[2J\177 \twith tab");
	assert_string_equal(firmware, "[   12.345678] name ?[2J? \twith tab\n");
}

static void a_long_text_is_cut(void **state)
{
	static char big[5000];
	memset(big, 'x', sizeof(big) - 1);
	pr_err("%s", big);
	const size_t n = strlen(firmware);
	assert_true(n > 1000 && n < 1100);
	assert_int_equal(firmware[n - 1], '\n');
}

static void the_ring_keeps_the_newest_lines_whole(void **state)
{
	for (unsigned i = 0; i < 5000; i++)
		pr_debug("line %u of many", i);
	const char *text = last_log(LOG_BYTES);
	assert_true(strlen(text) > LOG_BYTES - 200);
	assert_memory_equal(text, "<7>[", 4);
	assert_non_null(strstr(text, "line 4999 of many\n"));
	assert_null(strstr(text, "line 1 of many\n"));
	/* Every line of it is one that was written. */
	unsigned next = 0;
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		unsigned i;
		assert_int_equal(sscanf(line, "<7>[   12.345678] line %u of many\n", &i), 1);
		assert_true(next == 0 || i == next);
		next = i + 1;
	}
	/* Debug lines went by in the meantime; the console goes on with what it may show. */
	pr_err("after");
	assert_string_equal(firmware, "[   12.345678] after\n");
}

static void a_small_read_begins_with_a_line(void **state)
{
	pr_err("first of two");
	pr_err("second of two");
	assert_string_equal(last_log(40), "<3>[   12.345678] second of two\n");
	assert_string_equal(last_log(10), "");
	assert_string_equal(last_log(0), "");
}

static void a_reader_goes_on_where_it_was(void **state)
{
	u64 at = log_end();
	pr_err("one");
	pr_err("two");
	assert_int_equal(log_read(log_text, 3, &at), 3);
	assert_memory_equal(log_text, "<3>", 3);
	const size_t n = log_read(log_text, sizeof(log_text), &at);
	assert_memory_equal(log_text, "[   12.345678] one\n<3>[   12.345678] two\n", n);
	assert_int_equal(at, log_end());
	assert_int_equal(log_read(log_text, sizeof(log_text), &at), 0);
}

static void what_is_overwritten_is_skipped_by_lines(void **state)
{
	u64 at = log_end();
	pr_err("lost");
	for (int i = 0; i < 3000; i++)
		pr_debug("filling the ring with line %d", i);
	assert_int_equal(log_read(log_text, 4, &at), 4);
	assert_memory_equal(log_text, "<7>[", 4);
}

static void lines_are_numbered_from_the_first_on(void **state)
{
	const u64 first = log_end();
	const u64 number = log_line_number(first);
	pr_err("one\ntwo");
	const u64 second = log_end();
	pr_err("three");
	assert_int_equal(log_line_number(first), number);
	assert_int_equal(log_line_number(second), number + 2);
	assert_int_equal(log_line_number(log_end()), number + 3);
	for (int i = 0; i < 3000; i++)
		pr_debug("filling the ring with line %d", i);
	/* The oldest one left stands for what is gone. */
	assert_true(log_line_number(first) > number + 3);
	assert_int_equal(log_line_number(log_end()), number + 3003);
}

static void a_facility_is_kept_and_does_not_count_as_level(void **state)
{
	const u64 at = log_end();
	u64 place = at;
	log_set_level(LOG_ERROR + 1);
	printk((enum log_level)(30 << LOG_FACILITY_SHIFT | LOG_ERROR), "shown");
	printk((enum log_level)(1 << LOG_FACILITY_SHIFT | LOG_WARN), "kept");
	assert_string_equal(firmware, "[   12.345678] shown\n");
	const size_t n = log_read(log_text, sizeof(log_text), &place);
	assert_memory_equal(log_text, "<243>[   12.345678] shown\n<12>[   12.345678] kept\n", n);
}

static void a_registered_console_takes_over_without_repeating(void **state)
{
	pr_err("to the firmware");
	console_register(&console);
	pr_err("to the console");
	assert_string_equal(firmware, "[   12.345678] to the firmware\n");
	assert_string_equal(registered, "[   12.345678] to the console\n");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_begin_with_the_time),
		TEST(a_missing_newline_is_added),
		TEST(a_text_of_two_lines_becomes_two),
		TEST(the_console_gets_what_its_level_allows),
		TEST(control_characters_do_not_reach_the_terminal),
		TEST(a_long_text_is_cut),
		TEST(the_ring_keeps_the_newest_lines_whole),
		TEST(a_small_read_begins_with_a_line),
		TEST(a_reader_goes_on_where_it_was),
		TEST(what_is_overwritten_is_skipped_by_lines),
		TEST(lines_are_numbered_from_the_first_on),
		TEST(a_facility_is_kept_and_does_not_count_as_level),
		TEST(a_registered_console_takes_over_without_repeating),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
