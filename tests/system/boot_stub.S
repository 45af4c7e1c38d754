/* SPDX-License-Identifier: MIT */
/*
 * A boot loader of a few instructions, for what QEMU's own never does: start the kernel at ENTRY,
 * where QEMU has put its image, with the firmware's device tree moved to TREE (0: as it is) and the
 * hart as untidy as it may be.
 */
	.globl _start
_start:
	li t0, TREE
	beqz t0, 3f
	/* The total size, big-endian, is the second word of the tree. */
	li t1, 4
	addi t2, a1, 4
	li t3, 0
1:	slli t3, t3, 8
	lbu t4, 0(t2)
	or t3, t3, t4
	addi t2, t2, 1
	addi t1, t1, -1
	bnez t1, 1b
	mv t1, t0
	add t3, t3, a1
	/* Leave nothing of the old one: who still reads it finds no tree. */
2:	ld t4, 0(a1)
	sd zero, 0(a1)
	sd t4, 0(t1)
	addi a1, a1, 8
	addi t1, t1, 8
	bltu a1, t3, 2b
	mv a1, t0
3:	fence.i
	/*
	 * What a boot loader leaves behind that had interrupts and a trap handler of its own: of
	 * what the kernel may rely on, a0, a1 and satp, nothing changes (rule T22).
	 */
	lla t0, trap
	csrw stvec, t0
	li t0, -1
	csrw sscratch, t0
	csrw sie, t0
	li t1, 2
	csrs sip, t1                 /* a software interrupt waits */
	li t1, 0x46000               /* FS dirty, SUM: as if user memory had been touched */
	csrs sstatus, t1
	.irp n, 1,2,3,4,6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	li x\n, -1
	.endr
	li t0, ENTRY
	jr t0

	/* The kernel has a handler of its own before anything can trap. */
	.balign 4
trap:	j trap
