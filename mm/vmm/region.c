// SPDX-License-Identifier: MIT
/*
 * The set of regions of a space: a red-black tree by start address. Nothing here touches page
 * tables.
 *
 * Invariant: start < end, page-aligned, and each region ends at or before the next one starts.
 * The sums in the space (pages, data pages, count) are changed by the same functions that change
 * the tree.
 */
#include "mm/vmm/region.h"

#include "arch/riscv/cpu/layout.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/object.h"

bool (*aspace_may_lock_all)(void);

static struct slab_cache *region_cache;

void region_init(void)
{
	region_cache = slab_create("region", sizeof(struct region), 8);
	if (region_cache == NULL)
		panic("no memory for the cache of regions");
}

/* ---- looking up ---- */

struct region *region_find_from(const struct aspace *as, uaddr_t va)
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

struct region *region_find_in_tree(struct aspace *as, uaddr_t va)
{
	struct region *r = region_find_from(as, va);
	if (r == NULL || r->start > va)
		return NULL;
	as->last_region = r;
	return r;
}

/* ---- sums ---- */

/* @r has @pages more than it had, or fewer. */
static void account(const struct region *r, s64 pages)
{
	struct aspace *as = r->as;
	as->mapped_pages += (u64)pages;
	as->mapped_peak = MAX(as->mapped_peak, as->mapped_pages);
	if (region_is_data(r->prot, r->flags))
		as->data_pages += (u64)pages;
	if (r->flags & REGION_LOCKED)
		as->locked_pages += (u64)pages;
}

/* [@start, @end) became free: what is known of gaps may be wrong now. */
static void forget_gaps(struct aspace *as, uaddr_t end)
{
	for (unsigned i = 0; i < ARRAY_SIZE(as->gaps); i++)
		if (end > as->gaps[i].below)
			as->gaps[i].len_bytes = ~0UL;
}

bool region_limits_allow(const struct aspace *as, u64 pages, u64 data_pages)
{
	if (as->mapped_pages + pages > as->limit_pages)
		return false;
	return data_pages == 0 || as->data_pages + data_pages <= as->brk_limit_bytes >> PAGE_SHIFT;
}

bool region_lock_limit_allows(const struct aspace *as, u64 pages)
{
	return as->locked_pages + pages <= as->lock_limit_pages ||
	       (aspace_may_lock_all != NULL && aspace_may_lock_all());
}

struct region_sum region_sum_range(const struct aspace *as, uaddr_t start, uaddr_t end)
{
	struct region_sum sum = { 0, 0, 0 };
	for (const struct region *r = region_find_from(as, start); r != NULL && r->start < end;
	     r = region_next(r)) {
		const u64 pages = (MIN(end, r->end) - MAX(start, r->start)) >> PAGE_SHIFT;
		sum.pages += pages;
		if (region_is_data(r->prot, r->flags))
			sum.data_pages += pages;
		if (r->flags & REGION_LOCKED)
			sum.locked_pages += pages;
	}
	return sum;
}

/* ---- creating, inserting, removing ---- */

struct region *region_create(const struct region *like)
{
	struct region *r = slab_alloc(region_cache);
	if (r == NULL)
		return NULL;
	*r = *like;
	list_init(&r->object_node);
	if (r->object != NULL)
		vm_object_get(r->object);
	return r;
}

void region_destroy(struct region *r)
{
	if (r->object != NULL)
		vm_object_put(r->object);
	slab_free(region_cache, r);
}

void region_destroy_list(struct list *dead)
{
	if (list_is_empty(dead))
		return;
	list_for_each_safe(r, dead, struct region, object_node) {
		list_remove(&r->object_node);
		region_destroy(r);
	}
}

static void object_link(struct region *r)
{
	if (r->object == NULL)
		return;
	spin_lock(&r->object->lock);
	/* At the end: rmap.c's walk then meets a fork's regions after their parent's. */
	list_push_back(&r->object->regions, &r->object_node);
	spin_unlock(&r->object->lock);
}

static void object_unlink(struct region *r)
{
	if (r->object == NULL)
		return;
	spin_lock(&r->object->lock);
	list_remove(&r->object_node);
	spin_unlock(&r->object->lock);
}

/* Into the tree at *@link below @parent, and the object's list; sums as in unlink_region(). */
static void link_region(struct region *r, struct rb_node *parent, struct rb_node **link)
{
	rb_insert(&r->as->regions, parent, link, &r->node);
	r->as->region_count++;
	object_link(r);
}

void region_insert(struct region *r)
{
	struct rb_node **link = &r->as->regions.node;
	struct rb_node *parent = NULL;
	while (*link != NULL) {
		parent = *link;
		const struct region *other = rb_entry(parent, struct region, node);
		DEBUG_ASSERT(r->end <= other->start || other->end <= r->start);
		link = r->start < other->start ? &parent->left : &parent->right;
	}
	DEBUG_ASSERT(r->start < r->end && page_offset(r->start | r->end) == 0);
	link_region(r, parent, link);
	account(r, (s64)region_pages(r));
}

/* Out of the tree and the object's list; the sums of pages are the caller's business. */
static void unlink_region(struct region *r)
{
	struct aspace *as = r->as;
	rb_remove(&as->regions, &r->node);
	as->region_count--;
	if (as->last_region == r)
		as->last_region = NULL;
	object_unlink(r);
}

void region_remove(struct region *r, struct list *dead)
{
	account(r, -(s64)region_pages(r));
	forget_gaps(r->as, r->end);
	unlink_region(r);
	list_push_back(dead, &r->object_node);
}

/* ---- all of a space ---- */

/* A copy of the region at @node, of the same colour, hung into @as at *@link. NULL: no memory. */
static struct rb_node *copy_node(const struct rb_node *node, struct aspace *as,
				 struct rb_node *parent, struct rb_node **link)
{
	struct region *copy = region_create(rb_entry(node, struct region, node));
	if (copy == NULL)
		return NULL;
	copy->as = as;
	copy->flags &= ~REGION_LOCKED; /* locks are not inherited */
	copy->node = (struct rb_node){ .parent = parent, .red = node->red };
	*link = &copy->node;
	as->region_count++;
	object_link(copy);
	return *link;
}

int region_copy_all(const struct aspace *from, struct aspace *to, u32 *flags)
{
	const struct rb_node *node = from->regions.node;
	struct rb_node *copy = node != NULL ? copy_node(node, to, NULL, &to->regions.node) : NULL;
	*flags = 0;
	if (node != NULL && copy == NULL)
		return -ENOMEM;
	/* Down to what has no copy yet, else up: both trees have the same shape, so nothing is
	 * compared or balanced. */
	while (node != NULL) {
		struct rb_node **link = NULL;
		if (node->left != NULL && copy->left == NULL) {
			node = node->left;
			link = &copy->left;
		} else if (node->right != NULL && copy->right == NULL) {
			node = node->right;
			link = &copy->right;
		} else {
			*flags |= rb_entry(node, struct region, node)->flags;
			node = node->parent;
			copy = copy->parent;
			continue;
		}
		copy = copy_node(node, to, copy, link);
		if (copy == NULL)
			return -ENOMEM;
	}
	to->mapped_pages = to->mapped_peak = from->mapped_pages;
	to->data_pages = from->data_pages;
	return 0;
}

void region_destroy_all(struct aspace *as)
{
	struct list dead;
	list_init(&dead);
	for (struct region *r = region_first(as); r != NULL; r = region_next(r)) {
		object_unlink(r);
		list_push_back(&dead, &r->object_node);
	}
	/* The tree is not asked any more, and goes with its nodes. */
	region_destroy_list(&dead);
}

/* ---- changing ---- */

struct region *region_split(struct region *r, uaddr_t at)
{
	ASSERT(r->start < at && at < r->end);
	if (r->as->region_count >= REGIONS_MAX)
		return NULL;
	struct region *upper = region_create(r);
	if (upper == NULL)
		return NULL;
	upper->start = at;
	upper->offset_bytes += at - r->start;
	r->end = at;
	/* The next in order stands leftmost on the right. */
	struct rb_node *parent = &r->node;
	struct rb_node **link = &r->node.right;
	while (*link != NULL) {
		parent = *link;
		link = &parent->left;
	}
	link_region(upper, parent, link);
	return upper;
}

static inline bool continues(const struct region *low, const struct region *high)
{
	if (low == NULL || high == NULL || low->end != high->start)
		return false;
	if (low->object != high->object || low->prot != high->prot ||
	    low->max_prot != high->max_prot || low->flags != high->flags)
		return false;
	if (low->flags & MAP_GROWSDOWN)
		return false;
	return low->object == NULL ||
	       low->offset_bytes + (low->end - low->start) == high->offset_bytes;
}

/* Both are @low from now on. */
static __noinline void unite(struct region *low, struct region *high)
{
	unlink_region(high);
	low->end = high->end;
	region_destroy(high); /* never the object's last reference: low has one */
}

struct region *region_merge(struct region *r)
{
	struct region *low = region_prev(r);
	if (continues(low, r)) {
		unite(low, r);
		r = low;
	}
	struct region *high = region_next(r);
	if (continues(r, high))
		unite(r, high);
	return r;
}

int region_punch(struct aspace *as, uaddr_t start, uaddr_t end, struct list *dead)
{
	struct region *r = region_find_from(as, start);
	if (r == NULL || r->start >= end)
		return 0;

	if (r->start < start) {
		/* A hole in the middle is the only case that needs memory. */
		if (r->end > end && region_split(r, end) == NULL)
			return -ENOMEM;
		account(r, -(s64)((r->end - start) >> PAGE_SHIFT));
		forget_gaps(as, r->end);
		r->end = start;
		r = region_next(r);
	}
	while (r != NULL && r->end <= end) {
		struct region *next = region_next(r);
		region_remove(r, dead);
		r = next;
	}
	if (r != NULL && r->start < end) {
		account(r, -(s64)((end - r->start) >> PAGE_SHIFT));
		forget_gaps(as, end);
		r->offset_bytes += end - r->start;
		r->start = end;
	}
	return 0;
}

void region_grow_down(struct region *r, uaddr_t start)
{
	account(r, (s64)((r->start - start) >> PAGE_SHIFT));
	r->start = start;
}

void region_grow_up(struct region *r, uaddr_t end)
{
	account(r, (s64)((end - r->end) >> PAGE_SHIFT));
	r->end = end;
}

void region_set_prot(struct region *r, u32 prot)
{
	struct aspace *as = r->as;
	const bool was_data = region_is_data(r->prot, r->flags);
	r->prot = prot;
	if (was_data != region_is_data(prot, r->flags))
		as->data_pages += was_data ? -region_pages(r) : region_pages(r);
}

void region_set_flags(struct region *r, u32 flags)
{
	account(r, -(s64)region_pages(r));
	r->flags = flags;
	account(r, (s64)region_pages(r));
}

struct region *region_isolate(struct region *r, uaddr_t start, uaddr_t end)
{
	if (r->start < start) {
		r = region_split(r, start);
		if (r == NULL)
			return NULL;
	}
	if (end < r->end && region_split(r, end) == NULL) {
		(void)region_merge(r);
		return NULL;
	}
	return r;
}

/* ---- free ranges ---- */

/* Where what must stay free below @r ends, seen from below. */
static uaddr_t guarded_start(const struct region *r)
{
	if ((r->flags & MAP_GROWSDOWN) == 0)
		return r->start;
	return r->start > STACK_GUARD_BYTES ? r->start - STACK_GUARD_BYTES : 0;
}

bool region_range_is_free(const struct aspace *as, uaddr_t start, uaddr_t end)
{
	const struct region *r = region_find_from(as, start);
	return r == NULL || end <= guarded_start(r);
}

static int search_down(const struct aspace *as, uaddr_t top, u64 len_bytes, uaddr_t *start)
{
	/* The lowest region above the gap being looked at; NULL: none. */
	const struct region *above = region_find_from(as, top);
	uaddr_t gap_end = top;
	if (above != NULL)
		gap_end = MIN(top, guarded_start(above));
	const struct region *below = above != NULL ? region_prev(above) :
						     region_of_node(rb_last(&as->regions));
	for (;;) {
		const uaddr_t gap_start = below != NULL ? below->end : USER_MIN;
		if (gap_end >= gap_start && gap_end - gap_start >= len_bytes) {
			*start = gap_end - len_bytes;
			return 0;
		}
		if (below == NULL)
			return -ENOMEM;
		gap_end = MIN(gap_end, guarded_start(below));
		below = region_prev(below);
	}
}

static bool is_large(u64 len_bytes)
{
	return len_bytes >= REGION_LARGE_BYTES;
}

int region_find_gap(const struct aspace *as, u64 len_bytes, uaddr_t *start)
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
