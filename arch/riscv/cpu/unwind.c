// SPDX-License-Identifier: MIT
/*
 * With frame pointers a function keeps, just below the address in s0, its return address and the
 * caller's s0 (RISC-V psABI, frame pointer convention). A trap handler's record is special: what
 * called it is the trap entry, and what its s0 points to is the trap's frame.
 */
#include "arch/riscv/cpu/unwind.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/sections.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "lib/compiler.h"

struct stack {
	u64 low, high;
};

static struct stack stack_around(u64 fp)
{
	const u64 low = ALIGN_DOWN(fp - 1, (u64)KSTACK_SIZE);
	return (struct stack){ low, low + KSTACK_SIZE };
}

static bool holds_record(const struct stack *s, u64 fp)
{
	return fp % 16 == 0 && fp >= s->low + 16 && fp <= s->high;
}

static bool is_text(u64 address)
{
	return address >= (u64)_text && address < (u64)_text_end;
}

/* The address behind the instruction at @pc, as if it were a call. */
static u64 place_behind(u64 pc)
{
	const u16 half = is_text(pc) ? *(const u16 *)(pc & ~1UL) : 0;
	return pc + ((half & 3) == 3 ? 4 : 2);
}

/*
 * A leaf function saves its caller's s0 where others save ra: then the first record names a place
 * in the stack instead of one in the text, and the caller is still in ra.
 */
static size_t skip_leaf(const struct trap_frame *f, u64 *fp, u64 *places, size_t max)
{
	const struct stack s = stack_around(*fp);
	if (max == 0 || !holds_record(&s, *fp))
		return 0;
	/* A jump to nowhere: s0 is still that of the one who jumped. */
	if (!is_text(f->x[REG_PC])) {
		places[0] = f->x[REG_RA];
		return 1;
	}
	const u64 saved = ((const u64 *)*fp)[-1];
	if (saved < s.low || saved > s.high)
		return 0;
	places[0] = f->x[REG_RA];
	*fp = saved;
	return 1;
}

/* The place a trap came from, and the frame pointer there; 0 if that was a program. */
static size_t unwind_frame(const struct trap_frame *f, u64 *fp, u64 *places, size_t max)
{
	*fp = trap_from_user(f) ? 0 : f->x[REG_S0];
	if (max == 0)
		return 0;
	places[0] = place_behind(f->x[REG_PC]);
	return 1 + (*fp != 0 ? skip_leaf(f, fp, places + 1, max - 1) : 0);
}

size_t unwind_stack(u64 fp, u64 *places, size_t max)
{
	const struct stack s = stack_around(fp);
	size_t n = 0;

	while (n < max && holds_record(&s, fp)) {
		const u64 *record = (const u64 *)fp;
		const u64 place = record[-1];
		u64 caller_fp = record[-2];
		if (place == 0)
			break;
		places[n++] = place;
		if (place >= (u64)_text_entry && place < (u64)_text_entry_end &&
		    fp + sizeof(struct trap_frame) <= s.high)
			n += unwind_frame((const struct trap_frame *)fp, &caller_fp, places + n,
					  max - n);
		/* Frames lie ever higher; anything else is a loop or damage. */
		if (caller_fp <= fp)
			break;
		fp = caller_fp;
	}
	return n;
}

size_t unwind_trap(const struct trap_frame *f, u64 *places, size_t max)
{
	u64 fp;
	const size_t n = unwind_frame(f, &fp, places, max);
	return fp != 0 ? n + unwind_stack(fp, places + n, max - n) : n;
}
