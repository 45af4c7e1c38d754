/* SPDX-License-Identifier: MIT */
/*
 * The command line that the boot loader hands over: words apart by blanks, name=value or a bare
 * name; double quotes keep blanks together. Set once at boot, read-only afterwards. Context: any.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* Take a copy of @text (NULL: empty). What is too long is cut at a word, with a warning. */
void cmdline_init(const char *text);
/* As it was handed over, for /proc/cmdline. */
const char *cmdline_text(void);

/*
 * The value of the last word @name or @name=value, cut to @size and terminated; "" for a bare name.
 * False, and @buf as it was, if there is none.
 */
bool cmdline_get(const char *name, char *buf, size_t size);
/* A number, decimal or 0x, with K, M or G behind it if need be. False, with a warning if it is
 * malformed. */
bool cmdline_get_u64(const char *name, u64 *value);

/*
 * Call @visit for each word that means nothing to the kernel, in order: with '=' it is init's
 * environment, without (and everything after a word "--") its arguments, as in Linux. @word stays
 * valid.
 */
void cmdline_for_each_unknown(void (*visit)(const char *word, bool is_environment, void *arg),
			      void *arg);
