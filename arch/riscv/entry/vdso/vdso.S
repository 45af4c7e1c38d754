/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a page of user code that the kernel maps into every program. It runs in user mode.
 *
 * The functions have the names, the version and the calling convention of Linux's on riscv64.
 * Those for the time make the system call; a page with the clock's parameters next to this one
 * could spare it.
 */

#define NR_CLOCK_GETTIME       113
#define NR_CLOCK_GETRES        114
#define NR_RT_SIGRETURN        139
#define NR_GETCPU              168
#define NR_GETTIMEOFDAY        169
#define NR_RISCV_FLUSH_ICACHE  259

/* From the stack pointer, which is at struct rt_sigframe, to x[n] of its sigcontext: siginfo, and
 * then ucontext up to uc_mcontext (lib/abi/signal.h asserts both). x[0] stands for the pc. */
#define FRAME_REGISTER(n) (128 + 176 + 8 * (n))
/* DWARF's number for "where this frame returns to" when that is not in ra (riscv-elf-psabi). */
#define DWARF_PC 64

	.text

	.macro vdso_call name, number
	.balign 4
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	li a7, \number
	ecall
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm

/*
 * Where handlers return to. Unwinders find their way in two ways, and both must stay true: some
 * know the two instructions by sight; others read the rules below, for which they look up the
 * address before the return address, hence the nop.
 */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column DWARF_PC
	.cfi_def_cfa sp, 0
	.cfi_offset DWARF_PC, FRAME_REGISTER(0)
	.irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.cfi_offset \n, FRAME_REGISTER(\n)
	.endr
	.balign 4
	nop
	.balign 4
	.globl __vdso_rt_sigreturn
	.type __vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
	li a7, NR_RT_SIGRETURN
	ecall
	.cfi_endproc
	.size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

	vdso_call __vdso_clock_gettime, NR_CLOCK_GETTIME
	vdso_call __vdso_clock_getres, NR_CLOCK_GETRES
	vdso_call __vdso_gettimeofday, NR_GETTIMEOFDAY
	vdso_call __vdso_getcpu, NR_GETCPU
	vdso_call __vdso_flush_icache, NR_RISCV_FLUSH_ICACHE

	.section .note.GNU-stack, "", @progbits
