// SPDX-License-Identifier: MIT
/*
 * mmap, munmap, mprotect, brk: changing what should be there, and taking away what no longer
 * should. mremap is remap.c's; madvise, mlock and what asks about mappings advise.c's.
 *
 * Each call parses and checks, then allocates what it can need and makes the tables its own, then
 * acts; the acting part cannot fail. Regions are changed before leaves, both under as->lock, so
 * the order between them shows nowhere. Regions that end are destroyed after the lock is dropped:
 * their object may be a file that nobody else holds.
 */
#include "arch/riscv/cpu/layout.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/range.h"
#include "mm/vmm/region.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* ---- mmap ---- */

/* Checks that need no look at the space, in Linux's order; *@like gets prot, flags and object's
 * part. */
static int map_parse(const struct map_args *args, u64 *len_bytes, struct region *like)
{
	if (args->len_bytes == 0 || page_offset(args->offset_bytes) != 0)
		return -EINVAL;
	*len_bytes = page_align_up(args->len_bytes);
	if (*len_bytes == 0 || *len_bytes > USER_MAX - USER_MIN)
		return -ENOMEM;
	if (args->offset_bytes + *len_bytes < args->offset_bytes)
		return -EOVERFLOW;

	/* No huge pages are set aside, which Linux says so. */
	if (args->flags & MAP_HUGETLB)
		return args->object != NULL ? -EINVAL : -ENOMEM;
	u32 type = args->flags & MAP_TYPE;
	if (type == MAP_SHARED_VALIDATE && (args->flags & MAP_SYNC))
		return -EOPNOTSUPP;
	if (type == MAP_SHARED_VALIDATE && args->object != NULL)
		type = MAP_SHARED;
	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	const u32 grows = args->flags & MAP_GROWSDOWN;
	if (grows != 0 && (type == MAP_SHARED || args->object != NULL))
		return -EINVAL;

	like->prot = args->prot & PROT_ALL;
	like->max_prot = args->object != NULL ? args->max_prot & PROT_ALL : PROT_ALL;
	if (like->prot & ~like->max_prot)
		return -EACCES;
	/* MAP_LOCKED is REGION_LOCKED. */
	like->flags = type | grows | (args->flags & MAP_LOCKED);
	like->object = args->object;
	like->offset_bytes = args->object != NULL ? args->offset_bytes : 0;
	return 0;
}

/* Where the mapping goes. With MAP_FIXED what is there goes, after every other check. */
static int map_place(struct aspace *as, const struct map_args *args, u64 len_bytes, uaddr_t *start,
		     bool *searched)
{
	uaddr_t addr = args->addr;
	*searched = false;
	if (args->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (len_bytes > USER_MAX || addr > USER_MAX - len_bytes)
			return -ENOMEM;
		if (page_offset(addr) != 0)
			return -EINVAL;
		if (addr < USER_MIN)
			return -EPERM;
		*start = addr;
		if ((args->flags & MAP_FIXED_NOREPLACE) == 0)
			return 0;
		const struct region *r = region_find_from(as, addr);
		return r != NULL && r->start < addr + len_bytes ? -EEXIST : 0;
	}
	if (addr != 0 && addr < USER_MAX) {
		addr = MAX(page_align_up(addr), (uaddr_t)USER_MIN);
		if (addr <= USER_MAX - len_bytes &&
		    region_range_is_free(as, addr, addr + len_bytes)) {
			*start = addr;
			return 0;
		}
	}
	*searched = true;
	return region_find_gap(as, len_bytes, start);
}

/* MAP_LOCKED, or what mlockall() said of everything to come. */
static int map_check_lock(const struct aspace *as, const struct map_args *args, u64 pages)
{
	if ((args->flags & MAP_LOCKED) && !region_lock_limit_allows(as, 1) &&
	    as->lock_limit_pages == 0)
		return -EPERM;
	if (!(args->flags & MAP_LOCKED) && !as->locks_future)
		return 0;
	return region_lock_limit_allows(as, pages) ? 0 : -EAGAIN;
}

/* What is there goes, unless something fails. */
static int map_over(const struct region *like, struct list *dead)
{
	struct region *r = region_create(like);
	if (r == NULL)
		return -ENOMEM;
	const int err = range_clear(r->as, r->start, r->end, dead);
	if (err != 0) {
		region_destroy(r); /* not the object's last reference: the caller holds one */
		return err;
	}
	region_insert(r);
	(void)region_merge(r);
	return 0;
}

/* @like, in the place of @old, if the limits allow it. */
static inline int map_at(const struct region *like, const struct region_sum *old, struct list *dead)
{
	const struct aspace *as = like->as;
	const u64 pages = region_pages(like);
	u64 data_pages = region_is_data(like->prot, like->flags) ? pages : 0;
	data_pages = data_pages > old->data_pages ? data_pages - old->data_pages : 0;
	if (as->region_count >= REGIONS_MAX ||
	    !region_limits_allow(as, pages - old->pages, data_pages))
		return -ENOMEM;
	if (old->pages != 0)
		return map_over(like, dead);
	return region_add(like) != NULL ? 0 : -ENOMEM;
}

static int map_locked(struct aspace *as, const struct map_args *args, struct region *like,
		      u64 len_bytes, struct list *dead)
{
	uaddr_t start;
	bool searched;
	int err = map_place(as, args, len_bytes, &start, &searched);
	if (err != 0)
		return err;
	const uaddr_t end = start + len_bytes;

	struct region_sum old = { 0, 0, 0 };
	if (!searched)
		old = region_sum_range(as, start, end);
	err = map_check_lock(as, args, len_bytes >> PAGE_SHIFT);
	if (err != 0)
		return err;
	if (as->locks_future)
		like->flags |= REGION_LOCKED;
	like->as = as;
	like->start = start;
	like->end = end;
	err = map_at(like, &old, dead);
	if (err == 0 && searched)
		region_note_gap_taken(as, start, len_bytes);
	return err;
}

s64 aspace_map(struct aspace *as, const struct map_args *args)
{
	struct region like; /* but for the links, which nobody reads */
	u64 len_bytes;
	int err = map_parse(args, &len_bytes, &like);
	if (err != 0)
		return err;

	struct vm_object *shared = NULL;
	if (like.object == NULL && (like.flags & MAP_TYPE) == MAP_SHARED) {
		shared = vm_object_create_anonymous(len_bytes >> PAGE_SHIFT);
		if (shared == NULL)
			return -ENOMEM;
		like.object = shared;
	}

	struct list dead;
	list_init(&dead);
	mutex_lock(&as->lock);
	err = map_locked(as, args, &like, len_bytes, &dead);
	mutex_unlock(&as->lock);
	region_destroy_list(&dead);
	if (shared != NULL)
		vm_object_put(shared);
	if (err != 0)
		return err;
	/* As many pages as can be had; what fails will fail again, with a fault. */
	const bool fills = (args->flags & MAP_POPULATE) || (like.flags & REGION_LOCKED);
	/* In Linux that is a matter of the mapping, so MAP_POPULATE does not help. */
	const bool waits_for_faults = as->locks_future && as->locks_on_fault;
	if (fills && !waits_for_faults)
		(void)range_populate(as, like.start, like.end, POPULATE_TOUCH);
	return (s64)like.start;
}

/* ---- the space of a program that is being loaded ---- */

int aspace_build(struct aspace *as, const struct map_args *args)
{
	struct region like; /* but for the links, which nobody reads */
	uaddr_t end;
	if (!range_end(args->addr, args->len_bytes, &end))
		return -ENOMEM;
	if (args->addr < USER_MIN)
		return -EPERM;
	like.as = as;
	like.object = args->object;
	like.start = args->addr;
	like.end = end;
	like.offset_bytes = args->offset_bytes;
	like.prot = args->prot;
	like.max_prot = args->object != NULL ? args->max_prot : PROT_ALL;
	like.flags = MAP_PRIVATE | (args->flags & MAP_GROWSDOWN);

	struct list dead;
	list_init(&dead);
	mutex_lock(&as->lock);
	const struct region_sum old = region_sum_range(as, like.start, like.end);
	const int err = map_at(&like, &old, &dead);
	mutex_unlock(&as->lock);
	region_destroy_list(&dead);
	return err;
}

int aspace_find_room(struct aspace *as, u64 len_bytes, uaddr_t *start)
{
	mutex_lock(&as->lock);
	const int err = region_find_gap(as, page_align_up(len_bytes), start);
	mutex_unlock(&as->lock);
	return err;
}

/* ---- munmap ---- */

int aspace_unmap(struct aspace *as, uaddr_t addr, u64 len_bytes)
{
	uaddr_t end;
	if (page_offset(addr) != 0 || len_bytes == 0 || !range_end(addr, len_bytes, &end))
		return -EINVAL;
	struct list dead;
	list_init(&dead);
	mutex_lock(&as->lock);
	const int err = range_clear(as, addr, end, &dead);
	mutex_unlock(&as->lock);
	region_destroy_list(&dead);
	return err;
}

/* ---- mprotect ---- */

struct protect_job {
	struct aspace *as;
	u32 prot;
	bool took; /* some leaf lost a permission: fence */
	bool code_flushed;
};

static void protect_leaves(struct protect_job *job, const struct region *r, uaddr_t start,
			   uaddr_t end)
{
	const u64 permissions = PTE_V | PTE_R | PTE_W | PTE_X;
	const u64 with_write = region_leaf_bits(r);
	const u64 without_write = region_leaf_bits_no_write(r);
	struct leaf_span span;
	for (uaddr_t at = start; at < end && ptable_next_span(job->as, &at, end, &span);) {
		ASSERT(!span.shared);
		for_each_present(i, &span)
		{
			const pte_t old = span.entries[i];
			/* W is never given here: the write that wants it learns whether the frame
			 * has other holders, and tells the object. */
			const u64 bits = old.bits & PTE_W ? with_write : without_write;
			const pte_t new =
				pte_make_leaf(pte_pfn(old), bits | (old.bits & PTE_COUNTED));
			if (new.bits == old.bits)
				continue;
			/* Likely code that was just generated: fetchable before it may be fetched
			 * (T23). */
			if ((new.bits & ~old.bits &PTE_X) && !job->code_flushed) {
				fence_code();
				job->code_flushed = true;
			}
			job->took |= (old.bits & ~new.bits &permissions) != 0;
			ptable_change_leaf(&span.entries[i], new);
		}
	}
}

/* Give [@start, @end), part of @r, the new protection. */
static int protect_piece(struct protect_job *job, struct region *r, uaddr_t start, uaddr_t end)
{
	if (job->prot & ~r->max_prot)
		return -EACCES;
	if (job->prot == r->prot)
		return 0;
	const u64 pages = (end - start) >> PAGE_SHIFT;
	if (!region_is_data(r->prot, r->flags) && region_is_data(job->prot, r->flags) &&
	    !region_limits_allow(job->as, 0, pages))
		return -ENOMEM;
	const bool is_touched = region_is_touched(r, start, end);
	const int err = is_touched ? ptable_own_range(job->as, start, end) : 0;
	if (err != 0)
		return err;

	r = region_protect(r, start, end, job->prot);
	if (r == NULL)
		return -ENOMEM;
	if (is_touched)
		protect_leaves(job, r, start, end);
	return 0;
}

static int protect_locked(struct protect_job *job, uaddr_t start, uaddr_t end,
			  bool from_stack_start)
{
	struct region *r = region_find(job->as, start);
	if (r == NULL)
		return -ENOMEM;
	if (from_stack_start) {
		if ((r->flags & MAP_GROWSDOWN) == 0)
			return -EINVAL;
		start = r->start;
	}
	for (uaddr_t at = start;;) {
		const uaddr_t piece_end = MIN(end, r->end);
		const int err = protect_piece(job, r, at, piece_end);
		if (err != 0 || piece_end == end)
			return err;
		at = piece_end;
		r = region_find(job->as, at);
		if (r == NULL)
			return -ENOMEM; /* with the part before the gap changed, as Linux has it */
	}
}

int aspace_protect(struct aspace *as, uaddr_t addr, u64 len_bytes, u32 prot)
{
	const u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	if (page_offset(addr) != 0 || (prot & ~(PROT_ALL | PROT_SEM | grows)) ||
	    (grows & PROT_GROWSUP))
		return -EINVAL;
	if (len_bytes == 0)
		return 0;
	uaddr_t end;
	if (!range_end(addr, len_bytes, &end))
		return -ENOMEM;

	struct protect_job job = { .as = as, .prot = prot & PROT_ALL };
	mutex_lock(&as->lock);
	const int err = protect_locked(&job, addr, end, grows != 0);
	if (job.took)
		aspace_fence(as);
	mutex_unlock(&as->lock);
	return err;
}

/* ---- brk ---- */

static int brk_grow(struct aspace *as, uaddr_t start, uaddr_t end)
{
	const u64 pages = (end - start) >> PAGE_SHIFT;
	/* One page more, so that heap and what follows never touch. */
	if (end > USER_MAX - PAGE_SIZE || !region_range_is_free(as, start, end + PAGE_SIZE))
		return -ENOMEM;
	if (as->region_count >= REGIONS_MAX || !region_limits_allow(as, pages, pages))
		return -ENOMEM;
	if (as->locks_future && !region_lock_limit_allows(as, pages))
		return -ENOMEM;
	struct region like; /* but for the links, which nobody reads */
	like.as = as;
	like.object = NULL;
	like.start = start;
	like.end = end;
	like.offset_bytes = 0;
	like.prot = PROT_READ | PROT_WRITE;
	like.max_prot = PROT_ALL;
	like.flags = MAP_PRIVATE | (as->locks_future ? REGION_LOCKED : 0);
	return region_add(&like) != NULL ? 0 : -ENOMEM;
}

static int brk_locked(struct aspace *as, uaddr_t new_end, struct list *dead)
{
	if (as->brk_start == 0 || new_end < as->brk_start || new_end > USER_MAX ||
	    new_end - as->brk_start > as->brk_limit_bytes)
		return -ENOMEM;
	const uaddr_t old_page_end = page_align_up(as->brk_end);
	const uaddr_t new_page_end = page_align_up(new_end);
	if (new_page_end > old_page_end)
		return brk_grow(as, old_page_end, new_page_end);
	if (new_page_end < old_page_end)
		return range_clear(as, new_page_end, old_page_end, dead);
	return 0;
}

uaddr_t aspace_brk(struct aspace *as, uaddr_t new_end)
{
	struct list dead;
	list_init(&dead);
	mutex_lock(&as->lock);
	const uaddr_t old_end = as->brk_end;
	if (brk_locked(as, new_end, &dead) == 0)
		as->brk_end = new_end;
	const uaddr_t end = as->brk_end;
	const bool fills = as->locks_future && !as->locks_on_fault && end > old_end;
	mutex_unlock(&as->lock);
	region_destroy_list(&dead);
	if (fills)
		(void)range_populate(as, page_align_up(old_end), page_align_up(end),
				     POPULATE_TOUCH);
	return end;
}
