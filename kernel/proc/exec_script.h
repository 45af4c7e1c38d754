/* SPDX-License-Identifier: MIT */
/* The first line of a script. Pure: no memory but the caller's. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* What exec reads of a file to tell what it is; a `#!` line must fit, as in Linux. */
#define EXEC_HEAD_BYTES 256

struct exec_script {
	const char *interpreter;
	const char *argument; /* the rest of the line without blanks at its ends; NULL: none */
};

static inline bool exec_script_is(const char head[EXEC_HEAD_BYTES])
{
	return head[0] == '#' && head[1] == '!';
}

/*
 * Parse @head, the first bytes of a file that begins with `#!`, zeros behind a shorter file's end.
 * Cuts @head into the strings of @out. Returns 0; -ENOEXEC: no interpreter, or its name does not
 * fit.
 */
int exec_script_parse(char head[EXEC_HEAD_BYTES], struct exec_script *out) __must_check;
