/* SPDX-License-Identifier: MIT */
/* Out of memory: make some free by ending a process, never the kernel. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/*
 * Memory ran out for the running process, on its way through a page fault or a system call, for the
 * @tries-th time in this one. Gives stocks back, and if that is not enough kills the process with
 * the most resident memory (never PID 1) and waits, bounded, until it is gone. Context: may sleep;
 * no lock of RANK_ASPACE or later held. Returns true: try again. False: give up, the running
 * process ends (it is the one, or is ending already) or nobody can be killed.
 */
bool oom_kill(unsigned tries) __must_check;
/* The same kill without the need, and without waiting for its memory. Context: may sleep. */
void oom_kill_largest(void);
