// SPDX-License-Identifier: MIT
/* Gathering what loses its mapping; see unmap.h. */
#include "mm/vmm/unmap.h"

#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/ptable.h"

void unmap_end(struct unmap_batch *b)
{
	if (b->count == 0)
		return;
	aspace_fence(b->as);
	for (unsigned i = 0; i < b->count; i++) {
		if (b->pages[i]->kind == PAGE_TABLE)
			ptable_free_leaves(b->pages[i]);
		else
			pmm_put(b->pages[i]);
	}
	b->count = 0;
}

void unmap_add(struct unmap_batch *b, struct page *page)
{
	if (b->count == UNMAP_BATCH_PAGES)
		unmap_end(b);
	b->pages[b->count++] = page;
	/* A table comes with its leaves; one of tables has none left by then. */
	b->as->resident_pages -= page->kind == PAGE_TABLE ? page->present : 1;
}

static void detach_table(struct unmap_batch *b, uaddr_t va)
{
	struct page *tables[2];
	const unsigned n = ptable_detach(b->as, va, tables);
	for (unsigned i = 0; i < n; i++)
		unmap_add(b, tables[i]);
}

void unmap_range(struct unmap_batch *b, uaddr_t start, uaddr_t end)
{
	struct leaf_span span;
	for (uaddr_t at = start; ptable_next_span(b->as, &at, end, &span);) {
		/* A table that goes whole takes its leaves along. */
		const bool whole = span.end - span.first == PTES_PER_TABLE;
		if (!whole) {
			for_each_present(i, &span)
				unmap_add(b, pte_page(ptable_take_leaf(&span.entries[i])));
		}
		if (whole || virt_to_page(span.entries)->present == 0)
			detach_table(b, span.va);
	}
}
