// SPDX-License-Identifier: MIT
/*
 * Looking among the regions of a space: for the one at an address, and for room for another. What
 * changes them is region.c.
 *
 * What earlier searches found is kept in as->last_region and as->gaps.
 */
#include "arch/riscv/cpu/layout.h"
#include "lib/abi/errno.h"
#include "mm/vmm/region.h"

/* ---- looking up ---- */

/*
 * So many are found by walking the chain, and most spaces have no more: they do without a tree, and
 * so do those that fork makes, until somebody looks for what is not near the last one. From then
 * on the tree is kept, until no region is left.
 */
#define CHAIN_MAX 16

/* Nothing is compared, since they come in order: each is the rightmost by now. */
static void build_tree(struct aspace *as)
{
	struct rb_node *last = NULL;
	for (struct region *r = as->first_region; r != NULL; r = r->next) {
		rb_insert(&as->regions, last, last != NULL ? &last->right : &as->regions.node,
			  &r->node);
		last = &r->node;
	}
}

static inline struct region *find_in_tree(const struct aspace *as, uaddr_t va)
{
	struct rb_node *n = as->regions.node;
	struct region *best = NULL;
	while (n != NULL) {
		struct region *r = rb_entry(n, struct region, node);
		if (r->end > va) {
			best = r;
			if (r->start <= va)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static __noinline struct region *find_without_tree(struct aspace *as, uaddr_t va)
{
	if (as->region_count > CHAIN_MAX) {
		build_tree(as);
		return find_in_tree(as, va);
	}
	const struct region *last = as->last_region;
	struct region *r = last != NULL && va >= last->end ? last->next : as->first_region;
	while (r != NULL && r->end <= va)
		r = r->next;
	return r;
}

struct region *region_find_far(struct aspace *as, uaddr_t va)
{
	return as->regions.node != NULL ? find_in_tree(as, va) : find_without_tree(as, va);
}

static inline struct region *find_anew(struct aspace *as, uaddr_t va)
{
	struct region *r = region_find_from(as, va);
	if (r == NULL || r->start > va)
		return NULL;
	as->last_region = r;
	return r;
}

/* Apart, so that who has a tree needs no stack frame. */
static __noinline struct region *find_anew_without_tree(struct aspace *as, uaddr_t va)
{
	return find_anew(as, va);
}

struct region *region_find_anew(struct aspace *as, uaddr_t va)
{
	return as->regions.node != NULL ? find_anew(as, va) : find_anew_without_tree(as, va);
}

/* ---- free ranges ---- */

/* Where what must stay free below @r ends, seen from below. */
static uaddr_t guarded_start(const struct region *r)
{
	if ((r->flags & MAP_GROWSDOWN) == 0)
		return r->start;
	return r->start > STACK_GUARD_BYTES ? r->start - STACK_GUARD_BYTES : 0;
}

void region_note_gap(struct aspace *as, const struct region *below, const struct region *above)
{
	const uaddr_t start = below != NULL ? below->end : USER_MIN;
	const uaddr_t end = above != NULL ? guarded_start(above) : USER_MAX;
	for (unsigned i = 0; i < ARRAY_SIZE(as->gaps); i++) {
		struct gap_hint *h = &as->gaps[i];
		if (end > h->below && end >= start + h->len_bytes)
			h->below = end;
	}
}

bool region_range_is_free(struct aspace *as, uaddr_t start, uaddr_t end)
{
	const struct region *r = region_find_from(as, start);
	return r == NULL || end <= guarded_start(r);
}

static int search_down(struct aspace *as, uaddr_t top, u64 len_bytes, uaddr_t *start)
{
	/* The lowest region above the gap being looked at; NULL: none. */
	struct region *above = region_find_from(as, top);
	uaddr_t gap_end = top;
	if (above != NULL)
		gap_end = MIN(top, guarded_start(above));
	struct region *below = region_before(as, above);
	for (;;) {
		const uaddr_t gap_start = below != NULL ? below->end : USER_MIN;
		if (gap_end >= gap_start + len_bytes) {
			*start = gap_end - len_bytes;
			as->last_region = above;
			return 0;
		}
		if (below == NULL)
			return -ENOMEM;
		gap_end = MIN(gap_end, guarded_start(below));
		above = below;
		below = below->prev;
	}
}

static bool is_large(u64 len_bytes)
{
	return len_bytes >= REGION_LARGE_BYTES;
}

int region_find_gap(struct aspace *as, u64 len_bytes, uaddr_t *start)
{
	const struct gap_hint *h = &as->gaps[is_large(len_bytes)];
	uaddr_t top = as->mmap_top;
	if (is_large(len_bytes) && top > GIGAPAGE_SIZE)
		top = ALIGN_DOWN(top, GIGAPAGE_SIZE) - GIGAPAGE_SIZE;
	const bool shortcut = len_bytes >= h->len_bytes;
	const int err = search_down(as, shortcut ? MIN(h->below, top) : top, len_bytes, start);
	return err != 0 && is_large(len_bytes) ? search_down(as, as->mmap_top, len_bytes, start) :
						 err;
}

void region_note_gap_taken(struct aspace *as, uaddr_t start, u64 len_bytes)
{
	as->gaps[is_large(len_bytes)] = (struct gap_hint){ start, len_bytes };
}
