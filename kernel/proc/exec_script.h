/* SPDX-License-Identifier: MIT */
/* The first line of a script. Pure: no memory but the caller's. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* A `#!` line must fit, as in Linux. */
#define EXEC_SCRIPT_BYTES 256

struct exec_script {
	const char *interpreter;
	const char *argument; /* the rest of the line without blanks at its ends; NULL: none */
};

/* Does a file whose first @len_bytes are @head begin so? */
static inline bool exec_script_is(const char *head, size_t len_bytes)
{
	return len_bytes >= 2 && head[0] == '#' && head[1] == '!';
}

/*
 * Parse @head, the first bytes of a file that begins with `#!`, zeros behind a shorter file's end.
 * Cuts @head into the strings of @out. Returns 0; -ENOEXEC: no interpreter, or its name does not
 * fit.
 */
int exec_script_parse(char head[EXEC_SCRIPT_BYTES], struct exec_script *out) __must_check;
