// SPDX-License-Identifier: MIT
/*
 * The set of regions of a space: chained by start address, and in a red-black tree if there is one.
 * Nothing here touches page tables. Looking for a region, or for room between them: region_find.c.
 *
 * Invariant: start < end, page-aligned, and each region ends at or before the next one starts.
 * The sums in the space (pages, data pages, count) are changed by the same functions that change
 * the chain.
 */
#include "mm/vmm/region.h"

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

struct region_sum region_sum_range(struct aspace *as, uaddr_t start, uaddr_t end)
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

bool region_range_is_touched(const struct region *r, uaddr_t start, uaddr_t end)
{
	for (; r != NULL && r->start < end; r = r->next)
		if (region_is_touched(r, start, end))
			return true;
	return false;
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
	r->touched_start = ~0UL;
	r->touched_end = 0;
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

/* Into the space between @below and @above, its neighbours, which may be NULL, and the object's
 * list; sums as in unlink_region(). */
static void link_region(struct region *r, struct region *below, struct region *above)
{
	struct aspace *as = r->as;
	/* Of two neighbours the one that stands deeper has room towards the other. */
	if (as->regions.node != NULL && above != NULL && above->node.left == NULL)
		rb_insert(&as->regions, &above->node, &above->node.left, &r->node);
	else if (as->regions.node != NULL)
		rb_insert(&as->regions, &below->node, &below->node.right, &r->node);
	r->prev = below;
	r->next = above;
	*(below != NULL ? &below->next : &as->first_region) = r;
	*(above != NULL ? &above->prev : &as->highest_region) = r;
	as->region_count++;
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
	if (as->regions.node != NULL)
		rb_remove(&as->regions, &r->node);
	*(r->prev != NULL ? &r->prev->next : &as->first_region) = r->next;
	*(r->next != NULL ? &r->next->prev : &as->highest_region) = r->prev;
	as->region_count--;
	if (as->last_region == r)
		as->last_region = r->prev;
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
	region_note_gap(r->as, r->prev, r->next);
	remove_region(r, dead);
}

/* ---- all of a space ---- */

/* So many regions are put on or taken off an object's list in one hold of its lock, which a walk
 * may wait for. */
#define RUN_MAX 64

/*
 * Neighbours that map one object, as the segments of a program do, count as one step: @first and
 * those behind it are held and listed, or unlisted and let go. Returns the region that follows.
 */
static struct region *hold_run(struct region *first)
{
	struct vm_object *o = first->object;
	struct region *r = first;
	u32 count = 0;
	if (o == NULL)
		return first->next;
	const bool listed = is_listed(first);
	if (listed)
		spin_lock(&o->lock);
	do {
		if (listed)
			list_push_back(&o->regions, &r->object_node);
		r = r->next;
	} while (++count < RUN_MAX && r != NULL && r->object == o);
	if (listed)
		spin_unlock(&o->lock);
	refcount_get_many(&o->refs, count);
	return r;
}

/* The same the other way round; they become a chain for slab_free_chain(). */
static struct region *drop_run(struct region *first)
{
	struct vm_object *o = first->object;
	struct region *r = first;
	u32 count = 0;
	const bool listed = is_listed(first);
	if (listed)
		spin_lock(&o->lock);
	do {
		struct region *next = r->next;
		if (listed)
			list_remove(&r->object_node);
		slab_chain_link(r, next);
		r = next;
	} while (++count < RUN_MAX && r != NULL && r->object == o);
	if (listed)
		spin_unlock(&o->lock);
	if (o != NULL)
		vm_object_put_many(o, count);
	return r;
}

/* For @to, which needs no tree yet; all but the links, and without a hold on the object. */
static void copy_fields(const struct region *r, struct region *copy, struct aspace *to)
{
	copy->as = to;
	copy->object = r->object;
	copy->start = r->start;
	copy->end = r->end;
	copy->touched_start = r->touched_start;
	copy->touched_end = r->touched_end;
	copy->offset_bytes = r->offset_bytes;
	copy->prot = r->prot;
	copy->max_prot = r->max_prot;
	copy->flags = r->flags & ~(u32)REGION_LOCKED; /* locks are not inherited */
}

int region_copy_all(const struct aspace *from, struct aspace *to, u32 *flags)
{
	struct region **link = &to->first_region, *prev = NULL, *spare = NULL;
	u32 left = (u32)from->region_count, all_flags = 0;
	for (struct region *r = region_first(from); r != NULL; r = r->next) {
		if (spare == NULL)
			spare = slab_alloc_chain(region_cache, left);
		if (spare == NULL)
			goto no_memory;
		struct region *copy = spare;
		spare = slab_chain_next(copy);
		left--;
		copy_fields(r, copy, to);
		copy->prev = prev;
		*link = copy;
		link = &copy->next;
		prev = copy;
		if (r == from->last_region)
			to->last_region = copy;
		all_flags |= r->flags;
	}
	*link = NULL;
	to->highest_region = prev;
	for (struct region *r = to->first_region; r != NULL;)
		r = hold_run(r);
	*flags = all_flags;
	to->region_count = from->region_count;
	to->mapped_pages = to->mapped_peak = from->mapped_pages;
	to->data_pages = from->data_pages;
	return 0;
no_memory:
	to->first_region = to->last_region = NULL;
	for (struct region *r = prev; r != NULL; r = prev) {
		prev = r->prev;
		slab_free(region_cache, r);
	}
	return -ENOMEM;
}

void region_destroy_all(struct aspace *as)
{
	/* Neither the tree nor the order is asked any more. */
	for (struct region *r = as->first_region; r != NULL;)
		r = drop_run(r);
	slab_free_chain(region_cache, as->first_region, as->highest_region, (u32)as->region_count);
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
	region_touch(upper, r->touched_start, r->touched_end);
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
	region_touch(low, high->touched_start, high->touched_end);
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
		r->touched_end = MIN(r->touched_end, start);
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
		r->touched_start = MAX(r->touched_start, end);
	}
	region_note_gap(as, region_before(as, r), r);
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
	region_touch(low, high->touched_start, high->touched_end);
	region_touch(high, low->touched_start, low->touched_end);
	low->end = border;
	set_start(high, border);
}

struct region *region_protect(struct region *r, uaddr_t start, uaddr_t end, u32 prot)
{
	const u64 pages = (end - start) >> PAGE_SHIFT;
	if (start == r->start && end == r->end) {
		account_prot(r, prot, pages);
		r->prot = prot;
		return region_merge(r);
	}
	const struct region part = {
		.object = r->object,
		.start = start,
		.end = end,
		.offset_bytes = r->offset_bytes + (start - r->start),
		.prot = prot,
		.max_prot = r->max_prot,
		.flags = r->flags,
	};
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
