// SPDX-License-Identifier: MIT
/* sources: kernel/core/cmdline.c lib/parse.c lib/string.c tests/fuzz/replay.c */
/* The command line: any text. */
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "lib/parse.h"
#include "tests/fuzz/fuzz.h"

void printk(enum log_level level, const char *format, ...)
{
}

static void see(const char *word, bool is_environment, void *arg)
{
	FUZZ_CHECK(strlen(word) <= *(size_t *)arg);
	FUZZ_CHECK(!is_environment || strchr(word, '=') != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "console", "fork", "init", "mem", "loglevel", "x" };
	char *text = malloc(size + 1);
	FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	cmdline_init(text);
	free(text); /* it has a copy */
	FUZZ_CHECK(strlen(cmdline_text()) <= size);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char value[8] = "1234567";
		u64 number = 77;
		const bool is_there = cmdline_get(names[i], value, sizeof(value));
		FUZZ_CHECK(is_there ? strlen(value) < sizeof(value) :
				      strcmp(value, "1234567") == 0);
		const bool is_number = cmdline_get_u64(names[i], &number);
		FUZZ_CHECK(is_number ? is_there : number == 77);
	}
	cmdline_for_each_unknown(see, &size);
	return 0;
}
