// SPDX-License-Identifier: MIT
/* sources: kernel/proc/exec_script.c tests/fuzz/replay.c */
/* The first line of a script. */
#include "kernel/proc/exec_script.h"
#include "lib/abi/errno.h"
#include "tests/fuzz/fuzz.h"

/* @s ends within the head. */
static bool is_inside(const char *head, const char *s)
{
	return s >= head && memchr(s, '\0', (size_t)(head + EXEC_SCRIPT_BYTES - s)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exec_script script = { 0 };
	char *head = calloc(1, EXEC_SCRIPT_BYTES);
	FUZZ_CHECK(head != NULL);
	memcpy(head + 2, data, MIN(size, (size_t)EXEC_SCRIPT_BYTES - 2));
	head[0] = '#';
	head[1] = '!';
	const int result = exec_script_parse(head, &script);
	FUZZ_CHECK(result == 0 || result == -ENOEXEC);
	if (result == 0) {
		FUZZ_CHECK(is_inside(head, script.interpreter) && script.interpreter[0] != '\0');
		FUZZ_CHECK(strpbrk(script.interpreter, " \t\n") == NULL);
		if (script.argument != NULL) {
			FUZZ_CHECK(is_inside(head, script.argument));
			FUZZ_CHECK(script.argument[0] != '\0' && script.argument[0] != ' ');
			FUZZ_CHECK(strchr(script.argument, '\n') == NULL);
		}
	}
	free(head);
	return 0;
}
