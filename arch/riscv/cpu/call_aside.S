/* SPDX-License-Identifier: MIT */
/*
 * See call_aside.h: t1 to the function t2, and back to t0. Its frame is as the compiler makes them,
 * so backtraces go through it.
 */

#define FRAME_BYTES 128

	.text
	.globl call_aside_registers
	.type call_aside_registers, @function
call_aside_registers:
	addi sp, sp, -FRAME_BYTES
	sd t0, 120(sp)               /* where a frame has its return address */
	sd s0, 112(sp)
	addi s0, sp, FRAME_BYTES
	sd ra, 104(sp)
	sd t3, 96(sp)
	sd t4, 88(sp)
	sd t5, 80(sp)
	sd t6, 72(sp)
	sd a0, 64(sp)
	sd a1, 56(sp)
	sd a2, 48(sp)
	sd a3, 40(sp)
	sd a4, 32(sp)
	sd a5, 24(sp)
	sd a6, 16(sp)
	sd a7, 8(sp)
	mv a0, t1
	jalr t2
	ld t0, 120(sp)
	ld s0, 112(sp)
	ld ra, 104(sp)
	ld t3, 96(sp)
	ld t4, 88(sp)
	ld t5, 80(sp)
	ld t6, 72(sp)
	ld a0, 64(sp)
	ld a1, 56(sp)
	ld a2, 48(sp)
	ld a3, 40(sp)
	ld a4, 32(sp)
	ld a5, 24(sp)
	ld a6, 16(sp)
	ld a7, 8(sp)
	addi sp, sp, FRAME_BYTES
	jr t0
	.size call_aside_registers, . - call_aside_registers
