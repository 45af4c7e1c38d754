// SPDX-License-Identifier: MIT
/*
 * Stocks of page tables, two per hart: tables, and roots. A table that is emptied is all zero
 * anyway, and the kernel half of a root never changes after boot (layout.h). Debug builds look
 * whether that is so, when a table comes and again when it goes: in between, nobody may have
 * written to it.
 *
 * Locks: each hart's stocks have one (RANK_TABLE), so that ptable_shrink() can empty them from
 * elsewhere; inside it nothing is taken. A hart uses only its own, so the locks are not
 * contended.
 */
#include "mm/vmm/ptable_stock.h"

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"
#include "mm/pmm/failalloc.h"

#define USER_ENTRIES (PTES_PER_TABLE / 2) /* of a root */

#define STOCK_TABLES_MAX 64
#define STOCK_ROOTS_MAX  8

/* Tables chained by struct page.next, whose place is that of the map: clear while it is in use. */
struct stock {
	u32 first; /* frame number, 0: none */
	u32 count;
};

struct hart_stocks {
	struct spinlock lock;
	/* under lock */
	struct stock tables, roots;
} __aligned(64);

static struct hart_stocks stocks[CONFIG_NR_CPUS];

void ptable_init(void)
{
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
		spin_init(&stocks[i].lock, "page table stock", RANK_TABLE);
}

static struct page *stock_take(struct stock *s)
{
	struct page *table = pfn_to_page(s->first);
	s->first = table->next;
	s->count--;
	table->map = 0;
	return table;
}

static void stock_give(struct stock *s, struct page *table)
{
	table->map = 0;
	table->next = s->first;
	s->first = (u32)page_to_pfn(table);
	s->count++;
}

static void check_zero(const struct page *table, unsigned entries)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	const pte_t *e = page_to_virt(table);
	for (unsigned i = 0; i < entries; i++)
		if (e[i].bits != 0)
			panic("page table %#lx in stock has %#lx in entry %u",
			      (unsigned long)page_to_phys(table), (unsigned long)e[i].bits, i);
}

/* One from this hart's stock, or NULL. */
static struct page *take_from(struct hart_stocks *h, struct stock *s)
{
	struct page *table = NULL;
	spin_lock(&h->lock);
	if (s->count != 0)
		table = stock_take(s);
	spin_unlock(&h->lock);
	return table;
}

static void give_back_to(struct hart_stocks *h, struct stock *s, u32 max, struct page *table)
{
	ASSERT(table->present == 0);
	spin_lock(&h->lock);
	const bool room = s->count < max;
	if (room)
		stock_give(s, table);
	spin_unlock(&h->lock);
	if (!room)
		pmm_put(table);
}

struct page *ptable_alloc(void)
{
	if (failalloc_hits())
		return NULL;
	struct hart_stocks *h = &stocks[cpu_index()];
	struct page *table = take_from(h, &h->tables);
	if (table != NULL) {
		check_zero(table, PTES_PER_TABLE);
		return table;
	}
	/* The allocator hands frames out with present and map zero. */
	return pmm_alloc_zeroed(PAGE_TABLE);
}

void ptable_free(struct page *table)
{
	struct hart_stocks *h = &stocks[cpu_index()];
	check_zero(table, PTES_PER_TABLE);
	table->counted = 0;
	give_back_to(h, &h->tables, STOCK_TABLES_MAX, table);
}

struct page *ptable_alloc_root(void)
{
	if (failalloc_hits())
		return NULL;
	struct hart_stocks *h = &stocks[cpu_index()];
	struct page *root = take_from(h, &h->roots);
	if (root != NULL) {
		check_zero(root, USER_ENTRIES);
		return root;
	}
	root = ptable_alloc();
	if (root != NULL) {
		pte_t *entries = page_to_virt(root);
		memcpy(&entries[USER_ENTRIES], &kernel_root[USER_ENTRIES],
		       sizeof(pte_t) * (PTES_PER_TABLE - USER_ENTRIES));
	}
	return root;
}

void ptable_free_root(struct page *root)
{
	struct hart_stocks *h = &stocks[cpu_index()];
	check_zero(root, USER_ENTRIES);
	give_back_to(h, &h->roots, STOCK_ROOTS_MAX, root);
}

static void empty_stock(struct hart_stocks *h, struct stock *s)
{
	for (;;) {
		struct page *table = take_from(h, s);
		if (table == NULL)
			return;
		pmm_put(table);
	}
}

void ptable_shrink(void)
{
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++) {
		empty_stock(&stocks[i], &stocks[i].tables);
		empty_stock(&stocks[i], &stocks[i].roots);
	}
}
