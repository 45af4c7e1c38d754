/* SPDX-License-Identifier: MIT */
/*
 * Threads change here. The compiler saves what it needs across the call (switch.h); left are the
 * three registers it cannot save itself.
 */
#include "generated/asm_offsets.h"

	.text
	/* context_switch(): a0 stays, and so becomes what the call returns to a1's thread. */
	.globl context_switch_registers
	.type context_switch_registers, @function
context_switch_registers:
	sd ra, THREAD_REGS + 0*8(a0)
	sd sp, THREAD_REGS + 1*8(a0)
	sd s0, THREAD_REGS + 2*8(a0)
	mv tp, a1
	ld ra, THREAD_REGS + 0*8(a1)
	ld sp, THREAD_REGS + 1*8(a1)
	ld s0, THREAD_REGS + 2*8(a1)
	ret
	.size context_switch_registers, . - context_switch_registers

	/*
	 * A new thread's first instruction, with who was left in a0 and struct switch_start at sp:
	 * its function does not return (kernel/sched/thread.c).
	 */
	.globl thread_start_trampoline
	.type thread_start_trampoline, @function
thread_start_trampoline:
	ld t0, 0*8(sp)
	ld a1, 1*8(sp)
	ld a2, 2*8(sp)
	addi sp, sp, SWITCH_START_SIZE
	jalr t0
	.size thread_start_trampoline, . - thread_start_trampoline
