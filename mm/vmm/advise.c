// SPDX-License-Identifier: MIT
/*
 * madvise, msync, mincore and the family of mlock: what programs say and ask about mappings
 * without changing what they are. There is no swap and no writing back, so that most of it is
 * checking that the range is what Linux wants it to be, and bits for fork.
 *
 * A range is looked at region by region. As in Linux what is not mapped makes the call fail with
 * -ENOMEM, but the rest is done all the same; locking alone stops there.
 */
#include "arch/riscv/cpu/layout.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/range.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

/* Give [@start, @end), part of @r, other flags. 0 or -ENOMEM with nothing changed. */
static int change_flags(struct region *r, uaddr_t start, uaddr_t end, u32 clear, u32 set)
{
	const u32 flags = (r->flags & ~clear) | set;
	if (flags == r->flags)
		return 0;
	r = region_isolate(r, start, end);
	if (r == NULL)
		return -ENOMEM;
	region_set_flags(r, flags);
	(void)region_merge(r);
	return 0;
}

/* ---- madvise ---- */

enum advice_action {
	ADVICE_UNKNOWN,
	ADVICE_NOTHING, /* about speed, huge pages, core files, equal pages */
	ADVICE_DROP,
	ADVICE_DROP_LOCKED,
	ADVICE_FREE, /* may be done at any time before the next write, so at once */
	ADVICE_REMOVE,
	ADVICE_FLAGS,
	ADVICE_POPULATE_READ,
	ADVICE_POPULATE_WRITE,
};

static enum advice_action advice_action(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return ADVICE_NOTHING;
	case MADV_DONTNEED:
		return ADVICE_DROP;
	case MADV_DONTNEED_LOCKED:
		return ADVICE_DROP_LOCKED;
	case MADV_FREE:
		return ADVICE_FREE;
	case MADV_REMOVE:
		return ADVICE_REMOVE;
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
		return ADVICE_FLAGS;
	case MADV_POPULATE_READ:
		return ADVICE_POPULATE_READ;
	case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE_WRITE;
	default:
		return ADVICE_UNKNOWN;
	}
}

/* What fork is to do with @r. */
static int advise_fork(struct region *r, uaddr_t start, uaddr_t end, int advice)
{
	int err;
	switch (advice) {
	case MADV_DONTFORK:
		err = change_flags(r, start, end, 0, REGION_DONT_FORK);
		break;
	case MADV_DOFORK:
		err = change_flags(r, start, end, REGION_DONT_FORK, 0);
		break;
	case MADV_WIPEONFORK:
		if (r->object != NULL)
			return -EINVAL;
		err = change_flags(r, start, end, 0, REGION_WIPE_ON_FORK);
		break;
	default:
		err = change_flags(r, start, end, REGION_WIPE_ON_FORK, 0);
		break;
	}
	return err == -ENOMEM ? -EAGAIN : err; /* -ENOMEM would speak of gaps */
}

static int advise_region(struct unmap_batch *b, struct region *r, uaddr_t start, uaddr_t end,
			 int advice)
{
	const bool is_locked = (r->flags & REGION_LOCKED) != 0;
	switch (advice_action(advice)) {
	case ADVICE_FLAGS:
		return advise_fork(r, start, end, advice);
	case ADVICE_DROP:
		if (is_locked)
			return -EINVAL;
		break;
	case ADVICE_FREE:
		if (is_locked || r->object != NULL)
			return -EINVAL;
		break;
	case ADVICE_REMOVE:
		if (is_locked || r->object == NULL)
			return -EINVAL;
		if (!region_is_shared(r) || !(r->prot & PROT_WRITE))
			return -EACCES;
		return -EOPNOTSUPP; /* no file here can have holes made in it */
	case ADVICE_DROP_LOCKED:
		break;
	default:
		return 0;
	}
	if (!region_is_touched(r, start, end))
		return 0;
	const int err = unmap_prepare(b->as, start, end);
	if (err == 0)
		unmap_range(b, start, end);
	return err;
}

/* Locks: as->lock. */
static int advise_range(struct aspace *as, uaddr_t start, uaddr_t end, int advice)
{
	int err = 0;
	bool has_gap = false;
	struct unmap_batch b;
	unmap_begin(&b, as);
	for (uaddr_t at = start; at < end && err == 0;) {
		struct region *r = region_find_from(as, at);
		if (r == NULL || r->start >= end) {
			has_gap = true;
			break;
		}
		has_gap |= r->start > at;
		const uaddr_t from = MAX(at, r->start);
		at = MIN(end, r->end);
		err = advise_region(&b, r, from, at, advice);
	}
	unmap_end(&b);
	return err == 0 && has_gap ? -ENOMEM : err;
}

/* The errno of a fault as that of MADV_POPULATE_*. */
static int advise_populate(struct aspace *as, uaddr_t start, uaddr_t end, enum populate how)
{
	const int err = range_populate(as, start, end, how);
	switch (err) {
	case -EFAULT:
		return -ENOMEM;
	case -EACCES:
		return -EINVAL;
	case -EIO:
		return -EFAULT;
	default:
		return err;
	}
}

int aspace_advise(struct aspace *as, uaddr_t addr, u64 len_bytes, int advice)
{
	const enum advice_action action = advice_action(advice);
	if (action == ADVICE_UNKNOWN || page_offset(addr) != 0)
		return -EINVAL;
	const u64 len = page_align_up(len_bytes);
	if ((len_bytes != 0 && len == 0) || addr + len < addr)
		return -EINVAL;
	if (len == 0)
		return 0;
	/* Beyond user space nothing is mapped. */
	const uaddr_t end = MIN(addr + len, (uaddr_t)USER_MAX);
	if (addr >= end)
		return -ENOMEM;
	int err;
	if (action == ADVICE_POPULATE_READ || action == ADVICE_POPULATE_WRITE) {
		err = advise_populate(as, addr, end,
				      action == ADVICE_POPULATE_READ ? POPULATE_READ :
								       POPULATE_WRITE);
	} else {
		mutex_lock(&as->lock);
		err = advise_range(as, addr, end, advice);
		mutex_unlock(&as->lock);
	}
	return err == 0 && addr + len > USER_MAX ? -ENOMEM : err;
}

/* ---- msync, mincore ---- */

int aspace_sync(struct aspace *as, uaddr_t addr, u64 len_bytes, bool invalidate)
{
	const u64 len = page_align_up(len_bytes);
	if (addr + len < addr)
		return -ENOMEM;
	int err = 0;
	mutex_lock(&as->lock);
	for (uaddr_t at = addr; at < addr + len;) {
		const struct region *r = region_find_from(as, at);
		if (r == NULL || r->start > at)
			err = -ENOMEM;
		if (r == NULL || r->start >= addr + len)
			break;
		if (invalidate && (r->flags & REGION_LOCKED)) {
			err = -EBUSY;
			break;
		}
		at = r->end;
	}
	mutex_unlock(&as->lock);
	return err;
}

static bool page_is_here(struct aspace *as, const struct region *r, uaddr_t va)
{
	struct leaf_span span;
	uaddr_t at = va;
	if (ptable_next_span(as, &at, va + PAGE_SIZE, &span) &&
	    !pte_is_none(ptable_load(&span.entries[span.first])))
		return true;
	struct vm_object *o = r->object;
	return o != NULL && o->ops->find_page != NULL &&
	       o->ops->find_page(o, region_index(r, va)) != NULL;
}

int aspace_incore(struct aspace *as, uaddr_t addr, u64 pages, u8 *out)
{
	int err = 0;
	mutex_lock(&as->lock);
	for (u64 i = 0; i < pages && err == 0; i++) {
		const uaddr_t va = addr + i * PAGE_SIZE;
		const struct region *r = region_find(as, va);
		err = r != NULL ? 0 : -ENOMEM;
		if (err == 0)
			out[i] = page_is_here(as, r, va);
	}
	mutex_unlock(&as->lock);
	return err;
}

/* ---- mlock and its family ---- */

/* Pages of [@start, @end) that are not locked yet, whether mapped or not. */
static u64 not_yet_locked(struct aspace *as, uaddr_t start, uaddr_t end)
{
	const struct region_sum sum = region_sum_range(as, start, end);
	return ((end - start) >> PAGE_SHIFT) - sum.locked_pages;
}

/* May this process lock anything at all? */
static bool may_lock(const struct aspace *as)
{
	return as->lock_limit_pages != 0 || (aspace_may_lock_all != NULL && aspace_may_lock_all());
}

/* What is mapped in [@start, @end) up to the first gap; -ENOMEM for that. Locks: as->lock. */
static int mark_range(struct aspace *as, uaddr_t start, uaddr_t end, u32 locked)
{
	for (uaddr_t at = start; at < end;) {
		struct region *r = region_find_from(as, at);
		if (r == NULL || r->start > at)
			return -ENOMEM;
		const uaddr_t piece_end = MIN(end, r->end);
		const int err = change_flags(r, at, piece_end, REGION_LOCKED, locked);
		if (err != 0)
			return err;
		at = piece_end;
	}
	return 0;
}

/* mlock's ranges begin and end anywhere. */
static int lock_range(uaddr_t addr, u64 len_bytes, uaddr_t *start, uaddr_t *end)
{
	*start = page_align_down(addr);
	const u64 len = page_align_up(len_bytes + page_offset(addr));
	*end = *start + len;
	return *end < *start ? -EINVAL : 0;
}

int aspace_lock(struct aspace *as, uaddr_t addr, u64 len_bytes, bool on_fault)
{
	uaddr_t start, end;
	int err = lock_range(addr, len_bytes, &start, &end);
	mutex_lock(&as->lock);
	if (!may_lock(as))
		err = -EPERM;
	else if (err == 0 && !region_lock_limit_allows(as, not_yet_locked(as, start, end)))
		err = -ENOMEM;
	if (err == 0)
		err = mark_range(as, start, end, REGION_LOCKED);
	mutex_unlock(&as->lock);
	if (err != 0 || on_fault)
		return err;
	err = range_populate(as, start, end, POPULATE_TOUCH);
	switch (err) {
	case -EFAULT:
	case -EACCES:
	case -EIO:
		return -ENOMEM;
	case -ENOMEM:
		return -EAGAIN;
	default:
		return err;
	}
}

int aspace_unlock(struct aspace *as, uaddr_t addr, u64 len_bytes)
{
	uaddr_t start, end;
	int err = lock_range(addr, len_bytes, &start, &end);
	if (err != 0)
		return err;
	mutex_lock(&as->lock);
	err = mark_range(as, start, end, 0);
	mutex_unlock(&as->lock);
	return err;
}

/* All there is; regions that cannot be marked stay as they are. Locks: as->lock. */
static void mark_all(struct aspace *as, u32 locked)
{
	for (struct region *r = region_first(as); r != NULL; r = r->next) {
		region_set_flags(r, (r->flags & ~REGION_LOCKED) | locked);
		r = region_merge(r);
	}
}

int aspace_lock_all(struct aspace *as, u32 mcl_flags)
{
	if (mcl_flags == 0 || (mcl_flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
	    mcl_flags == MCL_ONFAULT)
		return -EINVAL;
	int err = 0;
	mutex_lock(&as->lock);
	if (!may_lock(as))
		err = -EPERM;
	else if ((mcl_flags & MCL_CURRENT) &&
		 !region_lock_limit_allows(as, as->mapped_pages - as->locked_pages))
		err = -ENOMEM;
	if (err == 0) {
		as->locks_future = (mcl_flags & MCL_FUTURE) != 0;
		as->locks_on_fault = (mcl_flags & MCL_ONFAULT) != 0;
		if (mcl_flags & MCL_CURRENT)
			mark_all(as, REGION_LOCKED);
	}
	mutex_unlock(&as->lock);
	if (err != 0 || (mcl_flags & (MCL_CURRENT | MCL_ONFAULT)) != MCL_CURRENT)
		return err;
	/* What cannot be had does not matter, says Linux. */
	for (uaddr_t at = 0; at < USER_MAX;) {
		mutex_lock(&as->lock);
		const struct region *r = region_find_from(as, at);
		const uaddr_t start = r != NULL ? MAX(r->start, at) : USER_MAX;
		const uaddr_t end = r != NULL ? r->end : USER_MAX;
		mutex_unlock(&as->lock);
		if (start < end && range_populate(as, start, end, POPULATE_TOUCH) == -EINTR)
			break;
		at = end;
	}
	return 0;
}

void aspace_unlock_all(struct aspace *as)
{
	mutex_lock(&as->lock);
	as->locks_future = false;
	as->locks_on_fault = false;
	mark_all(as, 0);
	mutex_unlock(&as->lock);
}
