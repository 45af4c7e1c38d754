// SPDX-License-Identifier: MIT
/*
 * What a fatal fault means, from the address and the kernel's page table alone. The case table, the
 * first row that fits:
 *
 * | address                          | what it is called                                       |
 * |----------------------------------|---------------------------------------------------------|
 * | in the first page                | a null pointer, or a member of what it points to        |
 * | in the user half                 | user memory without the doors of usercopy.h             |
 * | near a poison pattern            | a pointer out of a freed object or frame                |
 * | mapped, but not for this access  | read-only, or no code                                   |
 * | mapped, without A or D           | an entry the board's harts fault on (rule T1)           |
 * | in the guard half of a stack     | another stack's overflow, or a pointer to a local gone  |
 * | anything else                    | nothing is mapped there                                 |
 */
#include "arch/riscv/entry/kernel_fault.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/sched/thread.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

/* How far behind a poisoned pointer a member may lie. */
#define POISON_REACH 0x10000

static bool is_near(u64 va, u64 pattern)
{
	return va - pattern < POISON_REACH || pattern - va < POISON_REACH;
}

static const char *describe_mapped(const struct trap_frame *f, pte_t entry)
{
	if ((entry.bits & PTE_A) == 0 || (entry.bits & (PTE_W | PTE_D)) == PTE_W)
		return "whose entry lacks A or D (T1)";
	switch (f->cause) {
	case CAUSE_FETCH_PAGE:
		return "which is not code: a function pointer or a return address is damaged";
	case CAUSE_STORE_PAGE:
		return "which is read-only";
	default:
		return (entry.bits & PTE_R) != 0 ? "which the machine refuses" :
						   "which cannot be read";
	}
}

static const char *describe(const struct trap_frame *f, u64 va)
{
	if (va < PAGE_SIZE)
		return "a null pointer";
	if (va < USER_MAX)
		return "user memory: use the functions of arch/riscv/cpu/usercopy.h";
	if (is_near(va, SLAB_POISON_WORD))
		return "the poison of a freed object: the pointer was read after kfree() or "
		       "slab_free()";
	if (is_near(va, PMM_POISON_WORD))
		return "the poison of a freed frame: the pointer was read after pmm_put()";
	unsigned level;
	const pte_t entry = mmu_kernel_lookup(va, &level);
	if (pte_is_valid(entry))
		return describe_mapped(f, entry);
	if (kstack_is_guard(va))
		return "the guard below a kernel stack";
	return "where nothing is mapped";
}

static const char *describe_access(u64 cause)
{
	switch (cause) {
	case CAUSE_FETCH_PAGE:
	case CAUSE_FETCH_ACCESS:
		return "jump";
	case CAUSE_STORE_PAGE:
	case CAUSE_STORE_ACCESS:
		return "store";
	default:
		return "load";
	}
}

void kernel_fault_panic(const struct trap_frame *f, u64 va)
{
	char place[SYMBOL_TEXT_MAX];
	/* A jump has left the code; who called knows. */
	if (f->x[REG_PC] == va)
		symbols_format(place, sizeof(place), f->x[REG_RA]);
	else
		symbols_format_pc(place, sizeof(place), f->x[REG_PC]);
	panic_with_frame(f, "kernel fault: %s at %s, address %#lx, %s", describe_access(f->cause),
			 place, va, describe(f, va));
}

void handle_stack_overflow(struct trap_frame *f)
{
	char place[SYMBOL_TEXT_MAX];
	/* sp stands in the lower half of the slot, or is about to (trap_entry.S). */
	const u64 sp = f->x[REG_SP];
	const u64 bottom = ALIGN_UP(sp, 2UL * KSTACK_SIZE) - KSTACK_SIZE;
	symbols_format_pc(place, sizeof(place), f->x[REG_PC]);
	panic_with_frame(f,
			 "kernel stack overflow of thread '%s' at %s: sp %#lx, the stack's %d KiB "
			 "end at %#lx; too many calls, or too large a local variable",
			 thread_current()->name, place, sp, KSTACK_SIZE / 1024, bottom);
}
