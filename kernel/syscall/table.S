/* SPDX-License-Identifier: MIT */
/*
 * The handlers by number (dispatch.h). Here and not in C, since the functions are of different
 * types: each is called with all six argument registers and takes as many as it has.
 */

	.section .rodata
	.balign 8

	/* syscall_table[SYSCALL_COUNT]: those that can be called straight; 0 for others. */
	.macro direct number, handler
	.org syscall_table + 8 * \number
	.dword \handler
	.endm
	.macro with_frame number, handler
	.endm
	.globl syscall_table
syscall_table:
#include "generated/syscall_table.h"
	.org syscall_table + 8 * SYSCALL_COUNT
	.purgem direct
	.purgem with_frame

	/* syscall_with_frame[], until a handler that is 0. */
	.macro direct number, handler
	.endm
	.macro with_frame number, handler
	.dword \number, \handler
	.endm
	.globl syscall_with_frame
syscall_with_frame:
#include "generated/syscall_table.h"
	.dword 0, 0
