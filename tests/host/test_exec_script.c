// SPDX-License-Identifier: MIT
/* sources: kernel/proc/exec_script.c */
/* The first line of scripts, by Linux's rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/proc/exec_script.h"
#include "lib/abi/errno.h"

/* What parsing the file @text gives; 0 or the error. */
static int parse(const char *text, struct exec_script *out)
{
	static char head[EXEC_SCRIPT_BYTES];
	memset(head, 0, sizeof(head));
	const size_t len = strlen(text);
	memcpy(head, text, len < sizeof(head) ? len : sizeof(head));
	assert_true(exec_script_is(head, sizeof(head)));
	return exec_script_parse(head, out);
}

static void expect(const char *text, const char *interpreter, const char *argument)
{
	struct exec_script s;
	assert_int_equal(parse(text, &s), 0);
	assert_string_equal(s.interpreter, interpreter);
	if (argument == NULL)
		assert_null(s.argument);
	else
		assert_string_equal(s.argument, argument);
}

static void script_names_interpreter(void **state)
{
	expect("#!/bin/sh\necho\n", "/bin/sh", NULL);
	expect("#! \t/bin/sh\n", "/bin/sh", NULL);
	expect("#!/bin/sh", "/bin/sh", NULL);
	expect("#!/bin/sh  \t \n", "/bin/sh", NULL);
}

static void script_rest_of_line_is_one_argument(void **state)
{
	expect("#!/bin/sh -e\n", "/bin/sh", "-e");
	expect("#!/usr/bin/env  two words \t\nx", "/usr/bin/env", "two words");
	expect("#!a\tb", "a", "b");
}

static void script_without_interpreter_is_refused(void **state)
{
	struct exec_script s;
	assert_int_equal(parse("#!", &s), -ENOEXEC);
	assert_int_equal(parse("#!\n/bin/sh\n", &s), -ENOEXEC);
	assert_int_equal(parse("#! \t \n", &s), -ENOEXEC);
}

static void script_long_line_is_cut_behind_the_interpreter(void **state)
{
	char text[2 * EXEC_SCRIPT_BYTES];
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/bin/sh ", 10);
	text[sizeof(text) - 1] = '\0';
	struct exec_script s;
	assert_int_equal(parse(text, &s), 0);
	assert_string_equal(s.interpreter, "/bin/sh");
	/* All of the head but its last byte, which is the NUL. */
	assert_int_equal(strlen(s.argument), EXEC_SCRIPT_BYTES - 1 - 10);
}

static void script_interpreter_that_does_not_fit_is_refused(void **state)
{
	char text[2 * EXEC_SCRIPT_BYTES];
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	text[sizeof(text) - 1] = '\0';
	struct exec_script s;
	assert_int_equal(parse(text, &s), -ENOEXEC);
	memset(text + 2, ' ', sizeof(text) - 3);
	assert_int_equal(parse(text, &s), -ENOEXEC);
	/* The longest that fits: a newline as the last byte of the head. */
	memset(text + 2, 'x', sizeof(text) - 3);
	text[EXEC_SCRIPT_BYTES - 1] = '\n';
	assert_int_equal(parse(text, &s), 0);
	assert_int_equal(strlen(s.interpreter), EXEC_SCRIPT_BYTES - 3);
}

static void script_nul_ends_the_interpreter(void **state)
{
	char head[EXEC_SCRIPT_BYTES] = "#!/bin/sh\0 ignored\n";
	struct exec_script s;
	assert_int_equal(exec_script_parse(head, &s), 0);
	assert_string_equal(s.interpreter, "/bin/sh");
	assert_null(s.argument);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(script_names_interpreter),
		cmocka_unit_test(script_rest_of_line_is_one_argument),
		cmocka_unit_test(script_without_interpreter_is_refused),
		cmocka_unit_test(script_long_line_is_cut_behind_the_interpreter),
		cmocka_unit_test(script_interpreter_that_does_not_fit_is_refused),
		cmocka_unit_test(script_nul_ends_the_interpreter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
