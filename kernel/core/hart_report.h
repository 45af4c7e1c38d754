/* SPDX-License-Identifier: MIT */
/*
 * What does another hart do now? Asked when it keeps others waiting. It answers from its next
 * interrupt; if it takes none, that is the answer.
 */
#pragma once

#include "kernel/core/printk.h"
#include "lib/types.h"

/* Log where hart @cpu is and how it got there, at @level: what a person asked for is an emergency,
 * what the system survives is none. Bounded: waits a second at most. Any context, no lock of
 * RANK_PRINTK or later held. */
void hart_report(u32 cpu, enum log_level level);
/* Where this hart was when the interrupt that is being handled came: a function's name, or that it
 * was in user mode. */
void hart_format_interrupted(char *buf, size_t size);

/* Filled in by kernel/sched: the name of the thread that runs there. */
extern const char *(*hart_thread_name)(u32 cpu);
