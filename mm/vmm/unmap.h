/* SPDX-License-Identifier: MIT */
/*
 * Taking mappings away: frames and tables are gathered first, then every hart is fenced once,
 * then they are freed (docs/fork.md H11: the other order hands a frame out while a hart still
 * writes to it).
 */
#pragma once

#include "lib/types.h"

struct aspace;
struct page;

#define UNMAP_BATCH_PAGES 128

/* Lives on the stack of who unmaps, between unmap_begin() and unmap_end(); as->lock is held all
 * the time. */
struct unmap_batch {
	struct aspace *as;
	unsigned count;
	struct page *pages[UNMAP_BATCH_PAGES]; /* a count of each; tables with what is below them */
};

static inline void unmap_begin(struct unmap_batch *b, struct aspace *as)
{
	b->as = as;
	b->count = 0;
}
/* @page's entry is gone; its count goes once the fence is done. */
void unmap_add(struct unmap_batch *b, struct page *page);
/* Fence and free what was gathered. */
void unmap_end(struct unmap_batch *b);

/*
 * Take away all leaves in [@start, @end), and tables that have none left. The range was given to
 * ptable_own_range() before, so nothing can fail.
 */
void unmap_range(struct unmap_batch *b, uaddr_t start, uaddr_t end);
