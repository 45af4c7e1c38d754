/* SPDX-License-Identifier: MIT */
/* Changing threads (switch.S). The scheduler decides; this moves registers. */
#pragma once

#include "arch/riscv/cpu/cpu.h"

/* It is not the compiler's to save where it is in use. */
#ifdef CONFIG_FRAME_POINTERS
#define SPOILS_FRAME_POINTER
#else
#define SPOILS_FRAME_POINTER , "s0"
#endif

/*
 * Save the running thread @from and become @to: its stack, its registers, tp. Returns when somebody
 * switches back to @from, perhaps on another hart: then with the thread that was left there for it,
 * and with @hart as that one had it.
 *
 * To the compiler it is a call that spoils every register. So those it keeps are saved once, by the
 * function this stands in; and what goes through is in registers of that kind, where it stands
 * already. Context: interrupts off.
 */
static __always_inline struct arch_thread *
context_switch(struct arch_thread *from, struct arch_thread *to, struct sched_hart **hart)
{
	register struct arch_thread *previous __asm__("s1") = from;
	register struct arch_thread *next __asm__("s2") = to;
	register struct sched_hart *h __asm__("s3") = *hart;
	__asm__ volatile("call context_switch_registers"
			 : "+r"(previous), "+r"(next), "+r"(h)::"memory", "ra", "t0", "t1", "t2",
			   "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
			   "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11" SPOILS_FRAME_POINTER);
	*hart = h;
	return previous;
}

/* On the stack of a thread that never ran: what it begins with. */
struct switch_start {
	void (*begin)(struct arch_thread *previous, void (*entry)(void *), void *arg);
	void (*entry)(void *);
	void *arg;
	u64 unused; /* the stack pointer stays aligned to 16 */
};

/* Where such a thread goes on (regs.ra), with sp at its struct switch_start. regs.fp = 0 ends the
 * backtraces. */
void thread_start_trampoline(void);
