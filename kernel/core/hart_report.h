/* SPDX-License-Identifier: MIT */
/*
 * What does another hart do now? Asked when it keeps others waiting. It answers from its next
 * interrupt; if it takes none, that is the answer.
 */
#pragma once

#include "lib/types.h"

/* Log where hart @cpu is and how it got there. Bounded: waits a tenth of a second at most. Any
 * context, no lock of RANK_PRINTK or later held. */
void hart_report(u32 cpu);
/* Where this hart was when the interrupt that is being handled came: a function's name, or that it
 * was in user mode. */
void hart_format_interrupted(char *buf, size_t size);

/* Filled in by kernel/sched: the name of the thread that runs there. */
extern const char *(*hart_thread_name)(u32 cpu);
