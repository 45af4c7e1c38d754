/* SPDX-License-Identifier: MIT */
/*
 * The leak check: frames by kind and slab objects by cache, compared with how many there were
 * before PID 1.
 */
#pragma once

#include "lib/types.h"

/*
 * Note what there is. kernel/main.c calls it once, after everything that lives as long as the
 * kernel exists and before the root file system gets contents.
 */
void leakcheck_baseline(void);

struct seq;
/* What is counted, as text: "3 anon pages" and the like, a line each. 0 or -ENOMEM. */
int leakcheck_show(struct seq *s);

/*
 * Give stocks back and compare. What has just ended may take a moment to be freed, so this waits a
 * little before it believes in a leak. Prints "leaks: none", or "leaks: " and what is left by kind.
 * Context: a kernel thread, all processes gone, file systems unmounted; may sleep.
 */
void leakcheck_verdict(void);
