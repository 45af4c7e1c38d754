// SPDX-License-Identifier: MIT
/*
 * From an object to the spaces that map it (docs/fork.md H14): vm_object_unmap_range().
 *
 * The order of locks is space, then object; so here: object lock, pick a region and a reference
 * to its space, drop the object lock, then the space's lock. A place in the object's list (a
 * struct region without a space) remembers how far the walk came. Why nothing is missed:
 *  - Before the walk the owner made get_page refuse the pages, so a new mapping cannot have them.
 *    A fault that found one before holds its space's lock until the leaf is there.
 *  - A region on the list has its whole space looked at, under that space's lock. What is split
 *    or merged there later has no such leaves either, nor what comes there later: so a space is
 *    looked at once, however many of its regions are on the list. One that was unmapped stays on
 *    the list until its leaves are gone and fenced (region_destroy_list()).
 *  - fork copies leaves under its parent's lock and links the child's regions behind the
 *    parent's. So either the parent was looked at before, and there was nothing to copy; or the
 *    walk waits for the parent's lock, and when it goes on, the child is published and stands
 *    ahead.
 *  - A table that is shared is edited in place, under its lock, for all who name it (H14): each of
 *    them maps the object there, too, and is looked at on its own. Copying it could fail. Nobody
 *    makes it valid meanwhile, since the space that is looked at names it; and no hart remembers
 *    anything through a SHARED entry. The other spaces' counts of resident pages are put right
 *    when it is their turn.
 *  - A space whose count is 0 is not published yet, the case above; or on its way out: no hart is
 *    in it, and its tables are freed without a look at what leaves without PTE_COUNTED name.
 * Leaves do not count pages of objects. So when the walk is over no leaf names the pages, no hart
 * remembers one that did, and the owner may drop them.
 */
#include "kernel/sched/sched.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

struct span_of_object {
	const struct vm_object *object;
	u64 first, end; /* pages */
	bool cut;       /* private copies go, too */
	u64 walk;       /* the number of this one: no other has it */
};

static u64 walks; /* atomic: so many there were */

static void unmap_in_region(struct unmap_batch *b, const struct region *r,
			    const struct span_of_object *s)
{
	const u64 first = s->first, end = s->end;
	const u64 r_first = region_index(r, r->start);
	const u64 r_end = r_first + region_pages(r);
	if (first >= r_end || end <= r_first)
		return;
	uaddr_t at = r->start + ((MAX(first, r_first) - r_first) << PAGE_SHIFT);
	const uaddr_t stop = r->start + ((MIN(end, r_end) - r_first) << PAGE_SHIFT);
	struct leaf_span span;
	while (ptable_next_span(b->as, &at, stop, &span)) {
		struct spinlock *lock = span.shared ? table_lock(virt_to_page(span.entries)) : NULL;
		if (lock != NULL)
			spin_lock(lock);
		for_each_present(i, &span)
		{
			if (s->cut || !pte_is_counted(span.entries[i]))
				unmap_add_leaf(b, ptable_take_leaf(&span.entries[i]));
		}
		if (lock != NULL)
			spin_unlock(lock);
	}
}

static void unmap_in_space(struct aspace *as, const struct span_of_object *s)
{
	struct unmap_batch b;
	mutex_lock(&as->lock);
	unmap_begin(&b, as);
	for (const struct region *r = region_first(as); r != NULL; r = r->next)
		if (r->object == s->object)
			unmap_in_region(&b, r, s);
	unmap_end(&b);
	(void)aspace_resident_locked(as);
	/* Others may write theirs over it: then this one comes again, for nothing. */
	__atomic_store_n(&as->last_walk, s->walk, __ATOMIC_RELAXED);
	mutex_unlock(&as->lock);
}

/* The next space behind @place where @walk has not been, counted; moves @place. NULL at the end.
 * Locks: object->lock. */
static struct aspace *next_space(struct vm_object *o, struct region *place, u64 walk)
{
	struct list *node = place->object_node.next;
	for (; node != &o->regions; node = node->next) {
		struct region *r = list_entry(node, struct region, object_node);
		if (r->as != NULL && __atomic_load_n(&r->as->last_walk, __ATOMIC_RELAXED) == walk)
			continue;
		/* A count of 0 is read before those behind: a parent that is gone published its
		 * child before it went. */
		if (r->as == NULL || !refcount_try_get(&r->as->refs))
			continue;
		list_remove(&place->object_node);
		list_insert_after(node, &place->object_node);
		return r->as;
	}
	return NULL;
}

u32 vm_object_count_mappers(struct vm_object *o, u64 first, u64 end)
{
	u32 count = 0, looked_at = 0;
	spin_lock(&o->lock);
	list_for_each(r, &o->regions, struct region, object_node) {
		if (looked_at++ == VM_OBJECT_REGIONS_LOOKED_AT)
			break;
		/* Without its space's lock: the figures may be changing. */
		const u64 r_first = READ_ONCE(r->offset_bytes) >> PAGE_SHIFT;
		const u64 r_pages = (READ_ONCE(r->end) - READ_ONCE(r->start)) >> PAGE_SHIFT;
		count += r->as != NULL && r_first < end && first < r_first + r_pages;
	}
	spin_unlock(&o->lock);
	return MAX(count, 1U);
}

void vm_object_unmap_range(struct vm_object *o, u64 first, u64 end, bool cut)
{
	const u64 walk = __atomic_add_fetch(&walks, 1, __ATOMIC_RELAXED);
	const struct span_of_object span = { o, first, end, cut, walk };
	struct region place = { .as = NULL };
	might_sleep();
	ASSERT(!o->ops->is_forever);
	spin_lock(&o->lock);
	list_push_front(&o->regions, &place.object_node);
	for (;;) {
		struct aspace *as = next_space(o, &place, walk);
		if (as == NULL)
			break;
		spin_unlock(&o->lock);
		unmap_in_space(as, &span);
		aspace_put_later(as);
		sched_point();
		spin_lock(&o->lock);
	}
	list_remove(&place.object_node);
	spin_unlock(&o->lock);
}
