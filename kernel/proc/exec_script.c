// SPDX-License-Identifier: MIT
/*
 * `#! interpreter argument` by Linux's rules: blanks are spaces and tabs; all that follows the
 * interpreter is one argument; a line longer than the head is cut, which is an error only when it
 * would cut the interpreter's name.
 */
#include "kernel/proc/exec_script.h"

#include "lib/abi/errno.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first of [@from, @end) that is no blank, or @end. */
static char *skip_blanks(char *from, const char *end)
{
	while (from < end && is_blank(*from))
		from++;
	return from;
}

/* The first of [@from, @end) that ends a word, or @end. */
static char *skip_word(char *from, const char *end)
{
	while (from < end && !is_blank(*from) && *from != '\0')
		from++;
	return from;
}

/* The end of the line, which becomes a NUL; NULL: the name of the interpreter is not all there. */
static char *line_end(char *head)
{
	char *const last = head + EXEC_SCRIPT_BYTES - 1; /* room for the NUL */
	for (char *c = head; c <= last; c++) {
		if (*c == '\n')
			return c;
	}
	char *const word = skip_blanks(head + 2, last);
	return skip_word(word, last) == last ? NULL : last;
}

int exec_script_parse(char head[EXEC_SCRIPT_BYTES], struct exec_script *out)
{
	char *end = line_end(head);
	if (end == NULL)
		return -ENOEXEC;
	while (is_blank(end[-1])) /* stops at the '!' */
		end--;
	*end = '\0';
	char *const name = skip_blanks(head + 2, end);
	char *const name_end = skip_word(name, end);
	if (name == name_end)
		return -ENOEXEC;
	/* A NUL inside the line ends it. */
	char *const argument = *name_end == '\0' ? end : skip_blanks(name_end, end);
	*name_end = '\0';
	out->interpreter = name;
	out->argument = argument < end && *argument != '\0' ? argument : NULL;
	return 0;
}
