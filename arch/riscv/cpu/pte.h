/* SPDX-License-Identifier: MIT */
/*
 * Sv39 page-table entries (privileged specification 20211203, section 4.4) and the address
 * arithmetic of pages. Pure: no memory is touched and no CSR is read here, so the host tests use it
 * as it is.
 *
 * Two kinds of entries never share a constructor (rules T1, T2):
 *  - a leaf always has A set, and D whenever W is, because a U74 faults instead of setting them;
 *  - an inner entry is PPN | V and nothing else while valid, and PPN | SHARED while it is not.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define PTES_PER_TABLE 512
#define PT_LEVELS \
	3 /* an entry of level 2, the root, spans 1 GiB; of level 1 2 MiB; of level 0 a page */

#define MEGAPAGE_SIZE (1UL << 21)
#define GIGAPAGE_SIZE (1UL << 30)

#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_U BIT(4)
#define PTE_G BIT(5)
#define PTE_A BIT(6)
#define PTE_D BIT(7)
/* The two bits the hardware leaves to software. */
#define PTE_COW     BIT(8) /* leaf: a write may have W, or a copy if the frame has other users */
#define PTE_COUNTED BIT(9) /* leaf: of an anonymous frame, which counts it; not of an object's */
/* The first of them means something else in an inner entry: V is off, because other entries may
 * name the table below it, too. */
#define PTE_SHARED BIT(8)

#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK  (((1UL << 44) - 1) << PTE_PPN_SHIFT)

typedef struct {
	u64 bits;
} pte_t;

static inline pte_t pte_none(void)
{
	return (pte_t){ 0 };
}

static inline bool pte_is_none(pte_t e)
{
	return e.bits == 0;
}

static inline bool pte_is_valid(pte_t e)
{
	return (e.bits & PTE_V) != 0;
}

/* Valid and pointing to a table: R, W and X all clear. */
static inline bool pte_is_table(pte_t e)
{
	return (e.bits & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

/* Nothing stands above the frame's number: no entry of ours uses an extension of the format. */
static inline pfn_t pte_pfn(pte_t e)
{
	return e.bits >> PTE_PPN_SHIFT;
}

static inline paddr_t pte_paddr(pte_t e)
{
	return pte_pfn(e) << PAGE_SHIFT;
}

/* @bits: R W X U G COW COUNTED, and V unless the page is PROT_NONE. A and D are added here. */
static inline pte_t pte_make_leaf(pfn_t pfn, u64 bits)
{
	return (pte_t){ pfn << PTE_PPN_SHIFT | bits | PTE_A | (bits & PTE_W ? PTE_D : 0) };
}

static inline pte_t pte_make_table(pfn_t pfn)
{
	return (pte_t){ pfn << PTE_PPN_SHIFT | PTE_V };
}

static inline pte_t pte_make_shared(pfn_t pfn)
{
	return (pte_t){ pfn << PTE_PPN_SHIFT | PTE_SHARED };
}

/* Of an inner entry: it names a table that is not its space's own, or not known to be. */
static inline bool pte_is_shared(pte_t e)
{
	return (e.bits & (PTE_V | PTE_SHARED)) == PTE_SHARED;
}

/* Index into the table of @level (0 = leaves) for @va. */
static inline unsigned pt_index(u64 va, unsigned level)
{
	return (va >> (PAGE_SHIFT + 9 * level)) & (PTES_PER_TABLE - 1);
}

static inline u64 page_align_up(u64 x)
{
	return (x + PAGE_SIZE - 1) & PAGE_MASK;
}

static inline u64 page_align_down(u64 x)
{
	return x & PAGE_MASK;
}

static inline u64 page_offset(u64 x)
{
	return x & ~PAGE_MASK;
}
