/* SPDX-License-Identifier: MIT */
/*
 * Saving and loading f0-f31 and fcsr: with those of user_sigframe.S the only floating-point
 * instructions of the kernel. Compiled with flags of its own (scripts/make/kernel.mk).
 */
#include "arch/riscv/cpu/csr.h"
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
