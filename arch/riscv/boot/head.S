/* SPDX-License-Identifier: MIT */
/*
 * The first instruction. The firmware enters here in S-mode with a0 = hart id, a1 = device tree,
 * satp = 0, at any 2 MiB boundary and on any hart (docs/boot.md). Nothing else may be believed: bss
 * and the rest of RAM hold garbage, sie may have bits set, stvec points into the boot loader, FS
 * may be dirty (rules T16, T19, T22).
 *
 * The code before the jump is position independent: it runs at the load address, while everything
 * is linked at KERNEL_BASE. The jump itself is a page fault: stvec holds the virtual address of the
 * next instruction, so the first fetch after satp is written lands there, without any identity
 * mapping.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/layout.h"
#include "generated/asm_offsets.h"

	.section .head, "ax"
	.option norelax

	/* RISC-V boot image header, version 0.2, of Linux (boot-image-header) */
	.globl _start
_start:
	.option push
	.option norvc
	j boot
	nop
	.option pop
	.balign 8
	.dword 0x200000              /* text_offset from the start of RAM */
	.dword image_size_bytes      /* with bss and boot stack (rule T15) */
	.dword 0                     /* little endian */
	.word 0x00000002             /* header version 0.2 */
	.word 0
	.dword 0
	.dword 0x5643534952          /* "RISCV" */
	.word 0x05435352             /* "RSC\5", the one U-Boot looks at */
	.word 0

boot:
	/* The image was stored here, perhaps by another hart (rule T23). */
	fence.i
	csrw sie, zero
	csrw sip, zero
	li t0, SSTATUS_SIE | SSTATUS_FS | SSTATUS_SUM
	csrc sstatus, t0
	lla t0, boot_trap
	csrw stvec, t0
	csrr s3, time                /* the log counts from here; may trap (rule T35) */

	/*
	 * One hart enters under HSM. Should firmware release all, the first to come boots, the
	 * others wait to be called (smp_boot.h).
	 */
	lla t0, boot_lottery
	li t1, 1
	amoswap.w.aq t1, t1, (t0)
	bnez t1, wait_for_mail

	lla t0, bss_start
	lla t1, bss_end
1:
	.irp at, 0, 8, 16, 24, 32, 40, 48, 56
	sd zero, \at(t0)
	.endr
	addi t0, t0, 64
	bltu t0, t1, 1b

	lla t0, clock_entry_ticks
	sd s3, 0(t0)
	mv s1, a0
	mv s2, a1
	lla sp, boot_stack_slot + 2 * KSTACK_SIZE
	li s0, 0
	lla a0, _start
	mv a1, s2
	call early_map               /* returns the satp to load */

	lla t0, _start
	li t1, KERNEL_BASE
	sub t1, t1, t0               /* virtual = physical + t1 */
	lla t2, 2f
	add t2, t2, t1
	csrw stvec, t2
	sfence.vma
	csrw satp, a0
	.balign 4
2:	sfence.vma
	lla t0, boot_trap
	csrw stvec, t0
	csrr t0, satp                /* a mode the hart does not have is not taken (rule T10) */
	bne t0, a0, no_paging
	lla tp, boot_thread
	lla sp, boot_stack_slot + 2 * KSTACK_SIZE - FRAME_SIZE
	sd sp, THREAD_KERNEL_SP(tp)
	csrw sscratch, zero
	mv a0, s1
	mv a1, s2
	call kernel_main
	j park

	/* Still at the load address. */
no_paging:
	tail early_no_paging

	/* a0 = hart id. SMP_NOBODY is no hart's. */
wait_for_mail:
	lla t0, smp_mailbox
1:	.4byte 0x0100000f            /* pause */
	ld t1, SMP_MAILBOX_HARTID(t0)
	bne t1, a0, 1b
	fence r, rw
	ld a1, SMP_MAILBOX_ARGS(t0)
	tail smp_entry

	/* A trap before trap_vector is installed is our own mistake: say so and stop. */
	.balign 4
boot_trap:
	csrr a0, scause
	csrr a1, sepc
	csrr a2, stval
	lla sp, boot_stack_slot + 2 * KSTACK_SIZE
	call early_trap
park:
	wfi
	j park

	.section .data
	.balign 8
boot_lottery:
	.word 0
