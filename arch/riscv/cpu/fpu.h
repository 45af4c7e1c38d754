/* SPDX-License-Identifier: MIT */
/*
 * The floating-point registers of user programs. The kernel itself never computes with them and
 * runs with FS = Off; what the user did stands in the FS field of its saved status. Registers are
 * saved when a thread that dirtied them leaves the hart, loaded when it comes back unless they are
 * still there, and never show another program's values (a thread that used none gets zeros).
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/trap_frame.h"

/* Each hart, once, before its first switch. */
void fpu_init_hart(void);
/* The rest of what follows, when there may be something to do. */
void fpu_save_dirty(struct arch_thread *t);
void fpu_load_other(struct arch_thread *t);

/* Around a switch. Interrupts off. */
static inline void fpu_switch_out(struct arch_thread *t)
{
	if (unlikely((thread_user_frame(t)->status & SSTATUS_SD) != 0))
		fpu_save_dirty(t);
}
static inline void fpu_switch_in(const struct cpu *cpu, struct arch_thread *t)
{
	if (unlikely(((u64)cpu->fpu_holds | t->fpu_used) != 0))
		fpu_load_other(t);
}
/* The running thread's registers are about to be changed (get_user_sigframe()): should it sleep
 * meanwhile, they are kept as if the program did it, and are dirty no more. */
static inline void fpu_set_dirty(void)
{
	thread_user_frame(arch_current())->status |= SSTATUS_FS_DIRTY | SSTATUS_SD;
}
static inline bool fpu_is_dirty(void)
{
	return (thread_user_frame(arch_current())->status & SSTATUS_SD) != 0;
}
/* @child begins with what @parent, which runs, has. */
void fpu_fork(struct arch_thread *parent, struct arch_thread *child);
/* exec: the running thread @t begins with zeros. */
void fpu_reset(struct arch_thread *t);
