/* SPDX-License-Identifier: MIT */
/*
 * Saving and loading f0-f31 and fcsr: the only floating-point instructions of the kernel. Compiled
 * with flags of its own (scripts/make/kernel.mk).
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/guarded.inc"
#include "generated/asm_offsets.h"

	/* a0 = struct fpu_state. The caller has set FS to something else than Off. */

	.text
	.globl fpu_registers_save
	.type fpu_registers_save, @function
fpu_registers_save:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	fsd f\n, 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fsd f\n, 8*\n(a0)
	.endr
	frcsr t0
	sw t0, FPU_FCSR(a0)
	ret
	.size fpu_registers_save, . - fpu_registers_save

	.globl fpu_registers_load
	.type fpu_registers_load, @function
fpu_registers_load:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	fld f\n, 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fld f\n, 8*\n(a0)
	.endr
	lw t0, FPU_FCSR(a0)
	fscsr t0
	ret
	.size fpu_registers_load, . - fpu_registers_load

	/*
	 * int fpu_registers_put_user(union sigcontext_fp *to): 0, or -1. It is aligned. What is
	 * reserved there becomes 0.
	 */
	.globl fpu_registers_put_user
	.type fpu_registers_put_user, @function
fpu_registers_put_user:
	li t6, SSTATUS_SUM | SSTATUS_FS_DIRTY
	csrs sstatus, t6
	li t0, -1
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	guarded 1f, fsd f\n, 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	guarded 1f, fsd f\n, 8*\n(a0)
	.endr
	frcsr t1
	guarded 1f, sw t1, SIGCONTEXT_FCSR(a0)
	guarded 1f, sw zero, SIGCONTEXT_RESERVED(a0)
	guarded 1f, sd zero, SIGCONTEXT_RESERVED + 4(a0)
	mv t0, zero
1:
	csrc sstatus, t6
	mv a0, t0
	ret
	.size fpu_registers_put_user, . - fpu_registers_put_user

	/*
	 * int fpu_registers_get_user(const union sigcontext_fp *from): 0, or -1; also if what is
	 * reserved there is not 0.
	 */
	.globl fpu_registers_get_user
	.type fpu_registers_get_user, @function
fpu_registers_get_user:
	li t6, SSTATUS_SUM | SSTATUS_FS_DIRTY
	csrs sstatus, t6
	li t0, -1
	guarded 1f, lw t1, SIGCONTEXT_RESERVED(a0)
	guarded 1f, ld t2, SIGCONTEXT_RESERVED + 4(a0)
	or t1, t1, t2
	bnez t1, 1f
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	guarded 1f, fld f\n, 8*\n(a0)
	.endr
	.irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	guarded 1f, fld f\n, 8*\n(a0)
	.endr
	guarded 1f, lw t1, SIGCONTEXT_FCSR(a0)
	fscsr t1
	mv t0, zero
1:
	csrc sstatus, t6
	mv a0, t0
	ret
	.size fpu_registers_get_user, . - fpu_registers_get_user
