/* SPDX-License-Identifier: MIT */
/*
 * Where the other harts begin, started one by one through SBI HSM (arch/riscv/cpu/smp.c): MMU off,
 * interrupts off, at the physical address of smp_entry. The jump to virtual addresses is a page
 * fault, as in head.S.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/layout.h"
#include "generated/asm_offsets.h"

	.text
	.option norelax
	/*
	 * A hart started by HSM: a0 = hart id, a1 = physical address of its struct smp_boot (rule
	 * T21).
	 */
	.globl smp_entry
smp_entry:
	/* The image was stored here, perhaps by another hart (rule T23). */
	fence.i
	csrw sie, zero
	csrw sip, zero
	li t0, SSTATUS_SIE | SSTATUS_FS | SSTATUS_SUM
	csrc sstatus, t0
	ld a0, SMP_BOOT_SATP(a1)
	ld tp, SMP_BOOT_THREAD(a1)
	ld a3, SMP_BOOT_ENTRY(a1)
	lla t0, _text
	li t1, KERNEL_BASE
	sub t1, t1, t0
	lla t2, 3f
	add t2, t2, t1
	csrw stvec, t2
	sfence.vma
	csrw satp, a0
	.balign 4
3:	sfence.vma
	lla t0, trap_vector
	csrw stvec, t0
	csrw sscratch, zero
	ld sp, THREAD_KERNEL_SP(tp)
	li s0, 0
	jalr a3
1:	wfi
	j 1b
