// SPDX-License-Identifier: MIT
/*
 * mremap: making a mapping larger, smaller, or moving it, leaves and all.
 *
 * Moving takes each leaf from the old place and puts it, unchanged, into the new one; its count of
 * the frame, if it has one, goes along, so what fork knows of the frame stays true, and a page that
 * two processes share is copied on the first write as before. The tables of the new place are made
 * first, since taking leaves may not fail halfway. Then one fence: the old place loses V. Both
 * places name the same frames until then, so no hart can be wrong about contents.
 *
 * Every check comes before anything is taken away. What stood at a fixed new place is gone if
 * memory runs out afterwards; so it is in Linux.
 */
#include "arch/riscv/cpu/layout.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/range.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

#define MREMAP_ALL (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

struct remap {
	struct aspace *as;
	u32 flags;
	uaddr_t from, to;
	u64 old_len, new_len;         /* bytes, whole pages */
	struct region *region;        /* that contains from */
	uaddr_t fill_start, fill_end; /* what is to be faulted in, being locked */
};

static int remap_parse(const struct remap_args *args, struct remap *m)
{
	const u32 flags = args->flags;
	if ((flags & ~MREMAP_ALL) || ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	m->flags = flags;
	m->from = args->addr;
	m->to = args->new_addr;
	m->old_len = page_align_up(args->old_len_bytes);
	m->new_len = page_align_up(args->new_len_bytes);
	if (flags & MREMAP_DONTUNMAP)
		if (!(flags & MREMAP_MAYMOVE) || args->old_len_bytes != args->new_len_bytes)
			return -EINVAL;
	if (page_offset(m->from) != 0 || m->new_len == 0)
		return -EINVAL;
	return 0;
}

/*
 * May @m->region become as long as @new_len says, @old_len of it being what there is? @freed: what
 * goes before, and so does not count.
 */
static int check_resize(const struct remap *m, u64 old_len, const struct region_sum *freed)
{
	const struct aspace *as = m->as;
	const struct region *r = m->region;
	if (old_len == 0 && !region_is_shared(r))
		return -EINVAL;
	if (old_len > r->end - m->from)
		return -EFAULT;
	const u64 kept = m->flags & MREMAP_DONTUNMAP ? 0 : old_len;
	if (m->new_len <= kept)
		return 0;
	const u64 offset = r->offset_bytes + (m->from - r->start);
	if (offset + m->new_len < offset)
		return -EINVAL;
	if (r->start == as->vdso && m->new_len > old_len)
		return -EFAULT;
	const u64 more = (m->new_len - kept) >> PAGE_SHIFT;
	if ((r->flags & REGION_LOCKED) && !region_lock_limit_allows(as, more - freed->locked_pages))
		return -EAGAIN;
	const u64 more_data = region_is_data(r->prot, r->flags) ? more : 0;
	if (!region_limits_allow(as, more - freed->pages,
				 more_data > freed->data_pages ? more_data - freed->data_pages : 0))
		return -ENOMEM;
	return 0;
}

/* ---- moving ---- */

/* Tables for every leaf that is to come. 0, or -ENOMEM with nothing that shows. */
static int make_tables(const struct remap *m, u64 len)
{
	struct leaf_span span;
	for (uaddr_t at = m->from; ptable_next_span(m->as, &at, m->from + len, &span);) {
		ASSERT(!span.shared);
		for_each_present(i, &span)
		{
			pte_t *slot;
			const uaddr_t va = span.va + (i - span.first) * PAGE_SIZE;
			const int err = ptable_own_path(m->as, m->to + (va - m->from), true, &slot);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* Cannot fail: tables are there, the new place is empty. */
static void move_leaves(const struct remap *m, u64 len)
{
	bool moved = false, code = false;
	struct leaf_span span;
	for (uaddr_t at = m->from; ptable_next_span(m->as, &at, m->from + len, &span);) {
		ASSERT(!span.shared);
		for_each_present(i, &span)
		{
			pte_t *slot;
			const uaddr_t va = span.va + (i - span.first) * PAGE_SIZE;
			const int err =
				ptable_own_path(m->as, m->to + (va - m->from), false, &slot);
			ASSERT(err == 0 && slot != NULL && pte_is_none(*slot));
			const pte_t leaf = ptable_take_leaf(&span.entries[i]);
			code |= (leaf.bits & PTE_X) != 0;
			moved = true;
			ptable_set_leaf(slot, leaf);
		}
	}
	if (!moved)
		return;
	aspace_fence(m->as);
	/* Other addresses, so perhaps other lines of an instruction cache. */
	if (code)
		fence_code();
	/* No leaves are left; the tables go. */
	struct unmap_batch b;
	unmap_begin(&b, m->as);
	unmap_range(&b, m->from, m->from + len);
	unmap_end(&b);
}

static struct region *create_moved(const struct remap *m)
{
	struct region like = *m->region;
	if (like.object != NULL)
		like.offset_bytes += m->from - m->region->start;
	like.start = m->to;
	like.end = m->to + m->new_len;
	return region_create(&like);
}

/* Move what stands in the first @len bytes; the new place is free. */
static int move(struct remap *m, u64 len, struct list *dead)
{
	const bool keeps = (m->flags & MREMAP_DONTUNMAP) != 0;
	const bool is_vdso = m->from == m->as->vdso && len == m->region->end - m->from;
	int err = ptable_own_range(m->as, m->from, m->from + len);
	if (err != 0)
		return err;
	struct region *r = create_moved(m);
	if (r == NULL)
		return -ENOMEM;
	region_touch(r, m->to, m->to + len);
	err = make_tables(m, len);
	if (err == 0 && !keeps && len != 0)
		err = region_punch(m->region, m->from, m->from + len, dead);
	if (err != 0) {
		region_destroy(r); /* not the object's last reference: the old region has one */
		return err;
	}
	region_insert(r);
	move_leaves(m, len);
	if (keeps && (r->flags & REGION_LOCKED)) {
		/* As in Linux: the lock goes where the pages went. */
		struct region *old =
			region_isolate(region_find(m->as, m->from), m->from, m->from + len);
		if (old != NULL) {
			region_set_flags(old, old->flags & ~REGION_LOCKED);
			(void)region_merge(old);
		}
	}
	if (r->flags & REGION_LOCKED) {
		m->fill_start = m->to + len;
		m->fill_end = r->end;
	}
	(void)region_merge(r);
	if (is_vdso && !keeps)
		m->as->vdso = m->to;
	return 0;
}

static int remap_to_place(struct remap *m, struct list *dead)
{
	const uaddr_t from = m->from;
	const bool is_fixed = (m->flags & MREMAP_FIXED) != 0;
	if (page_offset(m->to) != 0 || m->new_len > USER_MAX || m->to > USER_MAX - m->new_len)
		return -EINVAL;
	if (from + m->old_len > m->to && m->to + m->new_len > from)
		return -EINVAL;
	if (is_fixed && m->to < USER_MIN)
		return -EPERM;
	if (m->as->region_count + 2 >= REGIONS_MAX - 3)
		return -ENOMEM;

	const u64 len = MIN(m->old_len, m->new_len);
	struct region_sum freed = { 0, 0, 0 };
	if (is_fixed)
		freed = region_sum_range(m->as, m->to, m->to + m->new_len);
	int err = check_resize(m, len, &freed);
	uaddr_t old_end = 0;
	if (err == 0 && m->old_len > len && !range_end(from, m->old_len, &old_end))
		err = -EINVAL;
	if (err == 0 && !is_fixed &&
	    (m->to == 0 || !region_range_is_free(m->as, m->to, m->to + m->new_len)))
		err = region_find_gap(m->as, m->new_len, &m->to);

	if (err == 0 && freed.pages != 0)
		err = range_clear(m->as, m->to, m->to + m->new_len, dead);
	if (err == 0 && old_end != 0)
		err = range_clear(m->as, from + len, old_end, dead);
	if (err != 0)
		return err;
	/* May be another part by now; or nothing, when old length 0 let the new place be the old.
	 */
	m->region = region_find(m->as, from);
	return m->region != NULL ? move(m, len, dead) : -EFAULT;
}

/* ---- in place ---- */

static int remap_shrink(const struct remap *m, struct list *dead)
{
	uaddr_t end;
	if (m->old_len == m->new_len)
		return 0;
	if (!range_end(m->from, m->old_len, &end))
		return -EINVAL;
	return range_clear(m->as, m->from + m->new_len, end, dead);
}

static int remap_grow(struct remap *m, struct list *dead)
{
	struct region *r = m->region;
	const struct region_sum freed = { 0, 0, 0 };
	const int err = check_resize(m, m->old_len, &freed);
	if (err != 0)
		return err;
	if (m->new_len > USER_MAX)
		return -ENOMEM;
	const uaddr_t end = m->from + m->new_len;
	if (m->old_len == r->end - m->from && end <= USER_MAX &&
	    region_range_is_free(m->as, r->end, end)) {
		if (r->flags & REGION_LOCKED) {
			m->fill_start = r->end;
			m->fill_end = end;
		}
		region_grow_up(r, end);
		(void)region_merge(r);
		return 0;
	}
	if (!(m->flags & MREMAP_MAYMOVE) || m->as->region_count + 2 >= REGIONS_MAX - 3)
		return -ENOMEM;
	const int no_gap = region_find_gap(m->as, m->new_len, &m->to);
	return no_gap != 0 ? no_gap : move(m, m->old_len, dead);
}

static int remap_locked(struct remap *m, struct list *dead)
{
	m->region = region_find(m->as, m->from);
	if (m->region == NULL)
		return -EFAULT;
	if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to_place(m, dead);
	m->to = m->from;
	return m->new_len <= m->old_len ? remap_shrink(m, dead) : remap_grow(m, dead);
}

s64 aspace_remap(struct aspace *as, const struct remap_args *args)
{
	struct remap m = { .as = as };
	int err = remap_parse(args, &m);
	if (err != 0)
		return err;
	struct list dead;
	list_init(&dead);
	mutex_lock(&as->lock);
	err = remap_locked(&m, &dead);
	const bool fills = !as->locks_on_fault;
	mutex_unlock(&as->lock);
	region_destroy_list(&dead);
	if (err != 0)
		return err;
	if (fills)
		(void)range_populate(as, m.fill_start, m.fill_end, POPULATE_TOUCH);
	return (s64)m.to;
}
