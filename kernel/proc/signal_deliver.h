/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the running process' signals on its way back to user mode: it ends, stops, goes
 * on, or a handler is to be called. Calling a handler is arch/riscv/entry/signal_frame.c's, which
 * asks here.
 */
#pragma once

#include "kernel/proc/signal.h"

/*
 * Obey signals until one has a handler; true: call it, what that wants blocked is. False: nothing
 * is left to do. Does not return if a signal ends the process; sleeps while it is stopped. Context:
 * own thread, interrupts on, no lock held.
 */
bool signal_next(struct signal_taken *out);
/* Its frame cannot be written: the process gets SIGSEGV, which ends it if that was the signal
 * itself. */
void signal_undeliverable(const struct signal_taken *taken);
