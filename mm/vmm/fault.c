// SPDX-License-Identifier: MIT
/*
 * Page faults. A row of the table is a step below, named like it, and tests/host/test_fault.c has a
 * test of each name. The first row that applies is taken; after a dropped lock the search starts
 * again from the region. "COW" stands for every leaf without W whose region allows writing.
 *
 *    access       region              leaf               count  step
 *    any          none                                          fault_no_region: -EFAULT
 *    not allowed  yes                                           fault_protection: -EACCES
 *    any          yes                 SHARED on path            fault_shared_table: own_entry()
 *    allowed      yes                 already allows            fault_spurious
 *    allowed      yes                 allows, lacks A or D      fault_accessed_dirty
 *    any          private, no object  none                      anon_zero
 *    write        private             COW, counted       1      cow_last_owner
 *    write        private             COW, any other     any    cow_copy: the frame the leaf names
 *    read, fetch  shared, of memory   none                      file_shared_write: W at once
 *    read, fetch  of an object        none, page in memory      file_read_around
 *    read, fetch  of an object        none                      file_read
 *    write        private, of object  none                      file_private_write
 *    write        shared              none, or no W             file_shared_write
 *    any          of an object        page is not here          file_refault: unlock, wait, again
 *    any          past object's end                             file_past_end: -EIO
 *    no memory                                                  -ENOMEM; entry reclaims or kills
 *
 * Locks: as->lock, alone, for every fault (docs/fork.md). That, and a region of this space on the
 * object's list, keep a page that was found in an object there until the leaf is set, and the leaf
 * needs no count of it: who takes the page away comes by here first (rmap.c).
 *
 * Fences: a leaf that changes its frame goes through none and a fence of the other harts (H7);
 * where V or W is only given, others fault spuriously, and this hart is fenced once at the end.
 * What a frame holds is stored before the leaf that names it (T43): by the barrier of enter_leaf()
 * or of replace_leaf()'s fence, or by the lock under which an object showed its page. Code that was
 * just written is made fetchable before the leaf that allows the fetch (T23).
 */
#include "mm/vmm/fault.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/vmm/events.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

/* What reads of untouched private memory see. A page of an object of sorts: not counted, never
 * taken over (H21). */
static const u8 zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);
static struct page *zero_frame;

u64 fault_entries_mended;

struct fault {
	struct aspace *as;
	uaddr_t va; /* of the page */
	enum access access;
	struct region *region;
	pte_t *slot;
	bool made_path;    /* some table on the way was missing or shared */
	size_t kept_bytes; /* file_private_write: of the object's page; behind them come zeros */
	/* file_refault: who has to be waited for, counted while no lock is held */
	struct vm_object *awaited;
	u64 awaited_index;
};

void fault_init(void)
{
	zero_frame = pmm_pin_image(zero_page);
}

static bool region_allows(const struct region *r, enum access access)
{
	switch (access) {
	case ACCESS_READ:
		return (r->prot & (PROT_READ | PROT_WRITE)) != 0;
	case ACCESS_WRITE:
		return (r->prot & PROT_WRITE) != 0;
	case ACCESS_EXEC:
		return (r->prot & PROT_EXEC) != 0;
	}
	return false;
}

static bool leaf_allows(pte_t e, enum access access)
{
	static const u64 needed[] = {
		[ACCESS_READ] = PTE_V | PTE_R,
		[ACCESS_WRITE] = PTE_V | PTE_W,
		[ACCESS_EXEC] = PTE_V | PTE_X,
	};
	return (e.bits & needed[access]) == needed[access];
}

static void count_resident(struct aspace *as, u64 more)
{
	as->resident_pages += more;
	as->resident_peak = MAX(as->resident_peak, as->resident_pages);
}

/*
 * Give the fault's page the leaf @page with @bits, where there is none. With PTE_COUNTED @page's
 * count passes to the leaf. @is_fresh: the contents were written just now.
 */
static inline void enter_leaf(struct fault *f, struct page *page, u64 bits, bool is_fresh)
{
	/* The contents before the leaf that leads to them, as another hart's walk sees it: pairs
	 * with the walker's dependency. */
	if (is_fresh) {
		if (bits & PTE_X)
			fence_code();
		barrier_write();
	}
	ptable_set_leaf(f->slot, pte_make_leaf(page_to_pfn(page), bits));
	count_resident(f->as, 1);
}

/* Let the leaf name @page instead of what it names: H7. The old frame is dropped last. */
static void replace_leaf(struct fault *f, struct page *page, u64 bits)
{
	const pte_t old = *f->slot;
	if (bits & PTE_X)
		fence_code();
	if (bits & PTE_COUNTED)
		ptable_mark_counted(f->slot);
	/*
	 * Never old to new in one store, whatever as->harts said a moment ago: a hart that enters
	 * the space in between would keep the old frame. With none there, this costs a store and
	 * a barrier.
	 */
	ptable_change_leaf(f->slot, pte_none());
	aspace_fence_others(f->as);
	ptable_change_leaf(f->slot, pte_make_leaf(page_to_pfn(page), bits));
	tlb_flush_local();
	if (pte_is_counted(old))
		pmm_put(pte_page(old));
}

/* ---- regions ---- */

/* The stack below which @va lies may grow down to it: within its limit, and not close to what is
 * below. */
static bool stack_grow(struct aspace *as, struct region *r, uaddr_t va)
{
	if ((r->flags & MAP_GROWSDOWN) == 0 || va < USER_MIN)
		return false;
	if (r->end - va > as->stack_limit_bytes)
		return false;
	const struct region *below = r->prev;
	if (below != NULL && va - below->end < STACK_GUARD_BYTES)
		return false;
	if (!region_limits_allow(as, (r->start - va) >> PAGE_SHIFT, 0))
		return false;
	region_grow_down(r, va);
	return true;
}

static __noinline struct region *grown_region(struct fault *f)
{
	struct region *r = region_find_from(f->as, f->va);
	return r != NULL && stack_grow(f->as, r, f->va) ? r : NULL;
}

static int find_region(struct fault *f)
{
	const uaddr_t va = f->va;
	struct region *r = region_find(f->as, va);
	if (unlikely(r == NULL))
		r = grown_region(f);
	if (unlikely(r == NULL))
		return -EFAULT; /* fault_no_region */
	if (!region_allows(r, f->access))
		return -EACCES; /* fault_protection */
	f->region = r;
	region_touch(r, va, va + PAGE_SIZE);
	return 0;
}

/* ---- anonymous memory ---- */

static int anon_zero(struct fault *f)
{
	if (f->access != ACCESS_WRITE) {
		enter_leaf(f, zero_frame, region_leaf_bits_no_write(f->region), false);
		return 0;
	}
	struct page *page = pmm_alloc_zeroed(PAGE_ANON);
	if (page == NULL)
		return -ENOMEM;
	enter_leaf(f, page, region_leaf_bits(f->region) | PTE_COUNTED, true);
	return 0;
}

/* True if the leaf names an anonymous frame that has no other holder: what a write may have
 * without a copy. */
static bool leaf_is_last_owner(pte_t e)
{
	return pte_is_counted(e) && page_has_one_owner(pte_page(e));
}

static void give_write(pte_t *slot)
{
	const u64 bits = (slot->bits & ~PTE_COW) | PTE_R | PTE_W | PTE_D;
	ptable_change_leaf(slot, (pte_t){ bits });
}

/* Take the frame over, and its neighbours in the same group of eight entries of the same region
 * with it. */
static __noinline int cow_last_owner(struct fault *f)
{
	const unsigned index = pt_index(f->va, 0);
	u64 taken = 1;
	pte_t *group = f->slot - index % PTES_PER_GROUP;
	uaddr_t va = f->va - index % PTES_PER_GROUP * PAGE_SIZE;

	give_write(f->slot);
	for (unsigned i = 0; i < PTES_PER_GROUP; i++, va += PAGE_SIZE) {
		const pte_t e = group[i];
		if ((e.bits & (PTE_V | PTE_COW)) != (PTE_V | PTE_COW))
			continue;
		if (va < f->region->start || va >= f->region->end)
			continue;
		if (leaf_is_last_owner(e)) {
			give_write(&group[i]);
			taken++;
		}
	}
	vmm_count(f->as, EVENT_PAGES_TAKEN, taken);
	return 0;
}

/* A private copy of the frame the leaf names, whatever the region is made of (H1). */
static __noinline int cow_copy(struct fault *f)
{
	struct page *old = pte_page(*f->slot);
	struct page *page;
	if (old == zero_frame) {
		page = pmm_alloc_zeroed(PAGE_ANON);
	} else {
		page = pmm_alloc(0, PAGE_ANON);
		if (page != NULL)
			page_copy(page_to_virt(page), page_to_virt(old));
	}
	if (page == NULL)
		return -ENOMEM;
	replace_leaf(f, page, region_leaf_bits(f->region) | PTE_COUNTED);
	vmm_count(f->as, EVENT_PAGES_COPIED, 1);
	return 0;
}

/* ---- objects ---- */

/* The object's page; file_past_end and file_refault come from here. */
static int get_page(struct fault *f, bool for_write, struct page **page)
{
	struct vm_object *o = f->region->object;
	const u64 index = region_index(f->region, f->va);
	const int err = o->ops->get_page(o, index, for_write, page);
	if (err == -EAGAIN) {
		f->awaited = o;
		f->awaited_index = index;
	}
	return err;
}

/*
 * The other pages of its 128 KiB that are in memory get their leaves with the one that was asked
 * for: functions call their neighbours, and who reads goes on most often. Such a leaf is not
 * counted, so it costs little to make, and whoever forks or exits even less.
 */
#define AROUND_PAGES 32
#define AROUND_BYTES (AROUND_PAGES * PAGE_SIZE)

/* False if the fault's page is not in memory. */
static bool file_read_around(struct fault *f, u64 bits)
{
	struct region *r = f->region;
	struct vm_object *o = r->object;
	if (o->ops->get_pages == NULL)
		return false;
	const uaddr_t window = ALIGN_DOWN(f->va, AROUND_BYTES); /* one table maps it */
	const uaddr_t first = MAX(window, r->start), end = MIN(window + AROUND_BYTES, r->end);
	const unsigned count = (unsigned)((end - first) >> PAGE_SHIFT);
	const unsigned own = (unsigned)((f->va - first) >> PAGE_SHIFT);
	struct page *pages[AROUND_PAGES];
	region_touch(r, first, end);
	o->ops->get_pages(o, region_index(r, first), count, pages);
	if (bits & PTE_X)
		vm_object_make_fetchable(o);
	count_resident(f->as, ptable_set_object_leaves(f->slot - own, pages, count, bits));
	return pages[own] != NULL;
}

static __noinline int file_read(struct fault *f)
{
	const u64 bits = region_leaf_bits_no_write(f->region);
	if (file_read_around(f, bits))
		return 0;
	struct page *page;
	const int err = get_page(f, false, &page);
	if (err != 0)
		return err;
	if (bits & PTE_X)
		vm_object_make_fetchable(f->region->object);
	enter_leaf(f, page, bits, false);
	return 0;
}

static void copy_kept(const struct fault *f, u8 *to, const u8 *from)
{
	if (likely(f->kept_bytes == PAGE_SIZE)) {
		page_copy(to, from);
		return;
	}
	memcpy(to, from, f->kept_bytes);
	memset(to + f->kept_bytes, 0, PAGE_SIZE - f->kept_bytes);
}

static __noinline int file_private_write(struct fault *f)
{
	struct page *source;
	const int err = get_page(f, false, &source);
	if (err != 0)
		return err;
	struct page *page = pmm_alloc(0, PAGE_ANON);
	if (page == NULL)
		return -ENOMEM;
	copy_kept(f, page_to_virt(page), page_to_virt(source));
	enter_leaf(f, page, region_leaf_bits(f->region) | PTE_COUNTED, true);
	return 0;
}

static __noinline int file_shared_write(struct fault *f)
{
	struct page *page;
	const int err = get_page(f, true, &page);
	if (err != 0)
		return err;
	const u64 bits = region_leaf_bits(f->region);
	vm_object_mark_written(f->region->object);
	if (bits & PTE_X)
		vm_object_make_fetchable(f->region->object);
	if (pte_is_none(*f->slot)) {
		enter_leaf(f, page, bits, false);
	} else if (pte_page(*f->slot) == page) {
		give_write(f->slot);
	} else {
		replace_leaf(f, page, bits);
	}
	return 0;
}

/* ---- the table ---- */

/*
 * The leaf allows the access: another hart was first, or this one remembers an old entry. But a
 * hart that does not set A and D itself would fault forever on a leaf without them; none is made
 * here, so somebody has written where he should not (T1).
 */
static __noinline int serve_allowed(struct fault *f)
{
	const int result = f->made_path ? 0 : FAULT_SPURIOUS; /* 0: fault_shared_table */
	const pte_t old = *f->slot;
	const pte_t whole = pte_make_leaf(pte_pfn(old), old.bits & ~PTE_PPN_MASK);
	if (likely(old.bits == whole.bits)) {
		vmm_count(f->as, EVENT_FAULTS_SPURIOUS, result == FAULT_SPURIOUS);
		return result; /* fault_spurious */
	}
	__atomic_add_fetch(&fault_entries_mended, 1, __ATOMIC_RELAXED);
	pr_warn("fault: page %#lx lacked A or D (T1): entry %#lx, access %d\n", f->va, old.bits,
		(int)f->access);
	ptable_change_leaf(f->slot, whole); /* fault_accessed_dirty */
	return result;
}

/* The page is there, but not for this access. */
static int serve_present(struct fault *f)
{
	/* Whatever else the region allows, the leaf has from the start: mprotect changes both. */
	ASSERT(f->access == ACCESS_WRITE);
	if (region_is_shared(f->region))
		return file_shared_write(f);
	if (leaf_is_last_owner(*f->slot))
		return cow_last_owner(f);
	return cow_copy(f);
}

/* May a read of @r, which is shared, be given W? */
static bool region_gives_write(const struct region *r)
{
	return (r->prot & PROT_WRITE) != 0 && r->object->ops->is_memory;
}

static int serve_absent(struct fault *f)
{
	const struct region *r = f->region;
	if (r->object == NULL)
		return anon_zero(f);
	/* Where nobody asks what was written, who reads first is spared the fault for the write. */
	if (region_is_shared(r) && (f->access == ACCESS_WRITE || region_gives_write(r)))
		return file_shared_write(f);
	return f->access == ACCESS_WRITE ? file_private_write(f) : file_read(f);
}

static int serve_once(struct fault *f)
{
	int err = find_region(f);
	if (err != 0)
		return err;
	f->slot = ptable_find_own(f->as, f->va);
	f->made_path = f->slot == NULL;
	if (unlikely(f->made_path))
		err = ptable_own_path(f->as, f->va, true, &f->slot);
	if (unlikely(err != 0))
		return err;
	if (pte_is_none(*f->slot))
		return serve_absent(f);
	if (!leaf_allows(*f->slot, f->access))
		return serve_present(f);
	return serve_allowed(f);
}

/* Wait for the page with the lock dropped. Anything may have changed when it is held again. */
static __cold int file_refault(struct fault *f)
{
	struct vm_object *o = f->awaited;
	ASSERT(o != NULL && o->ops->wait_page != NULL);
	vm_object_get(o);
	mutex_unlock(&f->as->lock);
	const int err = o->ops->wait_page(o, f->awaited_index);
	vm_object_put(o);
	mutex_lock(&f->as->lock);
	f->awaited = NULL;
	return err;
}

static inline void fault_begin(struct fault *f, struct aspace *as, uaddr_t va, enum access access,
			       size_t kept_bytes)
{
	f->as = as;
	f->va = page_align_down(va);
	f->access = access;
	f->kept_bytes = kept_bytes;
}

static int serve(struct fault *f)
{
	for (;;) {
		int err = serve_once(f);
		if (likely(err != -EAGAIN))
			return err;
		err = file_refault(f);
		if (err != 0)
			return err;
	}
}

int fault_serve(struct aspace *as, uaddr_t va, enum access access, pte_t *leaf)
{
	struct fault f;
	fault_begin(&f, as, va, access, PAGE_SIZE);
	const int err = serve(&f);
	if (err < 0)
		return err;
	*leaf = *f.slot;
	return 0;
}

int aspace_fault(struct aspace *as, uaddr_t va, enum access access)
{
	struct fault f;
	fault_begin(&f, as, va, access, PAGE_SIZE);
	mutex_lock(&as->lock);
	const int err = serve(&f);
	mutex_unlock(&as->lock);
	/* Drops a cached invalid or weaker entry, and orders our walks after what other harts
	 * stored. */
	if (err >= 0)
		tlb_flush_local();
	return err;
}

/* No hart has been in @as, so that none remembers anything of it. */
static int serve_in_new(struct aspace *as, uaddr_t va, enum access access, size_t kept_bytes)
{
	struct fault f;
	fault_begin(&f, as, va, access, kept_bytes);
	mutex_lock(&as->lock);
	/* A tail is cut while the page is made. */
	DEBUG_ASSERT(kept_bytes == PAGE_SIZE || ptable_find_own(as, va) == NULL ||
		     pte_is_none(*ptable_find_own(as, va)));
	const int err = serve(&f);
	mutex_unlock(&as->lock);
	return MIN(err, 0);
}

int aspace_build_page(struct aspace *as, uaddr_t va, enum access access)
{
	return serve_in_new(as, va, access, PAGE_SIZE);
}

int aspace_clear_tail(struct aspace *as, uaddr_t va)
{
	return serve_in_new(as, va, ACCESS_WRITE, page_offset(va));
}
