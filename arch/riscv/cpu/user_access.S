/* SPDX-License-Identifier: MIT */
/*
 * The instructions that touch user memory. SUM is set on entry and cleared on each way out; a fault
 * on the way has its own status, and returns to the recovery address with SUM as it was. Every
 * access is aligned (rule T39). Registers that count progress move only after the accesses they
 * stand for, so wherever a fault strikes they say what is left; a block that fails is tried again
 * byte by byte, which finds the exact place.
 */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/guarded.inc"
#include "lib/abi/errno.h"

	.text
	/*
	 * size_t user_copy(void *dst, const void *src, size_t len): one side is the user's; bytes
	 * not copied. a0 and a1 move, a2 is the end of dst; addresses are compared with a sign,
	 * since a little before the user's first may lie below 0.
	 */
	.globl user_copy
	.type user_copy, @function
user_copy:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	add a2, a0, a2
	or t0, a0, a1
	andi t0, t0, 7
	bnez t0, .Lcopy_odd
.Lcopy_aligned:
	addi t5, a2, -63
	bge a0, t5, .Lcopy_words
1:
	guarded .Lcopy_bytes, ld t0, 0(a1)
	guarded .Lcopy_bytes, ld t1, 8(a1)
	guarded .Lcopy_bytes, ld t2, 16(a1)
	guarded .Lcopy_bytes, ld t3, 24(a1)
	guarded .Lcopy_bytes, ld t4, 32(a1)
	guarded .Lcopy_bytes, ld a3, 40(a1)
	guarded .Lcopy_bytes, ld a4, 48(a1)
	guarded .Lcopy_bytes, ld a5, 56(a1)
	guarded .Lcopy_bytes, sd t0, 0(a0)
	guarded .Lcopy_bytes, sd t1, 8(a0)
	guarded .Lcopy_bytes, sd t2, 16(a0)
	guarded .Lcopy_bytes, sd t3, 24(a0)
	guarded .Lcopy_bytes, sd t4, 32(a0)
	guarded .Lcopy_bytes, sd a3, 40(a0)
	guarded .Lcopy_bytes, sd a4, 48(a0)
	guarded .Lcopy_bytes, sd a5, 56(a0)
	addi a0, a0, 64
	addi a1, a1, 64
	blt a0, t5, 1b
.Lcopy_words:
	addi t5, a2, -7
	bge a0, t5, .Lcopy_bytes
1:
	guarded .Lcopy_bytes, ld t0, 0(a1)
	guarded .Lcopy_bytes, sd t0, 0(a0)
	addi a0, a0, 8
	addi a1, a1, 8
	blt a0, t5, 1b
.Lcopy_bytes:
	beq a0, a2, .Lcopy_done
1:
	guarded .Lcopy_done, lb t0, 0(a1)
	guarded .Lcopy_done, sb t0, 0(a0)
	addi a0, a0, 1
	addi a1, a1, 1
	bne a0, a2, 1b
.Lcopy_done:
	csrc sstatus, t6
	sub a0, a2, a0
	ret

.Lcopy_odd:
	/* A few bytes; or at least one whole word is left when dst is aligned. */
	sub t0, a2, a0
	li t1, 16
	bltu t0, t1, .Lcopy_bytes
1:
	andi t0, a0, 7
	beqz t0, 2f
	guarded .Lcopy_done, lb t0, 0(a1)
	guarded .Lcopy_done, sb t0, 0(a0)
	addi a0, a0, 1
	addi a1, a1, 1
	j 1b
2:
	andi t2, a1, 7
	beqz t2, .Lcopy_aligned
	/* Each word is the end of one and the beginning of the next of src, which both hold some of
	 * its bytes. For that time a1 is src rounded down. */
	sub a1, a1, t2
	slli t0, t2, 3
	neg t1, t0
	addi t5, a2, -7
	guarded .Lcopy_merged, ld t3, 0(a1)
1:
	guarded .Lcopy_merged, ld t4, 8(a1)
	srl t3, t3, t0
	sll a3, t4, t1
	or a3, a3, t3
	guarded .Lcopy_merged, sd a3, 0(a0)
	mv t3, t4
	addi a0, a0, 8
	addi a1, a1, 8
	blt a0, t5, 1b
.Lcopy_merged:
	add a1, a1, t2
	j .Lcopy_bytes
	.size user_copy, . - user_copy

	/* size_t user_clear(void *dst, size_t len): bytes not cleared. */
	.globl user_clear
	.type user_clear, @function
user_clear:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	li t5, 8
	bltu a1, t5, .Lclear_bytes
.Lclear_align:
	andi t0, a0, 7
	beqz t0, .Lclear_words
	beqz a1, .Lclear_done
	guarded .Lclear_done, sb zero, 0(a0)
	addi a0, a0, 1
	addi a1, a1, -1
	j .Lclear_align
.Lclear_words:
	bltu a1, t5, .Lclear_bytes
1:
	guarded .Lclear_bytes, sd zero, 0(a0)
	addi a0, a0, 8
	addi a1, a1, -8
	bgeu a1, t5, 1b
.Lclear_bytes:
	beqz a1, .Lclear_done
1:
	guarded .Lclear_done, sb zero, 0(a0)
	addi a0, a0, 1
	addi a1, a1, -1
	bnez a1, 1b
.Lclear_done:
	csrc sstatus, t6
	mv a0, a1
	ret
	.size user_clear, . - user_clear

	/*
	 * ssize_t user_string(char *dst, const char *src, size_t max): length; -ENAMETOOLONG if no
	 * NUL came; -EFAULT. a0 and a1 move, a2 is the end of dst.
	 */
	.globl user_string
	.type user_string, @function
user_string:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	mv t1, a0
	add a2, a0, a2
	or t0, a0, a1
	andi t0, t0, 7
	bnez t0, .Lstring_bytes
	/* As long as there is room for a whole word, what stands behind the NUL may come along. */
	addi t5, a2, -7
	bge a0, t5, .Lstring_bytes
	ld t3, .Leach_byte
	slli t4, t3, 7
1:
	guarded .Lstring_fault, ld t0, 0(a1)
	sd t0, 0(a0)
	/* The lowest bit of t2 is in the first byte that is 0. */
	sub t2, t0, t3
	not t0, t0
	and t2, t2, t4
	and t2, t2, t0
	bnez t2, .Lstring_end
	addi a0, a0, 8
	addi a1, a1, 8
	blt a0, t5, 1b
.Lstring_bytes:
	beq a0, a2, .Lstring_too_long
	guarded .Lstring_fault, lb t0, 0(a1)
	sb t0, 0(a0)
	beqz t0, .Lstring_done
	addi a0, a0, 1
	addi a1, a1, 1
	j .Lstring_bytes
.Lstring_end:
	slli t0, t2, 32
	bnez t0, 1f
	srli t2, t2, 32
	addi a0, a0, 4
1:
	slli t0, t2, 48
	bnez t0, 1f
	srli t2, t2, 16
	addi a0, a0, 2
1:
	andi t2, t2, 0x80
	bnez t2, .Lstring_done
	addi a0, a0, 1
.Lstring_done:
	csrc sstatus, t6
	sub a0, a0, t1
	ret
.Lstring_too_long:
	csrc sstatus, t6
	li a0, -ENAMETOOLONG
	ret
.Lstring_fault:
	csrc sstatus, t6
	li a0, -EFAULT
	ret
	.pushsection .rodata
	.balign 8
.Leach_byte:
	.dword 0x0101010101010101
	.popsection
	.size user_string, . - user_string

	/*
	 * int user_load_<type>(type *dst, const type *src) and
	 * int user_store_<type>(type *dst, type value): 0 or -EFAULT.
	 */
	.macro load_and_store type, load, store
	.globl user_load_\type
	.type user_load_\type, @function
user_load_\type:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	guarded .Lno_access, \load t0, 0(a1)
	csrc sstatus, t6
	\store t0, 0(a0)
	li a0, 0
	ret
	.size user_load_\type, . - user_load_\type

	.globl user_store_\type
	.type user_store_\type, @function
user_store_\type:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	guarded .Lno_access, \store a1, 0(a0)
	csrc sstatus, t6
	li a0, 0
	ret
	.size user_store_\type, . - user_store_\type
	.endm

	load_and_store u32, lw, sw
	load_and_store u64, ld, sd

	/*
	 * int user_load_sigaction(struct ksigaction *dst, const struct ksigaction *src) and
	 * int user_store_sigaction(struct ksigaction *dst, const struct ksigaction *src): the same,
	 * of three words.
	 */
	.globl user_load_sigaction
	.type user_load_sigaction, @function
user_load_sigaction:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	guarded .Lno_access, ld t0, 0(a1)
	guarded .Lno_access, ld t1, 8(a1)
	guarded .Lno_access, ld t2, 16(a1)
	csrc sstatus, t6
	sd t0, 0(a0)
	sd t1, 8(a0)
	sd t2, 16(a0)
	li a0, 0
	ret
	.size user_load_sigaction, . - user_load_sigaction

	.globl user_store_sigaction
	.type user_store_sigaction, @function
user_store_sigaction:
	ld t0, 0(a1)
	ld t1, 8(a1)
	ld t2, 16(a1)
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	guarded .Lno_access, sd t0, 0(a0)
	guarded .Lno_access, sd t1, 8(a0)
	guarded .Lno_access, sd t2, 16(a0)
	csrc sstatus, t6
	li a0, 0
	ret
	.size user_store_sigaction, . - user_store_sigaction

	/* int user_probe_u32(u32 *at): 0 if @at can be written, which keeps its value; or
	 * -EFAULT. */
	.globl user_probe_u32
	.type user_probe_u32, @function
user_probe_u32:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	guarded .Lno_access, amoor.w zero, zero, (a0)
	csrc sstatus, t6
	li a0, 0
	ret
	.size user_probe_u32, . - user_probe_u32

.Lno_access:
	csrc sstatus, t6
	li a0, -EFAULT
	ret

	/*
	 * int user_compare_exchange_u32(u32 *at, u32 expected, u32 value, u32 *found): 0 or -1.
	 * What was there goes to *found; if it is @expected, @value is there now.
	 */
	.globl user_compare_exchange_u32
	.type user_compare_exchange_u32, @function
user_compare_exchange_u32:
	li t6, SSTATUS_SUM
	csrs sstatus, t6
	li t0, -1
1:
	guarded 3f, lr.w.aq t1, 0(a0)
	bne t1, a1, 2f
	guarded 3f, sc.w.rl t2, a2, 0(a0)
	bnez t2, 1b
2:
	sw t1, 0(a3)
	mv t0, zero
3:
	csrc sstatus, t6
	mv a0, t0
	ret
	.size user_compare_exchange_u32, . - user_compare_exchange_u32
