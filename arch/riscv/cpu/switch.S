/* SPDX-License-Identifier: MIT */
/*
 * Threads change here. The compiler saves what it needs across the call (switch.h); left are the
 * registers it cannot save itself, s0 where it is the frame pointer, and the program's gp, of which
 * it knows nothing.
 */
#include "generated/asm_offsets.h"

	.text
	/* context_switch(): from s1 to s2. s1 and s3 stay, and so become what the call returns to
	 * the thread in s2. */
	.globl context_switch_registers
	.type context_switch_registers, @function
context_switch_registers:
	sd ra, THREAD_REGS + 0*8(s1)
	sd sp, THREAD_REGS + 1*8(s1)
	sd gp, THREAD_REGS + 2*8(s1)
#ifdef CONFIG_FRAME_POINTERS
	sd s0, THREAD_REGS + 3*8(s1)
#endif
	mv tp, s2
	sc.d zero, zero, THREAD_SCRATCH(s1)   /* no reservation goes from thread to thread (T44) */
	ld ra, THREAD_REGS + 0*8(s2)
	ld sp, THREAD_REGS + 1*8(s2)
	ld gp, THREAD_REGS + 2*8(s2)
#ifdef CONFIG_FRAME_POINTERS
	ld s0, THREAD_REGS + 3*8(s2)
#endif
	ret
	.size context_switch_registers, . - context_switch_registers

	/*
	 * A new thread's first instruction, with who was left in s1 and struct switch_start at sp:
	 * its function does not return (kernel/sched/thread.c).
	 */
	.globl thread_start_trampoline
	.type thread_start_trampoline, @function
thread_start_trampoline:
	ld t0, 0*8(sp)
	mv a0, s1
	ld a1, 1*8(sp)
	ld a2, 2*8(sp)
	addi sp, sp, SWITCH_START_SIZE
	jalr t0
	.size thread_start_trampoline, . - thread_start_trampoline
