/* SPDX-License-Identifier: MIT */
/*
 * Threads change here. A switch is a call: what the compiler keeps across calls is all there is to
 * save.
 */
#include "generated/asm_offsets.h"

	.text
	/* void context_switch(struct arch_thread *from, struct arch_thread *to) */
	.globl context_switch
	.type context_switch, @function
context_switch:
	sd ra, THREAD_REGS + 0*8(a0)
	sd sp, THREAD_REGS + 1*8(a0)
	sd s0, THREAD_REGS + 2*8(a0)
	sd s1, THREAD_REGS + 3*8(a0)
	sd s2, THREAD_REGS + 4*8(a0)
	sd s3, THREAD_REGS + 5*8(a0)
	sd s4, THREAD_REGS + 6*8(a0)
	sd s5, THREAD_REGS + 7*8(a0)
	sd s6, THREAD_REGS + 8*8(a0)
	sd s7, THREAD_REGS + 9*8(a0)
	sd s8, THREAD_REGS + 10*8(a0)
	sd s9, THREAD_REGS + 11*8(a0)
	sd s10, THREAD_REGS + 12*8(a0)
	sd s11, THREAD_REGS + 13*8(a0)
	mv tp, a1
	ld ra, THREAD_REGS + 0*8(a1)
	ld sp, THREAD_REGS + 1*8(a1)
	ld s0, THREAD_REGS + 2*8(a1)
	ld s1, THREAD_REGS + 3*8(a1)
	ld s2, THREAD_REGS + 4*8(a1)
	ld s3, THREAD_REGS + 5*8(a1)
	ld s4, THREAD_REGS + 6*8(a1)
	ld s5, THREAD_REGS + 7*8(a1)
	ld s6, THREAD_REGS + 8*8(a1)
	ld s7, THREAD_REGS + 9*8(a1)
	ld s8, THREAD_REGS + 10*8(a1)
	ld s9, THREAD_REGS + 11*8(a1)
	ld s10, THREAD_REGS + 12*8(a1)
	ld s11, THREAD_REGS + 13*8(a1)
	ret
	.size context_switch, . - context_switch

	/*
	 * A new thread's first instruction: s1(s2, s3), which does not return
	 * (kernel/sched/thread.c).
	 */
	.globl thread_start_trampoline
	.type thread_start_trampoline, @function
thread_start_trampoline:
	mv a0, s2
	mv a1, s3
	jalr s1
	.size thread_start_trampoline, . - thread_start_trampoline
