/* SPDX-License-Identifier: MIT */
/*
 * Writing and reading a program's signal frame (usercopy.h): straight copies of words, since every
 * place in it is known and aligned. SUM and FS are set on entry and cleared at the one exit.
 * Compiled with flags of its own, like fpu_registers.S.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/guarded.inc"
#include "generated/asm_offsets.h"
#include "lib/abi/errno.h"

	.text
	/* Four words to or from the program's memory; a fault goes on at 1f. */
	.macro put_four to, from
	ld t1, \from
	ld t2, 8 + \from
	ld t3, 16 + \from
	ld t4, 24 + \from
	guarded 1f, sd t1, \to
	guarded 1f, sd t2, 8 + \to
	guarded 1f, sd t3, 16 + \to
	guarded 1f, sd t4, 24 + \to
	.endm
	.macro get_four to, from
	guarded 1f, ld t1, \from
	guarded 1f, ld t2, 8 + \from
	guarded 1f, ld t3, 16 + \from
	guarded 1f, ld t4, 24 + \from
	sd t1, \to
	sd t2, 8 + \to
	sd t3, 16 + \to
	sd t4, 24 + \to
	.endm

	/*
	 * int user_put_sigframe(struct rt_sigframe *to, const struct siginfo *info, const struct
	 * sigaltstack *stack, u64 mask, const u64 *x): 0 or -EFAULT. What is reserved becomes 0.
	 */
	.globl user_put_sigframe
	.type user_put_sigframe, @function
user_put_sigframe:
	li t6, SSTATUS_SUM | SSTATUS_FS_DIRTY
	csrs sstatus, t6
	li t0, -EFAULT
	put_four 0(a0), 0(a1)
	ld t1, 32(a1)
	ld t2, 40(a1)
	guarded 1f, sd t1, 32(a0)
	guarded 1f, sd t2, 40(a0)
	/* The rest of siginfo, uc_flags, uc_link. */
	.irp at, 48,56,64,72,80,88,96,104,112,120,128,136
	guarded 1f, sd zero, \at(a0)
	.endr
	ld t1, 0(a2)
	ld t2, 8(a2)
	ld t3, 16(a2)
	guarded 1f, sd t1, SIGFRAME_STACK(a0)
	guarded 1f, sd t2, SIGFRAME_STACK + 8(a0)
	guarded 1f, sd t3, SIGFRAME_STACK + 16(a0)
	guarded 1f, sd a3, SIGFRAME_MASK(a0)
	.irp n, 0,4,8,12,16,20,24,28
	put_four SIGFRAME_REGISTERS+8*\n(a0), 8*\n(a4)
	.endr
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	guarded 1f, fsd f\n, SIGFRAME_FPU + 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	guarded 1f, fsd f\n, SIGFRAME_FPU + 8*\n(a0)
	.endr
	frcsr t1
	guarded 1f, sw t1, SIGFRAME_FCSR(a0)
	guarded 1f, sw zero, SIGFRAME_RESERVED(a0)
	guarded 1f, sd zero, SIGFRAME_RESERVED + 4(a0)
	mv t0, zero
1:
	csrc sstatus, t6
	mv a0, t0
	ret
	.size user_put_sigframe, . - user_put_sigframe

	/*
	 * int user_get_sigframe(const struct rt_sigframe *from, struct sigframe_settings *out,
	 * u64 *x): 0 or -EFAULT, also if what is reserved is not 0.
	 */
	.globl user_get_sigframe
	.type user_get_sigframe, @function
user_get_sigframe:
	li t6, SSTATUS_SUM | SSTATUS_FS_DIRTY
	csrs sstatus, t6
	li t0, -EFAULT
	get_four 0(a1), SIGFRAME_STACK(a0)
	.irp n, 0,4,8,12,16,20,24,28
	get_four 8*\n(a2), SIGFRAME_REGISTERS+8*\n(a0)
	.endr
	guarded 1f, lw t1, SIGFRAME_RESERVED(a0)
	guarded 1f, ld t2, SIGFRAME_RESERVED + 4(a0)
	or t1, t1, t2
	bnez t1, 1f
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	guarded 1f, fld f\n, SIGFRAME_FPU + 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	guarded 1f, fld f\n, SIGFRAME_FPU + 8*\n(a0)
	.endr
	guarded 1f, lw t1, SIGFRAME_FCSR(a0)
	fscsr t1
	mv t0, zero
1:
	csrc sstatus, t6
	mv a0, t0
	ret
	.size user_get_sigframe, . - user_get_sigframe
