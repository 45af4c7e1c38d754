/* SPDX-License-Identifier: MIT */
/* What is pending, for signal.c. Callers hold signals.lock of the process concerned. */
#pragma once

#include "kernel/proc/signal.h"

/*
 * Let @sig be pending in @to, a set of the process whose state is @s; @info NULL = from the kernel.
 * Returns 0; -EAGAIN: a real-time signal whose siginfo has no room.
 */
int pending_add_locked(struct signal_state *s, struct pending_signals *to, int sig,
		       const struct siginfo *info);
/* Take one of @set that is pending for @t, its own before its process'. Its number; 0: none. */
int pending_take_any_locked(struct task *t, u64 set, struct siginfo *out);
/* Forget those of @set in @from, a set of the process whose state is @s. */
void pending_discard_locked(struct signal_state *s, struct pending_signals *from, u64 set);
/* The same, in all sets of @p. */
void pending_discard_everywhere_locked(struct process *p, u64 set);
