/* SPDX-License-Identifier: MIT */
/*
 * Taking mappings away: frames and tables are gathered first, then every hart is fenced once,
 * then they are freed (docs/fork.md H11: the other order hands a frame out while a hart still
 * writes to it).
 */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct aspace;
struct page;

#define UNMAP_BATCH_PAGES 128

/* Lives on the stack of who unmaps, between unmap_begin() and unmap_end(); as->lock is held all
 * the time. */
struct unmap_batch {
	struct aspace *as;
	bool took; /* a leaf or a table went since the last fence */
	unsigned count;
	struct page *pages[UNMAP_BATCH_PAGES]; /* a count of each; tables with what is below them */
};

static inline void unmap_begin(struct unmap_batch *b, struct aspace *as)
{
	b->as = as;
	b->took = false;
	b->count = 0;
}
/* @leaf is gone; its count of the frame, if it has one, goes once the fence is done. */
void unmap_add_leaf(struct unmap_batch *b, pte_t leaf);
/* Fence and free what was gathered. */
void unmap_end(struct unmap_batch *b);

/*
 * Make sure that unmap_range() of the same range, cannot fail: a table that is
 * shared and from which only a part goes is made mine (H12: what stays is not to come back as it
 * was). To be called while the regions that go are still there. 0, or -ENOMEM with nothing changed
 * that shows.
 */
__must_check int unmap_prepare(struct aspace *as, uaddr_t start, uaddr_t end);
/*
 * Take away all leaves in [@start, @end), and tables that have none left; what is shared and goes
 * whole is only let go of. The range was given to unmap_prepare() before, so nothing can fail.
 */
void unmap_range(struct unmap_batch *b, uaddr_t start, uaddr_t end);
