/* SPDX-License-Identifier: MIT */
/* What kernel/proc can tell in a panic and when the console asks (sysrq.c): printed, lock-free. */
#pragma once

struct process;

/* From here on a panic names the running process and its memory. At boot. */
void report_init(void);
/* A line for @p, and one for each of its regions, the first of them. Any context. */
void report_process(const struct process *p);
