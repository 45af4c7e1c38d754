// SPDX-License-Identifier: MIT
/* sources: kernel/core/cmdline.c lib/parse.c lib/string.c */
/* The kernel's command line: what is found, what is a number, and what goes to init. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"

static unsigned warnings;

void printk(enum log_level level, const char *format, ...)
{
	warnings++;
}

static char seen[512];

static void see(const char *word, bool is_environment, void *arg)
{
	const size_t n = strlen(seen);
	snprintf(seen + n, sizeof(seen) - n, "%s%s;", is_environment ? "E:" : "A:", word);
}

static const char *unknown_of(const char *text)
{
	seen[0] = '\0';
	cmdline_init(text);
	cmdline_for_each_unknown(see, NULL);
	return seen;
}

static void a_value_is_found_by_its_name(void **state)
{
	char buf[16];
	cmdline_init("  init=/bin/sh\tfork=page  panic=5 ");
	assert_true(cmdline_get("fork", buf, sizeof(buf)));
	assert_string_equal(buf, "page");
	assert_true(cmdline_get("init", buf, sizeof(buf)));
	assert_string_equal(buf, "/bin/sh");
	assert_false(cmdline_get("for", buf, sizeof(buf)));
	assert_false(cmdline_get("forks", buf, sizeof(buf)));
	assert_string_equal(buf, "/bin/sh");
	assert_string_equal(cmdline_text(), "  init=/bin/sh\tfork=page  panic=5 ");
}

static void a_bare_word_has_an_empty_value(void **state)
{
	char buf[16] = "x";
	cmdline_init("quiet");
	assert_true(cmdline_get("quiet", buf, sizeof(buf)));
	assert_string_equal(buf, "");
}

static void the_last_of_several_counts(void **state)
{
	char buf[16];
	cmdline_init("console=ttyS0 console=ttySIF0");
	assert_true(cmdline_get("console", buf, sizeof(buf)));
	assert_string_equal(buf, "ttySIF0");
}

static void quotes_keep_blanks_together(void **state)
{
	char buf[32];
	cmdline_init("init=\"/bin/my shell\" \"fork=copy\"");
	assert_true(cmdline_get("init", buf, sizeof(buf)));
	assert_string_equal(buf, "/bin/my shell");
	assert_true(cmdline_get("fork", buf, sizeof(buf)));
	assert_string_equal(buf, "copy");
}

static void numbers_may_have_units(void **state)
{
	u64 value = 7;
	cmdline_init("mem=32M maxcpus=0x4 panic=many loglevel=");
	assert_true(cmdline_get_u64("mem", &value));
	assert_int_equal(value, 32UL << 20);
	assert_true(cmdline_get_u64("maxcpus", &value));
	assert_int_equal(value, 4);
	warnings = 0;
	assert_false(cmdline_get_u64("panic", &value));
	assert_false(cmdline_get_u64("loglevel", &value));
	assert_int_equal(warnings, 2);
	assert_false(cmdline_get_u64("absent", &value));
	assert_int_equal(warnings, 2);
	assert_int_equal(value, 4);
}

static void what_the_kernel_does_not_know_goes_to_init(void **state)
{
	assert_string_equal(unknown_of("single TERM=vt100 loglevel=7 fork=copy quiet 3"),
			    "A:single;E:TERM=vt100;A:3;");
}

static void all_behind_two_dashes_goes_to_init(void **state)
{
	char buf[16];
	assert_string_equal(unknown_of("quiet -- quiet -l init=/x"), "A:quiet;A:-l;A:init=/x;");
	assert_false(cmdline_get("init", buf, sizeof(buf)));
}

static void parameters_of_modules_are_for_nobody(void **state)
{
	assert_string_equal(unknown_of("usb.debug=1 FILE=a.txt"), "E:FILE=a.txt;");
}

static void nothing_is_an_empty_command_line(void **state)
{
	assert_string_equal(unknown_of(NULL), "");
	assert_string_equal(unknown_of("   "), "");
}

static void what_is_too_long_is_cut_at_a_word(void **state)
{
	static char text[8000];
	char buf[16];
	u64 value;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "panic=5 ", 8);
	text[2040] = ' ';
	memcpy(text + 2041, "loglevel=5 ", 11);
	warnings = 0;
	cmdline_init(text);
	assert_int_equal(warnings, 1);
	assert_true(cmdline_get_u64("panic", &value));
	assert_false(cmdline_get("loglevel", buf, sizeof(buf)));

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "a ", 2);
	warnings = 0;
	cmdline_init(text);
	assert_int_equal(warnings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_found_by_its_name),
		cmocka_unit_test(a_bare_word_has_an_empty_value),
		cmocka_unit_test(the_last_of_several_counts),
		cmocka_unit_test(quotes_keep_blanks_together),
		cmocka_unit_test(numbers_may_have_units),
		cmocka_unit_test(what_the_kernel_does_not_know_goes_to_init),
		cmocka_unit_test(all_behind_two_dashes_goes_to_init),
		cmocka_unit_test(parameters_of_modules_are_for_nobody),
		cmocka_unit_test(nothing_is_an_empty_command_line),
		cmocka_unit_test(what_is_too_long_is_cut_at_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
