/* SPDX-License-Identifier: MIT */
/* sources: */
/*
 * The list that abi_check.c works through is written by hand. These tests find what was forgotten
 * in it: they read the headers and the list as text. Run from the root of the tree, as make does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST   "kernel/syscall/abi_names.inc"
#define FOLDER "lib/abi"

static char *read_text(const char *path)
{
	FILE *const f = fopen(path, "r");
	char *text;
	long size;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	fclose(f);
	return text;
}

static bool is_listed(const char *list, const char *name)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "(%s)", name);
	return strstr(list, wanted) != NULL;
}

/* Names of all constants (macros without parameters) of a header, in turn. */
static const char *next_constant(const char *text, char *name, size_t size)
{
	static const char define[] = "\n#define ";

	while ((text = strstr(text, define)) != NULL) {
		size_t len = 0;

		text += sizeof(define) - 1;
		while (isalnum((unsigned char)text[len]) || text[len] == '_')
			len++;
		assert_true(len < size);
		if (text[len] == '(')
			continue;
		memcpy(name, text, len);
		name[len] = '\0';
		return text;
	}
	return NULL;
}

static void every_constant_of_the_abi_is_listed(void **state)
{
	char *const list = read_text(LIST);
	char *const all = read_text("kernel/syscall/abi.h");
	DIR *const folder = opendir(FOLDER);
	const struct dirent *entry;
	unsigned int missing = 0;
	unsigned int found = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		const size_t len = strlen(entry->d_name);
		char path[512], name[96];
		char *text;

		if (len < 3 || strcmp(entry->d_name + len - 2, ".h") != 0)
			continue;
		snprintf(path, sizeof(path), FOLDER "/%s", entry->d_name);
		if (strstr(all, path) == NULL) {
			print_error("kernel/syscall/abi.h does not include %s\n", path);
			missing++;
		}
		text = read_text(path);
		for (const char *p = text; (p = next_constant(p, name, sizeof(name))) != NULL;) {
			found++;
			if (!is_listed(list, name)) {
				print_error("add %s of %s to " LIST "\n", name, path);
				missing++;
			}
		}
		free(text);
	}
	closedir(folder);
	free(all);
	free(list);
	assert_true(found > 800);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_constant_of_the_abi_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
