/* SPDX-License-Identifier: MIT */
/*
 * The user half of page tables: walking, owning, sharing, entering and removing leaves. This is
 * the one place where user entries are written.
 *
 * An inner entry is none, mine (PPN | V) or shared (PPN | SHARED); struct page.count of a table
 * says how many entries name it. Invariants (docs/fork.md; rules T1, T2): a table that a valid
 * entry names has no other name; a space that is not locked has no hart that remembers a
 * translation through a SHARED entry of it; a valid leaf has A, and D whenever it has W. In
 * struct page of each table, `present` counts its entries that are not zero, and a clear bit i of
 * `map` says that entries 8i to 8i+7 are zero (a set bit may be stale). A leaf of a PROT_NONE page
 * keeps its frame with V = 0 and counts as present. The root's counts are of its user half.
 *
 * A leaf with PTE_COUNTED names an anonymous frame, which counts such leaves. Any other names a
 * page that its region's object holds, or the zero page, and nobody counts it: who takes the page
 * from the object has all such leaves taken away first (rmap.c). So what it names is looked at only
 * in a space that is locked, or not at all: in one that is on its way out, the page may be gone.
 *
 * Locks: as->lock, or a space nobody else knows, covers every table that is reached through valid
 * entries. The contents of a table with a SHARED entry on the way to it may be copied or edited
 * for other spaces at any time: table_lock() covers them.
 */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/bits.h"
#include "mm/pmm/pmm.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/ptable_stock.h"

#define PTES_PER_GROUP    8 /* one bit of the map, one cache line */
#define GROUPS_PER_TABLE  (PTES_PER_TABLE / PTES_PER_GROUP)
#define ROOT_USER_ENTRIES (PTES_PER_TABLE / 2)

/* The first group at or after @group that @map does not call empty; GROUPS_PER_TABLE: none. */
static inline u64 map_next_group(u64 map, u64 group)
{
	const u64 rest = group < GROUPS_PER_TABLE ? map >> group : 0;
	if (rest & 1)
		return group;
	return rest != 0 ? group + bits_lowest(rest) : GROUPS_PER_TABLE;
}

static inline pte_t *ptable_entries(const struct page *table)
{
	return page_to_virt(table);
}

static inline struct page *pte_page(pte_t e)
{
	return pfn_to_page(pte_pfn(e));
}

/* For who may read while others write: a table that is shared. */
static inline pte_t ptable_load(const pte_t *slot)
{
	return (pte_t){ READ_ONCE(slot->bits) };
}

/* Where a walk over groups has come to: @at is the one that the lowest bit of @map is about. */
struct group_walk {
	u64 map;
	pte_t *at;
};

/* To the first group, from @w on, that the map does not call empty; if there is none, the map is
 * 0. */
static inline void group_walk_skip(struct group_walk *w)
{
	if (likely(w->map & 1) || w->map == 0)
		return;
	const unsigned empty = bits_lowest(w->map);
	w->map >>= empty;
	w->at += empty * PTES_PER_GROUP;
}

static inline struct group_walk group_walk_begin(const struct page *table)
{
	struct group_walk w = { table->map, ptable_entries(table) };
	group_walk_skip(&w);
	return w;
}

static inline void group_walk_next(struct group_walk *w)
{
	w->map >>= 1;
	w->at += PTES_PER_GROUP;
	group_walk_skip(w);
}

/* Visit the groups of eight entries of @table that its map does not call empty: @w.at is the first
 * entry of each. */
#define for_each_group(w, table) \
	for (struct group_walk w = group_walk_begin(table); w.map != 0; group_walk_next(&w))

#define for_each_in_group(e, first) \
	for (pte_t *e = (first), *const e##_end = e + PTES_PER_GROUP; e != e##_end; e++)

/* Visit the entries of @table that are not none: @e points to each. A body that is done returns;
 * break would leave only a group. */
#define for_each_entry(e, table) \
	for_each_group(e##_group, table) for_each_in_group(e, e##_group.at) if (!pte_is_none(*e))

/* The entry of @table at the place that @slot has in its own. */
static inline pte_t *ptable_same_place(struct page *table, const pte_t *slot)
{
	return (pte_t *)((char *)page_to_virt(table) + page_offset((u64)slot));
}

/* The table that the inner entry @e names. */
static inline pte_t *ptable_below(pte_t e)
{
	return phys_to_virt(pte_paddr(e));
}

/* The only store to an inner entry: none, mine or shared. Counts are the caller's business. */
static inline void ptable_store_inner(pte_t *slot, pte_t e)
{
	DEBUG_ASSERT(pte_is_none(e) || (e.bits & ~PTE_PPN_MASK) == PTE_V ||
		     (e.bits & ~PTE_PPN_MASK) == PTE_SHARED);
	WRITE_ONCE(slot->bits, e.bits);
}

/* Is @e a leaf that the frame it names counts? */
static inline bool pte_is_counted(pte_t e)
{
	return (e.bits & PTE_COUNTED) != 0;
}

/* The only store to a leaf, but for ptable_store_copy(). Counts are the caller's business. */
static inline void ptable_store(pte_t *slot, pte_t e)
{
	ASSERT((e.bits & (PTE_V | PTE_A)) != PTE_V);         /* T1: would fault on a U74 */
	ASSERT((e.bits & (PTE_W | PTE_D)) != PTE_W);         /* T1 */
	DEBUG_ASSERT((e.bits & (PTE_W | PTE_R)) != PTE_W);   /* reserved */
	DEBUG_ASSERT(!pte_is_table(e) && !(e.bits & PTE_G)); /* T2, and never global */
	DEBUG_ASSERT(!pte_is_valid(e) || (e.bits & PTE_U));
	WRITE_ONCE(slot->bits, e.bits);
}

/* A leaf of another table: it was looked at when it was stored there. */
static inline void ptable_store_copy(pte_t *slot, pte_t e)
{
	DEBUG_ASSERT(!pte_is_table(e));
	WRITE_ONCE(slot->bits, e.bits);
}

static inline void ptable_count_in(pte_t *slot)
{
	struct page *table = virt_to_page(slot);
	table->present++;
	table->map |= BIT(page_offset((u64)slot) / sizeof(pte_t) / PTES_PER_GROUP);
}

/* The first entry of a table of leaves that may have PTE_COUNTED. */
static inline pte_t *ptable_first_counted(const struct page *table)
{
	return ptable_entries(table) + (GROUPS_PER_TABLE - table->counted) * PTES_PER_GROUP;
}

/* The leaf @slot is to have PTE_COUNTED. */
static inline void ptable_mark_counted(const pte_t *slot)
{
	struct page *table = virt_to_page(slot);
	const u64 group = page_offset((u64)slot) / sizeof(pte_t) / PTES_PER_GROUP;
	if (unlikely(table->counted < GROUPS_PER_TABLE - group))
		table->counted = (u8)(GROUPS_PER_TABLE - group);
}

/* Take W from the leaf @slot if it names an anonymous frame: a write will ask who else holds that.
 * Pages of objects are everybody's who has W. True if it was taken. */
static inline bool ptable_protect_leaf(pte_t *slot)
{
	const pte_t e = *slot;
	if ((e.bits & (PTE_W | PTE_COUNTED)) != (PTE_W | PTE_COUNTED))
		return false;
	ptable_store(slot, (pte_t){ (e.bits & ~PTE_W) | PTE_COW });
	return true;
}

/* A leaf where there was none; the count of the frame, if it has one, passes to the leaf. */
static inline void ptable_set_leaf(pte_t *slot, pte_t e)
{
	ptable_count_in(slot);
	if (pte_is_counted(e))
		ptable_mark_counted(slot);
	ptable_store(slot, e);
}

/*
 * Where there is none, leaves of @bits for those of @count @pages of an object that are not NULL,
 * one after the other from @slot on in one table. Returns how many leaves there are now that were
 * not.
 */
unsigned ptable_set_object_leaves(pte_t *slot, struct page *const *pages, unsigned count, u64 bits);

/* Another leaf where there is one, with PTE_COUNTED only if that had it, or it was marked. */
static inline void ptable_change_leaf(pte_t *slot, pte_t e)
{
	ptable_store(slot, e);
}

/* Take the leaf away; its count of the frame, if it has one, passes to the caller, who fences
 * before dropping it. */
static inline pte_t ptable_take_leaf(pte_t *slot)
{
	const pte_t old = *slot;
	ptable_store(slot, pte_none());
	virt_to_page(slot)->present--;
	return old;
}

/* Covers the contents of @table while it has other names. One of a few for all tables, so never
 * two. */
struct spinlock *table_lock(const struct page *table);

/*
 * Walk to the leaf of @va, making every table on the way the space's own. *@leaf is NULL if a
 * table is missing and not @create. 0 or -ENOMEM, with nothing changed that shows. Who does not
 * fence anyway calls tlb_flush_local() before this hart uses what was made mine.
 *
 * The seam of fork by sharing tables: everybody who edits leaves on behalf of one process comes
 * through here, ptable_own_tables() or ptable_own_range() first.
 */
__must_check int ptable_own_path(struct aspace *as, uaddr_t va, bool create, pte_t **leaf);
/* The same for tables on the way to @va that exist: the middle one (@depth 1), and that of leaves
 * (2). */
__must_check int ptable_own_tables(struct aspace *as, uaddr_t va, unsigned depth);
/* The same for all tables that exist in [@start, @end), so that an edit after it cannot fail. */
__must_check int ptable_own_range(struct aspace *as, uaddr_t start, uaddr_t end);

/* Where the leaf of @va is, or would be; NULL if a table on the way is missing or not the space's
 * own. */
static inline pte_t *ptable_find_own(const struct aspace *as, uaddr_t va)
{
	const pte_t *root = phys_to_virt(as->root << PAGE_SHIFT);
	const pte_t top = root[pt_index(va, 2)];
	if (unlikely(!pte_is_valid(top)))
		return NULL;
	const pte_t middle = ptable_below(top)[pt_index(va, 1)];
	if (unlikely(!pte_is_valid(middle)))
		return NULL;
	return &ptable_below(middle)[pt_index(va, 0)];
}

/* The leaves of one table that lie in a range. */
struct leaf_span {
	pte_t *entries;    /* of the whole table */
	u64 first, end;    /* indexes, end exclusive */
	uaddr_t va;        /* of entries[first] */
	u64 groups;        /* the part of the table's map that is about them */
	pte_t top, middle; /* the inner entries that lead here */
	bool shared;       /* one of them is SHARED: to be read, or edited for all under the
				table's lock */
};
/* The next table with leaves in [*@at, @end); moves *@at behind what it returns. */
bool ptable_next_span(const struct aspace *as, uaddr_t *at, uaddr_t end, struct leaf_span *out);
/* How many spaces see this table, at least: more than 1 only if it is shared. */
static inline u32 span_spaces(const struct leaf_span *span)
{
	return READ_ONCE(pte_page(span->top)->count) + READ_ONCE(pte_page(span->middle)->count) - 1;
}

/* Visit the groups of @span that the map does not call empty. */
#define for_each_group_of(group, span)                                                   \
	for (u64 group = map_next_group((span)->groups, (span)->first / PTES_PER_GROUP); \
	     group < GROUPS_PER_TABLE; group = map_next_group((span)->groups, group + 1))

/* The entries of @group that are in @span: from here to there, exclusive. */
static inline u64 span_group_first(const struct leaf_span *span, u64 group)
{
	return MAX(group * PTES_PER_GROUP, span->first);
}
static inline u64 span_group_end(const struct leaf_span *span, u64 group)
{
	return MIN((group + 1) * PTES_PER_GROUP, span->end);
}

/*
 * Take away all leaves of @span in @group; *@taken: how many there were. The frames that count them
 * go to @out, and are dropped by the caller, who fences before. Returns how many those are.
 */
unsigned ptable_take_group(const struct leaf_span *span, u64 group,
			   struct page *out[PTES_PER_GROUP], unsigned *taken);

/* Visit the leaves of @span that are not none: @i is the index. Ends early as for_each_entry. */
#define for_each_present(i, span)                                               \
	for_each_group_of(i##_group,                                            \
			  span) for (u64 i = span_group_first(span, i##_group), \
				     i##_end = span_group_end(span, i##_group); \
				     i < i##_end;                               \
				     i++) if (!pte_is_none(ptable_load(&(span)->entries[i])))

/* Name @table in the inner entry @entry, which is none. */
void ptable_set_table(pte_t *entry, struct page *table);
/*
 * Let @entry of a child, which is none, name the table that @of, an entry of its parent, names, and
 * make both SHARED. True if that took V from @of: the parent is to be fenced.
 */
bool ptable_share(pte_t *of, pte_t *entry);
/*
 * Let @to, a table of zeros, name what @from names: the frames of leaves, of which the anonymous
 * ones lose W in both; tables become SHARED in both. What is named is counted up before it can be
 * seen in @to. True if V or W was taken from @from.
 */
bool ptable_copy_leaves(struct page *from, struct page *to);
bool ptable_copy_inner(struct page *from, struct page *to);

/*
 * Take the entry away that names the table of leaves for @va, and the one above it if that table
 * is empty now. Returns how many of @out were filled: tables the caller fences for and hands to
 * ptable_free_leaves().
 */
unsigned ptable_detach(struct aspace *as, uaddr_t va, struct page *out[2]);
/*
 * Drop the next SHARED entry on the way to something in [*@at, @end), below which nothing of this
 * space is to stay; moves *@at behind it. False: there is none. No fence is due. *@leaves: how many
 * the space has lost. *@emptied: the table it stood in, if that is empty now and detached like by
 * ptable_detach(), or NULL.
 */
bool ptable_drop_shared(struct aspace *as, uaddr_t *at, uaddr_t end, u64 *leaves,
			struct page **emptied);
/* Drop the frames of all leaves of @table, if there are any, and free it. No walker can reach
 * it. */
void ptable_free_leaves(struct page *table);
/* Everything below @root and the root itself. No hart has it in satp. Needs no memory. */
void ptable_destroy_root(struct page *root);

/* Present leaves of the whole space. *@shares: some are in tables that are shared. */
u64 ptable_present_leaves(const struct aspace *as, bool *shares);
