// SPDX-License-Identifier: MIT
/*
 * The set of regions of a space: a red-black tree by start address, and chained in that order.
 * Nothing here touches page tables.
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
	/* The one that was used last, or its neighbour, most often. */
	struct region *last = as->last_region;
	if (last != NULL && va >= last->end) {
		if (last->next == NULL || va < last->next->end)
			return last->next;
	} else if (last != NULL) {
		if (va >= last->start || last->prev == NULL || va >= last->prev->end)
			return last;
	}
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

/* The one before @above, which is of @as; NULL stands for the end of them all. */
static struct region *region_before(const struct aspace *as, const struct region *above)
{
	return above != NULL ? above->prev : region_of_node(rb_last(&as->regions));
}

/* Where what must stay free below @r ends, seen from below. */
static uaddr_t guarded_start(const struct region *r)
{
	if ((r->flags & MAP_GROWSDOWN) == 0)
		return r->start;
	return r->start > STACK_GUARD_BYTES ? r->start - STACK_GUARD_BYTES : 0;
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
	     r = r->next) {
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
	r->as = like->as;
	r->object = like->object;
	r->start = like->start;
	r->end = like->end;
	r->offset_bytes = like->offset_bytes;
	r->prot = like->prot;
	r->max_prot = like->max_prot;
	r->flags = like->flags;
	list_init(&r->object_node);
	if (r->object != NULL)
		vm_object_get(r->object);
	return r;
}

/* Does somebody ask this object who maps it? */
static bool is_listed(const struct region *r)
{
	return r->object != NULL && !r->object->ops->is_forever;
}

static void object_link(struct region *r)
{
	if (!is_listed(r))
		return;
	spin_lock(&r->object->lock);
	/* At the end: rmap.c's walk then meets a fork's regions after their parent's. */
	list_push_back(&r->object->regions, &r->object_node);
	spin_unlock(&r->object->lock);
}

static void object_unlink(struct region *r)
{
	if (!is_listed(r))
		return;
	spin_lock(&r->object->lock);
	list_remove(&r->object_node);
	spin_unlock(&r->object->lock);
}

void region_destroy(struct region *r)
{
	object_unlink(r);
	if (r->object != NULL)
		vm_object_put(r->object);
	slab_free(region_cache, r);
}

void region_destroy_list(struct list *dead)
{
	if (list_is_empty(dead))
		return;
	list_for_each_safe(r, dead, struct region, dead_node) {
		list_remove(&r->dead_node);
		region_destroy(r);
	}
}

/* Between @below and @above, either of which may be NULL, in the order. */
static void link_order(struct region *r, struct region *below, struct region *above)
{
	r->prev = below;
	r->next = above;
	if (below != NULL)
		below->next = r;
	if (above != NULL)
		above->prev = r;
}

/* Into the space between @below and @above, its neighbours, and the object's list; sums as in
 * unlink_region(). */
static void link_region(struct region *r, struct region *below, struct region *above)
{
	/* Of two neighbours the one that stands deeper has room towards the other. */
	struct rb_root *root = &r->as->regions;
	if (above != NULL && above->node.left == NULL)
		rb_insert(root, &above->node, &above->node.left, &r->node);
	else if (below != NULL)
		rb_insert(root, &below->node, &below->node.right, &r->node);
	else
		rb_insert(root, NULL, &root->node, &r->node);
	link_order(r, below, above);
	r->as->region_count++;
	object_link(r);
}

void region_insert(struct region *r)
{
	struct region *above = region_find_from(r->as, r->start);
	DEBUG_ASSERT(r->start < r->end && page_offset(r->start | r->end) == 0);
	DEBUG_ASSERT(above == NULL || r->end <= above->start);
	link_region(r, region_before(r->as, above), above);
	account(r, (s64)region_pages(r));
}

/* Out of the space; the sums of pages are the caller's business. */
static void unlink_region(struct region *r)
{
	struct aspace *as = r->as;
	rb_remove(&as->regions, &r->node);
	if (r->prev != NULL)
		r->prev->next = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	as->region_count--;
	if (as->last_region == r)
		as->last_region = r->prev;
}

/* The gap between @below and @above, either of which may be NULL, became larger: what is known of
 * gaps ends there, if it is one for them. */
static void note_gap(struct aspace *as, const struct region *below, const struct region *above)
{
	const uaddr_t start = below != NULL ? below->end : USER_MIN;
	const uaddr_t end = above != NULL ? guarded_start(above) : USER_MAX;
	for (unsigned i = 0; i < ARRAY_SIZE(as->gaps); i++) {
		struct gap_hint *h = &as->gaps[i];
		if (end > h->below && end >= start + h->len_bytes)
			h->below = end;
	}
}

static void remove_region(struct region *r, struct list *dead)
{
	account(r, -(s64)region_pages(r));
	unlink_region(r);
	if (r->object != NULL)
		list_push_back(dead, &r->dead_node);
	else
		region_destroy(r);
}

void region_remove(struct region *r, struct list *dead)
{
	note_gap(r->as, r->prev, r->next);
	remove_region(r, dead);
}

/* ---- all of a space ---- */

/*
 * A copy of the region at @node, of the same colour, hung into @as at *@link, below @parent. NULL:
 * no memory.
 */
static struct rb_node *copy_node(const struct rb_node *node, struct aspace *as,
				 struct rb_node *parent, struct rb_node **link)
{
	const struct region *r = rb_entry(node, struct region, node);
	struct region *copy = slab_alloc(region_cache);
	if (copy == NULL)
		return NULL;
	*copy = (struct region){
		.as = as,
		.object = r->object,
		.node = { .parent = parent, .red = node->red },
		.start = r->start,
		.end = r->end,
		.offset_bytes = r->offset_bytes,
		.prot = r->prot,
		.max_prot = r->max_prot,
		.flags = r->flags & ~REGION_LOCKED, /* locks are not inherited */
	};
	list_init(&copy->object_node);
	if (copy->object != NULL)
		vm_object_get(copy->object);
	*link = &copy->node;
	struct region *above = region_of_node(parent);
	if (above != NULL && link == &parent->left)
		link_order(copy, above->prev, above);
	else
		link_order(copy, above, above != NULL ? above->next : NULL);
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
	/* Neither the tree nor the order is asked any more. */
	struct region *next;
	for (struct region *r = region_first(as); r != NULL; r = next) {
		next = r->next;
		region_destroy(r);
	}
}

/* ---- changing ---- */

/* Let @r begin at @start, before or behind where it does. */
static void set_start(struct region *r, uaddr_t start)
{
	if (r->object != NULL)
		r->offset_bytes += start - r->start;
	r->start = start;
}

struct region *region_split(struct region *r, uaddr_t at)
{
	ASSERT(r->start < at && at < r->end);
	if (r->as->region_count >= REGIONS_MAX)
		return NULL;
	struct region *upper = region_create(r);
	if (upper == NULL)
		return NULL;
	set_start(upper, at);
	r->end = at;
	link_region(upper, r, r->next);
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
	struct region *low = r->prev;
	if (continues(low, r)) {
		unite(low, r);
		r = low;
	}
	if (continues(r, r->next))
		unite(r, r->next);
	return r;
}

struct region *region_add(const struct region *like)
{
	struct aspace *as = like->as;
	struct region *above = region_find_from(as, like->start);
	struct region *below = region_before(as, above);
	struct region *r;
	DEBUG_ASSERT(above == NULL || like->end <= above->start);
	if (continues(below, like)) {
		r = below;
		r->end = like->end;
		if (continues(r, above))
			unite(r, above);
	} else if (continues(like, above)) {
		r = above;
		r->start = like->start;
		r->offset_bytes = like->offset_bytes;
	} else {
		r = region_create(like);
		if (r == NULL)
			return NULL;
		link_region(r, below, above);
	}
	account(r, (s64)region_pages(like));
	as->last_region = r;
	return r;
}

int region_punch(struct region *r, uaddr_t start, uaddr_t end, struct list *dead)
{
	struct aspace *as = r->as;
	if (r->start < start) {
		/* A hole in the middle is the only case that needs memory. */
		if (r->end > end && region_split(r, end) == NULL)
			return -ENOMEM;
		account(r, -(s64)((r->end - start) >> PAGE_SHIFT));
		r->end = start;
		r = r->next;
	}
	while (r != NULL && r->end <= end) {
		struct region *next = r->next;
		remove_region(r, dead);
		r = next;
	}
	if (r != NULL && r->start < end) {
		account(r, -(s64)((end - r->start) >> PAGE_SHIFT));
		set_start(r, end);
	}
	note_gap(as, region_before(as, r), r);
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

/* @pages of @r, of the protection it has now, get @prot. */
static void account_prot(const struct region *r, u32 prot, u64 pages)
{
	const bool was_data = region_is_data(r->prot, r->flags);
	if (was_data != region_is_data(prot, r->flags))
		r->as->data_pages += was_data ? -pages : pages;
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

/* What lies between where @low and @high meet and @border goes from one to the other. */
static void move_border(struct region *low, struct region *high, uaddr_t border)
{
	low->end = border;
	set_start(high, border);
}

struct region *region_protect(struct region *r, uaddr_t start, uaddr_t end, u32 prot)
{
	const u64 pages = (end - start) >> PAGE_SHIFT;
	const struct region part = {
		.object = r->object,
		.start = start,
		.end = end,
		.offset_bytes = r->offset_bytes + (start - r->start),
		.prot = prot,
		.max_prot = r->max_prot,
		.flags = r->flags,
	};
	if (start == r->start && end == r->end) {
		account_prot(r, prot, pages);
		r->prot = prot;
		return region_merge(r);
	}
	if (start == r->start && continues(r->prev, &part)) {
		account_prot(r, prot, pages);
		return move_border(r->prev, r, end), r->prev;
	}
	if (end == r->end && continues(&part, r->next)) {
		account_prot(r, prot, pages);
		return move_border(r, r->next, start), r->next;
	}
	r = region_isolate(r, start, end);
	if (r != NULL) {
		account_prot(r, prot, pages);
		r->prot = prot;
	}
	return r;
}

/* ---- free ranges ---- */

bool region_range_is_free(const struct aspace *as, uaddr_t start, uaddr_t end)
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
