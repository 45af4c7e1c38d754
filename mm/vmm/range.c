// SPDX-License-Identifier: MIT
/* Ranges of a space: their ends, emptying them, filling them; see range.h. */
#include "mm/vmm/range.h"

#include "arch/riscv/cpu/layout.h"
#include "kernel/sched/sched.h"
#include "lib/abi/errno.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fault.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

bool (*aspace_user_is_ending)(void);

/* Apart, since the batch takes much stack. */
static __noinline int clear_touched(struct region *first, uaddr_t start, uaddr_t end,
				    struct list *dead)
{
	struct unmap_batch b;
	unmap_begin(&b, first->as);
	int err = unmap_prepare(b.as, start, end);
	if (err == 0)
		err = region_punch(first, start, end, dead);
	if (err != 0)
		return err;
	unmap_range(&b, start, end);
	unmap_end(&b);
	return 0;
}

int range_clear(struct aspace *as, uaddr_t start, uaddr_t end, struct list *dead)
{
	struct region *first = region_find_from(as, start);
	if (first == NULL || first->start >= end)
		return 0; /* so there are no leaves either */
	return region_range_is_touched(first, start, end) ? clear_touched(first, start, end, dead) :
							    region_punch(first, start, end, dead);
}

static enum access first_touch(const struct region *r)
{
	if ((r->prot & PROT_WRITE) && !region_is_shared(r))
		return ACCESS_WRITE;
	return r->prot == PROT_EXEC ? ACCESS_EXEC : ACCESS_READ;
}

int range_populate(struct aspace *as, uaddr_t start, uaddr_t end, enum populate how)
{
	int err = 0;
	for (uaddr_t va = start; va < end && err == 0; va += PAGE_SIZE) {
		pte_t leaf;
		mutex_lock(&as->lock);
		const struct region *r = region_find(as, va);
		err = r != NULL ? 0 : -EFAULT;
		if (err == 0 && how == POPULATE_TOUCH)
			err = fault_serve(as, va, first_touch(r), &leaf);
		else if (err == 0)
			err = fault_serve(
				as, va, how == POPULATE_WRITE ? ACCESS_WRITE : ACCESS_READ, &leaf);
		mutex_unlock(&as->lock);
		sched_point();
		/* Only its end stops it: mlock does not return -EINTR to who has a handler. */
		if (err == 0 && thread_is_interrupted() && aspace_user_is_ending != NULL &&
		    aspace_user_is_ending())
			err = -EINTR;
	}
	return err;
}
