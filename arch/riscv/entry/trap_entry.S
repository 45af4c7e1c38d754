/* SPDX-License-Identifier: MIT */
/*
 * The door. In user mode sscratch holds the running thread and in the kernel 0, so one swap tells
 * where a trap comes from. A frame (struct trap_frame) is built on the thread's own kernel stack:
 * at its top for a trap from user mode, below what runs for one from the kernel. Interrupts are off
 * throughout; C code turns them on where it may.
 *
 * A kernel stack lies in the upper half of a slot of twice its size (arch/riscv/cpu/layout.h).
 * Before anything is stored there one bit of sp says whether the frame would fall into the guard:
 * then the report runs on a stack of its own.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/layout.h"
#include "generated/asm_offsets.h"

	/* x5 to x31; x2 and x4 are saved by hand. */
	.macro save_rest
	sd x1, 1*8(sp)
	sd x3, 3*8(sp)
	.irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd x\n, \n*8(sp)
	.endr
	.endm

	/* SUM and FS go off in the kernel; the frame keeps them for the way back. */
	.macro save_state
	li t0, SSTATUS_SUM | SSTATUS_FS
	csrrc t0, sstatus, t0
	csrr t1, sepc
	csrr t2, scause
	csrr t3, stval
	sd t0, FRAME_STATUS(sp)
	sd t1, 0(sp)
	sd t2, FRAME_CAUSE(sp)
	sd t3, FRAME_BADADDR(sp)
	.endm

	/*
	 * From the frame at sp; a stray reservation ends here (rule T44). Ends with x2 itself and
	 * sret.
	 */
	.macro restore_and_return
	ld t0, FRAME_STATUS(sp)
	ld t1, 0(sp)
	sc.d zero, t1, 0(sp)
	csrw sstatus, t0
	csrw sepc, t1
	ld x1, 1*8(sp)
	ld x3, 3*8(sp)
	.irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld x\n, \n*8(sp)
	.endr
	.endm

	.section .text.entry, "ax"
	.balign 4
	.globl trap_vector
	.type trap_vector, @function
trap_vector:
	csrrw tp, sscratch, tp
	beqz tp, .Lfrom_kernel

	sd sp, THREAD_SCRATCH(tp)
	ld sp, THREAD_KERNEL_SP(tp)
	save_rest
	ld t0, THREAD_SCRATCH(tp)
	csrrw t1, sscratch, zero
	sd t0, 2*8(sp)
	sd t1, 4*8(sp)
	save_state
	li s0, 0                     /* the outermost frame, for backtraces */
	mv a0, sp
	call handle_user_trap

	/* Interrupts are off again. Work that came meanwhile is done before the program goes on. */
.Lreturn_to_user:
	lw t0, THREAD_WORK(tp)
	bnez t0, .Lwork
.Lrestore_user:
	/* The stay in the kernel that handle_user_trap() saw begin is over. */
	csrr t0, cycle
	ld t1, THREAD_KERNEL_SINCE(tp)
	ld t2, THREAD_KERNEL_CYCLES(tp)
	sub t0, t0, t1
	add t0, t0, t2
	sd t0, THREAD_KERNEL_CYCLES(tp)
	csrw sscratch, tp
	restore_and_return
	ld x4, 4*8(sp)
	ld x2, 2*8(sp)
	sret
.Lwork:
	mv a0, sp
	call handle_user_work
	j .Lreturn_to_user

.Lfrom_kernel:
	csrrw tp, sscratch, zero     /* tp again, and sscratch says kernel */
	sd sp, THREAD_SCRATCH(tp)
	addi sp, sp, -FRAME_SIZE
	srli sp, sp, KSTACK_SHIFT
	andi sp, sp, 1
	beqz sp, .Loverflow
	ld sp, THREAD_SCRATCH(tp)
	addi sp, sp, -FRAME_SIZE
.Lkernel_frame:
	save_rest
	ld t0, THREAD_SCRATCH(tp)
	sd t0, 2*8(sp)
	sd tp, 4*8(sp)
	save_state
	mv a0, sp
	call handle_kernel_trap
	restore_and_return
	ld x2, 2*8(sp)
	sret

	/* The first hart to overflow reports; there is one spare stack, and no way back. */
.Loverflow:
	lla sp, overflow_stack_top - FRAME_SIZE
	save_rest
	ld t0, THREAD_SCRATCH(tp)
	sd t0, 2*8(sp)
	sd tp, 4*8(sp)
	save_state
	mv a0, sp
	call handle_stack_overflow
	.size trap_vector, . - trap_vector

	/* void return_to_user(void): the way in for a thread that never came from there. */
	.globl return_to_user
	.type return_to_user, @function
return_to_user:
	csrci sstatus, SSTATUS_SIE
	ld sp, THREAD_KERNEL_SP(tp)
	li s0, 0
	j .Lreturn_to_user
	.size return_to_user, . - return_to_user

	/* A slot like any other stack's, so that a trap during the report is no second overflow. */
	.section .bss.stack, "aw", @nobits
	.balign 2 * KSTACK_SIZE
	.skip 2 * KSTACK_SIZE
overflow_stack_top:
