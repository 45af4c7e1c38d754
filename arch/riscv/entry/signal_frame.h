/* SPDX-License-Identifier: MIT */
/* The way out to user mode when signals are pending, and the way back from handlers. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"
#include "lib/compiler.h"

/*
 * Obey the running process' signals: it may end or stop here; handlers are set up on its stack, so
 * that it enters the first of them; an interrupted system call is decided to restart or to fail
 * with EINTR. Called with TW_SIGNAL set, which is clear afterwards unless more came. Context:
 * interrupts on, no lock held; may sleep.
 */
void signal_deliver(struct trap_frame *f);

/*
 * rt_sigreturn: go back to what the frame at the user's stack pointer says. A frame that cannot be
 * read means SIGSEGV.
 */
void signal_return(struct trap_frame *f);
