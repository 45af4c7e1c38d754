// SPDX-License-Identifier: MIT
/*
 * With frame pointers a function keeps, just below the address in s0, its return address and the
 * caller's s0 (RISC-V psABI, frame pointer convention).
 */
#include "arch/riscv/cpu/unwind.h"

size_t unwind_stack(u64 fp, u64 stack_lo, u64 stack_hi, u64 *pcs, size_t max)
{
	size_t n = 0;

	while (n < max) {
		if (fp % 16 != 0 || fp < stack_lo + 16 || fp > stack_hi)
			break;
		const u64 *record = (const u64 *)fp;
		const u64 caller_fp = record[-2];
		if (record[-1] == 0)
			break;
		pcs[n++] = record[-1];
		/* Frames lie ever higher; anything else is a loop or damage. */
		if (caller_fp <= fp)
			break;
		fp = caller_fp;
	}
	return n;
}
