/* SPDX-License-Identifier: MIT */
/*
 * A map from page number to pointer, for the pages of one file: a radix tree of 64-slot nodes, as
 * high as the largest number needs and no higher. A file of one page needs no node at all.
 *
 * Invariant: every node but the root's has at least one slot in use. The lock is the owner's.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct page_index {
	void *root;      /* height 0: the entry of number 0; otherwise the top node */
	unsigned height; /* levels of nodes */
	u64 count;       /* entries */
};

/* The memory for nodes. Once, before any insertion. 0 or -ENOMEM. */
int page_index_init(void);

/* NULL: nothing there. */
void *page_index_find(const struct page_index *p, u64 index);
/*
 * The slots of @index and of what follows it, each an entry or NULL; *@count becomes the number of
 * them that stand together. NULL: there is nothing in these.
 */
void *const *page_index_slots(const struct page_index *p, u64 index, unsigned *count);
/* The slot must be empty, @entry not NULL. 0 or -ENOMEM, with the map as it was. */
__must_check int page_index_insert(struct page_index *p, u64 index, void *entry);
/* The lowest entry at or after *@index, which moves there. NULL: no more. */
void *page_index_next(const struct page_index *p, u64 *index);
/* What was there; NULL: nothing. */
void *page_index_remove(struct page_index *p, u64 index);
