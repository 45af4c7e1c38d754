/* SPDX-License-Identifier: MIT */
/*
 * The door. In user mode sscratch holds the running thread and in the kernel 0, so one swap tells
 * where a trap comes from. A frame (struct trap_frame) is built on the thread's own kernel stack:
 * at its top for a trap from user mode, below what runs for one from the kernel. Interrupts are off
 * until a system call is made; other traps' C code turns them on where it may.
 *
 * A trap from user mode saves what C code clobbers. The rest, gp and s0 to s11, stays where it is,
 * for C code and switch.S keep it: whenever we are back here these registers are the program's. Its
 * sp and tp stay with the thread. They are added to the frame only for who looks at all of it: the
 * work on the way out (signals), and the system calls that syscalls.tbl marks with +frame, which
 * read or write it. No other code may count on their places there (docs/adr/0007-half-a-frame.md).
 *
 * A kernel stack lies in the upper half of a slot of twice its size (arch/riscv/cpu/layout.h).
 * Before anything is stored there one bit of sp says whether the frame would fall into the guard:
 * then the report runs on a stack of its own.
 *
 * A reservation that lr made must not serve another's sc (rule T44), so it ends on the way back to
 * interrupted kernel code, which shares its words with interrupt handlers, on the way back from a
 * signal handler, and where threads change (switch.S). Nothing else that a trap does writes a word
 * which the program itself is about to, unless it makes a system call between lr and sc.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/layout.h"
#include "generated/asm_offsets.h"

/* Bytes of the instruction; it has no compressed form. */
#define ECALL_SIZE 4

	.macro each_of op, numbers:vararg
	.irp n, \numbers
	\op x\n, \n*8(sp)
	.endr
	.endm

	/* What C code clobbers, but for a0, x2 and x4, which go their own ways; and what it keeps.
	 * Where s0 is a frame pointer it is 0 while a trap from user mode is served: the outermost
	 * frame, for backtraces. */
#ifdef CONFIG_FRAME_POINTERS
	.macro each_clobbered op
	each_of \op, 1,5,6,7,8,11,12,13,14,15,16,17,28,29,30,31
	.endm
	.macro each_kept op
	each_of \op, 3,9,18,19,20,21,22,23,24,25,26,27
	.endm
	.macro begin_backtrace
	li s0, 0
	.endm
#else
	.macro each_clobbered op
	each_of \op, 1,5,6,7,11,12,13,14,15,16,17,28,29,30,31
	.endm
	.macro each_kept op
	each_of \op, 3,8,9,18,19,20,21,22,23,24,25,26,27
	.endm
	.macro begin_backtrace
	.endm
#endif

	/* The frame of a trap from user mode becomes whole; and back to the program with it. */
	.macro complete_frame
	each_kept sd
	ld t0, THREAD_USER_SP(tp)
	ld t1, THREAD_USER_TP(tp)
	sd t0, 2*8(sp)
	sd t1, 4*8(sp)
	.endm
	.macro restore_kept
	each_kept ld
	ld t0, 2*8(sp)
	ld t1, 4*8(sp)
	sd t0, THREAD_USER_SP(tp)
	sd t1, THREAD_USER_TP(tp)
	.endm

	/* x1 to x31, but for x2 and x4. */
	.macro save_all
	each_clobbered sd
	each_kept sd
	sd a0, 10*8(sp)
	.endm

	/* SUM and FS go off in the kernel; the frame keeps them for the way back. The pc is in t1
	 * then, and the cause in t2. */
	.macro save_state
	li t0, SSTATUS_SUM | SSTATUS_FS
	csrrc t0, sstatus, t0
	csrr t1, sepc
	csrr t2, scause
	sd t0, FRAME_STATUS(sp)
	.endm

	/* The rest, which a system call does not have or has otherwise. */
	.macro save_place
	csrr t3, stval
	sd t1, 0(sp)
	sd t2, FRAME_CAUSE(sp)
	sd t3, FRAME_BADADDR(sp)
	.endm

	/* The way back, from the frame at sp. */
	.macro restore_state
	ld t0, FRAME_STATUS(sp)
	ld t1, 0(sp)
	csrw sstatus, t0
	csrw sepc, t1
	.endm

	.section .text.entry, "ax"
	.balign 4
	.globl trap_vector
	.type trap_vector, @function
trap_vector:
	csrrw tp, sscratch, tp
	beqz tp, .Lfrom_kernel

	sd sp, THREAD_USER_SP(tp)
	ld sp, THREAD_KERNEL_SP(tp)
	each_clobbered sd
	sd a0, 10*8(sp)
	csrrw t0, sscratch, zero
	sd t0, THREAD_USER_TP(tp)
	save_state
	begin_backtrace
	csrr t0, cycle
	sd t0, THREAD_KERNEL_SINCE(tp)
	li t0, CAUSE_USER_ECALL
	bne t2, t0, .Lother_trap

	/*
	 * A system call's arguments are where C wants a function's, so the table names the function
	 * to call. It has none for a call that is missing or needs the whole frame; nor is it asked
	 * while somebody watches.
	 */
	addi t1, t1, ECALL_SIZE
	sd t1, 0(sp)
	sw zero, THREAD_FAULT_REPEATS(tp)
	csrsi sstatus, SSTATUS_SIE
	ld t0, syscall_straight_count
	bgeu a7, t0, .Lcall_with_frame
	slli t0, a7, 3
1:	auipc t1, %pcrel_hi(syscall_table)
	add t0, t0, t1
	ld t0, %pcrel_lo(1b)(t0)
	beqz t0, .Lcall_with_frame
	jalr t0
	bltz a0, .Lcall_failed
.Lcall_done:
#ifdef CONFIG_DEBUG_LOCKS
	call syscall_end             /* gives a0 back */
#endif
	csrci sstatus, SSTATUS_SIE
	lw t0, THREAD_WORK(tp)
	beqz t0, .Lrestore_user      /* with a0, the result */
	ld t0, 10*8(sp)
	li t1, CAUSE_USER_ECALL
	sd a0, 10*8(sp)
	sd t0, FRAME_ORIG_A0(sp)
	sd t1, FRAME_CAUSE(sp)
	j .Lwork

.Lcall_failed:
	mv a1, a0
	mv a0, sp
	call syscall_failed
	j .Lcall_done

.Lcall_with_frame:
	sd t2, FRAME_CAUSE(sp)
	complete_frame
	mv a0, sp
	call syscall_dispatch
	csrci sstatus, SSTATUS_SIE
.Lrestore_frame:
	restore_kept
	sc.d zero, zero, THREAD_SCRATCH(tp)
	j .Lreturn_to_user

.Lother_trap:
	save_place
	mv a0, sp
	call handle_user_trap

	/* Interrupts are off again. Work that came meanwhile is done before the program goes on. */
.Lreturn_to_user:
	lw t0, THREAD_WORK(tp)
	bnez t0, .Lwork
	ld a0, 10*8(sp)
.Lrestore_user:
	/* The stay in the kernel that began above is over. */
	csrr t0, cycle
	ld t1, THREAD_KERNEL_SINCE(tp)
	ld t2, THREAD_KERNEL_CYCLES(tp)
	sub t0, t0, t1
	add t0, t0, t2
	sd t0, THREAD_KERNEL_CYCLES(tp)
	csrw sscratch, tp
	restore_state
	each_clobbered ld
	ld sp, THREAD_USER_SP(tp)
	ld tp, THREAD_USER_TP(tp)
	sret
.Lwork:
	complete_frame
	mv a0, sp
	call handle_user_work        /* to begin a handler is to change sp, and nothing kept */
	ld t0, 2*8(sp)
	sd t0, THREAD_USER_SP(tp)
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
	save_all
	ld t0, THREAD_SCRATCH(tp)
	sd t0, 2*8(sp)
	sd tp, 4*8(sp)
	save_state
	save_place
	mv a0, sp
	call handle_kernel_trap
	sc.d zero, zero, THREAD_SCRATCH(tp)
	restore_state
	each_clobbered ld
	each_kept ld
	ld a0, 10*8(sp)
	ld x2, 2*8(sp)
	sret

	/* The first hart to overflow reports; there is one spare stack, and no way back. */
.Loverflow:
	lla sp, overflow_stack_top - FRAME_SIZE
	save_all
	ld t0, THREAD_SCRATCH(tp)
	sd t0, 2*8(sp)
	sd tp, 4*8(sp)
	save_state
	save_place
	mv a0, sp
	call handle_stack_overflow
	.size trap_vector, . - trap_vector

	/* void return_to_user(void): the way in for a thread that never came from there. */
	.globl return_to_user
	.type return_to_user, @function
return_to_user:
	csrci sstatus, SSTATUS_SIE
	ld sp, THREAD_KERNEL_SP(tp)
	j .Lrestore_frame
	.size return_to_user, . - return_to_user

	/* A slot like any other stack's, so that a trap during the report is no second overflow. */
	.section .bss.stack, "aw", @nobits
	.balign 2 * KSTACK_SIZE
	.skip 2 * KSTACK_SIZE
overflow_stack_top:
