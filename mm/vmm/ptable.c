// SPDX-License-Identifier: MIT
/*
 * Page tables of user address spaces: the walk, owning and sharing, and tables as objects
 * (ptable_stock.c stocks them). What leaves mean, when their frames are dropped and who is fenced
 * is decided by the callers.
 *
 * The protocol is that of docs/fork.md, and a change to it begins with a change to its model
 * (tests/model). Order matters in three places:
 *  - Copying a table: the old entry is marked, then what it names is counted up, and only then can
 *    it be seen in the new table. So nobody ever finds W or V over a count that is too low.
 *  - The count of a table goes down last, with release: whoever reads 1 after it, with acquire,
 *    finds every mark.
 *  - The new table is filled before the entry that names it.
 */
#include "mm/vmm/ptable.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "lib/abi/errno.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/events.h"

#define TABLE_LOCKS 64

static struct spinlock table_locks[TABLE_LOCKS] = {
	[0 ... TABLE_LOCKS - 1] = SPINLOCK_INIT("page table", RANK_TABLE),
};

struct spinlock *table_lock(const struct page *table)
{
	return &table_locks[page_to_pfn(table) % TABLE_LOCKS];
}

static pte_t *root_entries(const struct aspace *as)
{
	return phys_to_virt(as->root << PAGE_SHIFT);
}

/* ---- names of tables ---- */

/*
 * One name less. True if it was the last: the table is the caller's to free, and counts 1 as every
 * table without a name does.
 */
static bool table_put(struct page *table)
{
	/* Only who holds a name can make another, and this is the last one. */
	if (page_has_one_owner(table))
		return true;
	const u32 before = __atomic_fetch_sub(&table->count, 1, __ATOMIC_ACQ_REL);
	ASSERT(before != 0);
	if (before != 1)
		return false;
	__atomic_store_n(&table->count, 1, __ATOMIC_RELAXED);
	return true;
}

void ptable_set_table(pte_t *entry, struct page *table)
{
	ptable_count_in(entry);
	/* The contents of the new table before the entry that leads to them: pairs with the
	 * walker's dependency. */
	barrier_write();
	ptable_store_inner(entry, pte_make_table(page_to_pfn(table)));
}

static struct page *take_table(pte_t *entry)
{
	struct page *table = pte_page(*entry);
	ptable_store_inner(entry, pte_none());
	virt_to_page(entry)->present--;
	return table;
}

/* The bits of a map for the groups from that of entry @first to that of entry @last. */
static u64 groups_between(u64 first, u64 last)
{
	return ~0UL << first / PTES_PER_GROUP &
	       ~0UL >> (GROUPS_PER_TABLE - 1 - last / PTES_PER_GROUP);
}

unsigned ptable_set_object_leaves(pte_t *slot, struct page *const *pages, unsigned count, u64 bits)
{
	struct page *table = virt_to_page(slot);
	const u64 whole_bits = pte_make_leaf(0, bits).bits;
	const unsigned first = (unsigned)(page_offset((u64)slot) / sizeof(pte_t));
	unsigned entered = 0;
	for (const pte_t *const end = slot + count; slot != end; slot++, pages++) {
		if (*pages == NULL || !pte_is_none(*slot))
			continue;
		ptable_store(slot, (pte_t){ whole_bits | page_to_pfn(*pages) << PTE_PPN_SHIFT });
		entered++;
	}
	table->present += entered;
	table->map |= groups_between(first, first + count - 1);
	return entered;
}

/* ---- copying ---- */

/* Of data most often all eight leaves of a group have a count, of text none. */
static inline bool group_has_count(const pte_t *e)
{
	if (pte_is_counted(e[0]))
		return true;
	const u64 rest = e[1].bits | e[2].bits | e[3].bits | e[4].bits | e[5].bits | e[6].bits |
			 e[7].bits;
	return pte_is_counted((pte_t){ rest });
}

/* A group of leaves none of which has a count, as those of programs' text. All are loaded first:
 * the loads need not wait for each other's stores. */
static inline void copy_uncounted(const pte_t *from, pte_t *to)
{
	const pte_t a = from[0], b = from[1], c = from[2], d = from[3];
	const pte_t e = from[4], f = from[5], g = from[6], h = from[7];
	ptable_store_copy(&to[0], a);
	ptable_store_copy(&to[1], b);
	ptable_store_copy(&to[2], c);
	ptable_store_copy(&to[3], d);
	ptable_store_copy(&to[4], e);
	ptable_store_copy(&to[5], f);
	ptable_store_copy(&to[6], g);
	ptable_store_copy(&to[7], h);
}

/* Any group; true if W was taken from @from. */
static __noinline bool copy_group(pte_t *from, pte_t *to)
{
	bool took_write = false;
	for (const pte_t *const end = from + PTES_PER_GROUP; from != end; from++, to++) {
		if (pte_is_counted(*from)) {
			took_write |= ptable_protect_leaf(from);
			pmm_get(pte_page(*from));
		}
		ptable_store_copy(to, *from);
	}
	return took_write;
}

bool ptable_copy_leaves(struct page *from, struct page *to)
{
	bool took_write = false;
	const pte_t *const counted = ptable_first_counted(from);
	for_each_group(group, from)
	{
		pte_t *copy = ptable_same_place(to, group.at);
		if (group.at >= counted && group_has_count(group.at))
			took_write |= copy_group(group.at, copy);
		else
			copy_uncounted(group.at, copy);
	}
	/* Each present entry was copied, so the counts are the same. */
	to->present = from->present;
	to->map = from->map;
	to->counted = from->counted;
	return took_write;
}

bool ptable_share(pte_t *of, pte_t *entry)
{
	const pte_t old = *of;
	const pte_t shared = pte_make_shared(pte_pfn(old));
	const bool took = pte_is_valid(old);
	if (took)
		ptable_store_inner(of, shared);
	pmm_get(pte_page(old));
	ptable_count_in(entry);
	ptable_store_inner(entry, shared);
	return took;
}

bool ptable_copy_inner(struct page *from, struct page *to)
{
	bool took = false;
	for_each_entry(e, from)
	{
		took |= ptable_share(e, ptable_same_place(to, e));
	}
	return took;
}

/* ---- owning ---- */

/* The last name of a table of @level (1: of tables, 0: of leaves) is gone. */
static void free_table(struct page *table, unsigned level);

/* @shared has other names: let @entry name a copy of it instead, which is this space's alone. */
static int copy_table(struct aspace *as, pte_t *entry, unsigned level)
{
	struct page *shared = pte_page(*entry);
	struct page *own = ptable_alloc();
	if (own == NULL)
		return -ENOMEM;

	/* From here on nothing is allocated and nothing can fail. */
	struct spinlock *lock = table_lock(shared);
	spin_lock(lock);
	if (level == 0)
		(void)ptable_copy_leaves(shared, own);
	else
		(void)ptable_copy_inner(shared, own);
	const bool was_last = table_put(shared);
	spin_unlock(lock);
	if (was_last)
		free_table(shared, level);

	/* No fence: nobody remembers what V = 0 said. */
	barrier_write();
	ptable_store_inner(entry, pte_make_table(page_to_pfn(own)));
	vmm_count(as, EVENT_TABLES_COPIED, 1);
	return 0;
}

/* Make the table of @level that @entry names this space's own. 0 or -ENOMEM, nothing changed. */
static int own_entry(struct aspace *as, pte_t *entry, unsigned level)
{
	if (pte_is_valid(*entry))
		return 0;
	/* Two threads must not both do this (H5). */
	DEBUG_ASSERT(aspace_is_mine(as));
	/* The one name it has is ours, and only we could give it another. */
	if (!page_has_one_owner(pte_page(*entry)))
		return copy_table(as, entry, level);
	ptable_store_inner(entry, pte_make_table(pte_pfn(*entry)));
	vmm_count(as, EVENT_TABLES_KEPT, 1);
	return 0;
}

/* One step down: the table of @level below @entry, owned. *@below is NULL if there is none and not
 * @create. */
static int own_step(struct aspace *as, pte_t *entry, unsigned level, bool create, pte_t **below)
{
	*below = NULL;
	if (unlikely(pte_is_none(*entry))) {
		if (!create)
			return 0;
		struct page *fresh = ptable_alloc();
		if (fresh == NULL)
			return -ENOMEM;
		ptable_set_table(entry, fresh);
	}
	const int err = own_entry(as, entry, level);
	if (err == 0)
		*below = ptable_below(*entry);
	return err;
}

int ptable_own_path(struct aspace *as, uaddr_t va, bool create, pte_t **leaf)
{
	pte_t *table;
	*leaf = NULL;
	int err = own_step(as, &root_entries(as)[pt_index(va, 2)], 1, create, &table);
	if (err == 0 && table != NULL)
		err = own_step(as, &table[pt_index(va, 1)], 0, create, &table);
	if (err == 0 && table != NULL)
		*leaf = &table[pt_index(va, 0)];
	return err;
}

int ptable_own_tables(struct aspace *as, uaddr_t va, unsigned depth)
{
	pte_t *table;
	int err = own_step(as, &root_entries(as)[pt_index(va, 2)], 1, false, &table);
	if (err == 0 && table != NULL && depth > 1)
		err = own_step(as, &table[pt_index(va, 1)], 0, false, &table);
	return err;
}

/* Where the entry of an inner table after the one for @va begins, but not past @end. */
static uaddr_t next_entry(uaddr_t va, u64 span_bytes, uaddr_t end)
{
	return MIN((va | (span_bytes - 1)) + 1, end);
}

int ptable_own_range(struct aspace *as, uaddr_t start, uaddr_t end)
{
	if (!as->shares_tables)
		return 0;
	const pte_t *root = root_entries(as);
	int err = 0;
	for (uaddr_t va = start; va < end && err == 0;) {
		const bool none = pte_is_none(root[pt_index(va, 2)]);
		if (!none)
			err = ptable_own_tables(as, va, 2);
		va = next_entry(va, none ? GIGAPAGE_SIZE : MEGAPAGE_SIZE, end);
	}
	/* Other harts' marks before our walks. */
	tlb_flush_local();
	return err;
}

/* ---- walking ---- */

bool ptable_next_span(const struct aspace *as, uaddr_t *at, uaddr_t end, struct leaf_span *out)
{
	uaddr_t next;
	for (uaddr_t va = *at; va < end; va = next) {
		const pte_t top = root_entries(as)[pt_index(va, 2)];
		if (pte_is_none(top)) {
			next = next_entry(va, GIGAPAGE_SIZE, end);
			continue;
		}
		const pte_t middle = ptable_load(&ptable_below(top)[pt_index(va, 1)]);
		next = next_entry(va, MEGAPAGE_SIZE, end);
		if (pte_is_none(middle))
			continue;
		const struct page *table = pte_page(middle);
		const u64 first = pt_index(va, 0), end_index = first + ((next - va) >> PAGE_SHIFT);
		const u64 groups = READ_ONCE(table->map) & groups_between(first, end_index - 1);
		/* A table that is empty is told of: it may be in the way. */
		if (groups == 0 && READ_ONCE(table->present) != 0)
			continue;
		*out = (struct leaf_span){
			.entries = ptable_below(middle),
			.first = first,
			.end = end_index,
			.va = va,
			.groups = groups,
			.top = top,
			.middle = middle,
			.shared = (top.bits & middle.bits & PTE_V) == 0,
		};
		*at = next;
		return true;
	}
	*at = end;
	return false;
}

unsigned ptable_take_group(const struct leaf_span *span, u64 group,
			   struct page *out[PTES_PER_GROUP], unsigned *taken)
{
	struct page *table = pte_page(span->middle);
	pte_t *const first = &span->entries[span_group_first(span, group)];
	pte_t *const end = &span->entries[span_group_end(span, group)];
	struct page **next = out;
	unsigned count = 0;
	for (pte_t *e = first; e != end; e++) {
		const pte_t old = *e;
		if (pte_is_none(old))
			continue;
		if (pte_is_counted(old))
			*next++ = pte_page(old);
		ptable_store(e, pte_none());
		count++;
	}
	table->present -= (u16)count;
	if (end - first == PTES_PER_GROUP)
		table->map &= ~BIT(group);
	*taken = count;
	return (unsigned)(next - out);
}

u64 ptable_present_leaves(const struct aspace *as, bool *shares)
{
	u64 sum = 0;
	struct leaf_span span;
	*shares = false;
	for (uaddr_t at = 0; ptable_next_span(as, &at, USER_MAX, &span);) {
		sum += READ_ONCE(virt_to_page(span.entries)->present);
		*shares |= span.shared;
	}
	return sum;
}

/* ---- taking tables away ---- */

unsigned ptable_detach(struct aspace *as, uaddr_t va, struct page *out[2])
{
	pte_t *top = &root_entries(as)[pt_index(va, 2)];
	pte_t *middle = ptable_below(*top);
	unsigned n = 0;
	out[n++] = take_table(&middle[pt_index(va, 1)]);
	if (virt_to_page(middle)->present == 0)
		out[n++] = take_table(top);
	return n;
}

/* Present leaves in or below a table that is shared. */
static u64 leaves_below(const struct page *table, unsigned level)
{
	if (level == 0)
		return READ_ONCE(table->present);
	u64 sum = 0;
	/* None of them becomes none: who takes it away makes a table of his own first. */
	for_each_entry(e, table)
	{
		sum += READ_ONCE(pte_page(ptable_load(e))->present);
	}
	return sum;
}

/* Returns how many leaves the space has lost. */
static u64 drop_entry(pte_t *entry, unsigned level)
{
	struct page *table = take_table(entry);
	const u64 leaves = leaves_below(table, level);
	if (table_put(table))
		free_table(table, level);
	return leaves;
}

bool ptable_drop_shared(struct aspace *as, uaddr_t *at, uaddr_t end, u64 *leaves,
			struct page **emptied)
{
	pte_t *root = root_entries(as);
	*emptied = NULL;
	while (*at < end) {
		const uaddr_t va = *at;
		pte_t *top = &root[pt_index(va, 2)];
		if (!pte_is_valid(*top)) {
			*at = next_entry(va, GIGAPAGE_SIZE, end);
			if (pte_is_none(*top))
				continue;
			*leaves = drop_entry(top, 1);
			return true;
		}
		pte_t *entry = &ptable_below(*top)[pt_index(va, 1)];
		*at = next_entry(va, MEGAPAGE_SIZE, end);
		if (!pte_is_shared(*entry))
			continue;
		*leaves = drop_entry(entry, 0);
		if (virt_to_page(entry)->present == 0)
			*emptied = take_table(top);
		return true;
	}
	return false;
}

/* ---- the end of tables ---- */

/* Drop what a group of leaves counts, if @may_count, and clear it. */
static inline void free_group(struct frame_run *gone, pte_t *e, bool may_count)
{
	if (may_count && group_has_count(e)) {
		for (unsigned i = 0; i < PTES_PER_GROUP; i++)
			if (likely(pte_is_counted(e[i])))
				frame_run_put(gone, pte_page(e[i]));
	}
#pragma GCC unroll 8
	for (unsigned i = 0; i < PTES_PER_GROUP; i++)
		e[i] = pte_none();
}

void ptable_free_leaves(struct page *table)
{
	struct frame_run gone;
	frame_run_begin(&gone);
	const pte_t *const counted = ptable_first_counted(table);
	for_each_group(group, table)
	{
		free_group(&gone, group.at, group.at >= counted);
	}
	frame_run_end(&gone);
	table->present = 0;
	ptable_free(table);
}

/* Drop what the inner entries of @table name, and empty it. */
static void drop_below(struct page *table, unsigned level)
{
	for_each_entry(e, table)
	{
		struct page *below = pte_page(*e);
		*e = pte_none();
		if (table_put(below))
			free_table(below, level - 1);
	}
	table->present = 0;
}

static void free_table(struct page *table, unsigned level)
{
	if (level == 0) {
		ptable_free_leaves(table);
		return;
	}
	drop_below(table, level);
	ptable_free(table);
}

void ptable_destroy_root(struct page *root)
{
	drop_below(root, 2);
	ptable_free_root(root);
}
