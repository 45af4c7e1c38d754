/* SPDX-License-Identifier: MIT */
/*
 * The finished vDSO as data of the kernel, on a page of its own: that very page is mapped into
 * programs (PAGE_PINNED), so what follows it on the page is zeros and none of the kernel's.
 */
	.section .rodata.vdso, "a"
	.balign 4096
	.globl vdso_start
	.type vdso_start, @object
vdso_start:
	.incbin VDSO_PATH
	.balign 4096
	.globl vdso_end
vdso_end:
	.size vdso_start, . - vdso_start
