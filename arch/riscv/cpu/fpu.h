/* SPDX-License-Identifier: MIT */
/*
 * The floating-point registers of user programs. The kernel itself never computes with them and
 * runs with FS = Off; what the user did stands in the FS field of its saved status. Registers are
 * saved when a thread that dirtied them leaves the hart, loaded when it comes back unless they are
 * still there, and never show another program's values (a thread that used none gets zeros).
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"

/* Around a switch, for threads that have a user frame. Interrupts off. */
void fpu_switch_out(struct arch_thread *t);
void fpu_switch_in(struct arch_thread *t);
/* The running thread's registers as they are now, for a signal frame or a fork. */
void fpu_save_current(struct fpu_state *out);
/* Make @in the running thread's registers. */
void fpu_load_current(const struct fpu_state *in);
/* @child begins with what @parent, which runs, has. */
void fpu_fork(struct arch_thread *parent, struct arch_thread *child);
/* exec: the running thread @t begins with zeros. */
void fpu_reset(struct arch_thread *t);
