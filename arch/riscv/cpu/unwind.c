// SPDX-License-Identifier: MIT
/*
 * Two ways. With frame pointers a function keeps, just below the address in s0, its return address
 * and the caller's s0 (RISC-V psABI, frame pointer convention). A trap handler's record is special:
 * what called it is the trap entry, and what its s0 points to is the trap's frame.
 *
 * Without them each word of the stack is looked at, and is a place if it could have been left there
 * by a call. None is missed. But a function's frame has words it has not written yet, so between
 * its callers may stand some who have returned.
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

/* A trap's frame lies behind the return address into its entry that its handler has saved. */
static bool is_trap_entry(u64 place)
{
	return place >= (u64)_text_entry && place < (u64)_text_entry_end;
}

#ifdef CONFIG_FRAME_POINTERS

static bool holds_record(const struct stack *s, u64 fp)
{
	return fp % 16 == 0 && fp >= s->low + 16 && fp <= s->high;
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
		if (is_trap_entry(place) && fp + sizeof(struct trap_frame) <= s.high)
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

#else

/* Whether the instruction before @place is a call: jal or jalr to ra or t0, or c.jalr. */
static bool is_behind_call(u64 place)
{
	if (!is_text(place - 4) || place % 2 != 0)
		return false;
	const u16 *code = (const u16 *)place;
	const u16 low = code[-2] & 0xfff;
	const bool links = (low & 0xf80) == 1 << 7 || (low & 0xf80) == 5 << 7;
	const bool is_jal = (low & 0x7f) == 0x6f;
	const bool is_jalr = (low & 0x7f) == 0x67;
	const bool is_c_jalr = (code[-1] & 0xf07f) == 0x9002 && (code[-1] & 0xf80) != 0;
	return (links && (is_jal || is_jalr)) || is_c_jalr;
}

/* The places left in the stack from @sp on, which may have run into the guard below the stack. */
static size_t scan_stack(u64 sp, u64 *places, size_t max)
{
	const u64 from = (sp & KSTACK_SIZE) != 0 ? sp : ALIGN_UP(sp + 1, (u64)KSTACK_SIZE);
	const struct stack s = stack_around(from + 1);
	u64 at = ALIGN_UP(from, 8UL);
	size_t n = 0;

	while (n < max && at < s.high) {
		const u64 place = *(const u64 *)at;
		at += 8;
		if (!is_behind_call(place))
			continue;
		places[n++] = place;
		if (!is_trap_entry(place) || at + sizeof(struct trap_frame) > s.high)
			continue;
		/* A frame is followed by the stack that was in use, if any was. */
		const struct trap_frame *f = (const struct trap_frame *)at;
		if ((trap_from_user(f) ? s.high : f->x[REG_SP]) != (u64)(f + 1))
			continue;
		if (n < max)
			places[n++] = place_behind(f->x[REG_PC]);
		if (trap_from_user(f))
			break;
		at = f->x[REG_SP];
	}
	return n;
}

size_t unwind_stack(u64 fp, u64 *places, size_t max)
{
	return scan_stack(fp - 8, places, max); /* its return address is there all the same */
}

size_t unwind_trap(const struct trap_frame *f, u64 *places, size_t max)
{
	size_t n = 0;
	if (n < max)
		places[n++] = place_behind(f->x[REG_PC]);
	if (trap_from_user(f))
		return n;
	if (n < max && is_behind_call(f->x[REG_RA]))
		places[n++] = f->x[REG_RA];
	return n + scan_stack(f->x[REG_SP], places + n, max - n);
}

#endif
