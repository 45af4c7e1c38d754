// SPDX-License-Identifier: MIT
/* Gathering what loses its mapping; see unmap.h. */
#include "mm/vmm/unmap.h"

#include "arch/riscv/cpu/mmu.h"
#include "lib/compiler.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

void unmap_end(struct unmap_batch *b)
{
	if (!b->took)
		return;
	aspace_fence(b->as);
	struct frame_run gone;
	frame_run_begin(&gone);
	for (unsigned i = 0; i < b->count; i++) {
		if (b->pages[i]->kind == PAGE_TABLE)
			ptable_free_leaves(b->pages[i]);
		else
			frame_run_put(&gone, b->pages[i]);
	}
	frame_run_end(&gone);
	b->took = false;
	b->count = 0;
}

static void add_page(struct unmap_batch *b, struct page *page)
{
	if (b->count == UNMAP_BATCH_PAGES)
		unmap_end(b);
	b->pages[b->count++] = page;
	b->took = true;
}

void unmap_add_leaf(struct unmap_batch *b, pte_t leaf)
{
	b->took = true;
	b->as->resident_pages--;
	if (pte_is_counted(leaf))
		add_page(b, pte_page(leaf));
}

/* A table comes with its leaves; one of tables has none left by then. */
static void add_table(struct unmap_batch *b, struct page *table)
{
	b->as->resident_pages -= table->present;
	add_page(b, table);
}

static void unmap_leaves(struct unmap_batch *b, const struct leaf_span *span)
{
	for_each_group_of(group, span)
	{
		if (b->count > UNMAP_BATCH_PAGES - PTES_PER_GROUP)
			unmap_end(b);
		unsigned taken;
		b->count += ptable_take_group(span, group, &b->pages[b->count], &taken);
		b->took |= taken != 0;
		b->as->resident_pages -= taken;
	}
}

static void detach_table(struct unmap_batch *b, uaddr_t va)
{
	struct page *tables[2];
	const unsigned n = ptable_detach(b->as, va, tables);
	for (unsigned i = 0; i < n; i++)
		add_table(b, tables[i]);
}

/* Is something of a region in [@first, @end)? */
static bool range_is_used(struct aspace *as, uaddr_t first, uaddr_t end)
{
	if (first >= end)
		return false;
	const struct region *r = region_find_from(as, first);
	return r != NULL && r->start < end;
}

/* Does nothing stay of what the entry of @span_bytes for @va spans, if [@start, @end) goes? */
static bool goes_whole(struct aspace *as, uaddr_t va, u64 span_bytes, uaddr_t start, uaddr_t end)
{
	const uaddr_t first = ALIGN_DOWN(va, span_bytes);
	return !range_is_used(as, first, start) && !range_is_used(as, end, first + span_bytes);
}

static int own_edge(struct aspace *as, uaddr_t va, uaddr_t start, uaddr_t end)
{
	if (goes_whole(as, va, GIGAPAGE_SIZE, start, end))
		return 0;
	return ptable_own_tables(as, va, goes_whole(as, va, MEGAPAGE_SIZE, start, end) ? 1 : 2);
}

int unmap_prepare(struct aspace *as, uaddr_t start, uaddr_t end)
{
	if (!as->shares_tables || start >= end)
		return 0;
	/* Since the last fork something was touched in both tables, most often. */
	if (ptable_find_own(as, start) != NULL && ptable_find_own(as, end - 1) != NULL)
		return 0;
	int err = own_edge(as, start, start, end);
	if (err == 0)
		err = own_edge(as, end - 1, start, end);
	tlb_flush_local(); /* other harts' marks before our walks */
	return err;
}

static void drop_shared(struct unmap_batch *b, uaddr_t start, uaddr_t end)
{
	u64 leaves;
	struct page *emptied;
	for (uaddr_t at = start; ptable_drop_shared(b->as, &at, end, &leaves, &emptied);) {
		b->as->resident_pages -= leaves;
		if (emptied != NULL)
			add_table(b, emptied);
	}
}

void unmap_range(struct unmap_batch *b, uaddr_t start, uaddr_t end)
{
	if (b->as->shares_tables)
		drop_shared(b, start, end);
	struct leaf_span span;
	for (uaddr_t at = start; at < end && ptable_next_span(b->as, &at, end, &span);) {
		ASSERT(!span.shared);
		/* A table that goes whole takes its leaves along. */
		const bool whole = span.end - span.first == PTES_PER_TABLE;
		if (!whole)
			unmap_leaves(b, &span);
		if (whole || pte_page(span.middle)->present == 0)
			detach_table(b, span.va);
	}
}
