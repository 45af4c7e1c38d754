// SPDX-License-Identifier: MIT
/*
 * Address spaces as objects: birth, death, and access to one from outside. What the regions say
 * is region.c, what the page table says ptable.c, faults fault.c, fork fork.c, mmap and its
 * family mapping.c.
 */
#include "mm/vmm/aspace.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/fault.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/object.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

#define STACK_LIMIT_DEFAULT (8UL << 20)

static struct slab_cache *aspace_cache;

void vmm_init(void)
{
	ptable_init();
	region_init();
	object_init();
	fault_init();
	aspace_cache = slab_create("aspace", sizeof(struct aspace), 8);
	if (aspace_cache == NULL)
		panic("no memory for the cache of address spaces");
}

static u64 last_id; /* atomic */

struct aspace *aspace_create(void)
{
	struct aspace *as = slab_alloc(aspace_cache);
	if (as == NULL)
		return NULL;
	struct page *root = ptable_alloc_root();
	if (root == NULL) {
		slab_free(aspace_cache, as);
		return NULL;
	}
	words_clear(as, offsetof(struct aspace, destroy_later));
	as->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	as->root = page_to_pfn(root);
	as->satp = satp_make(as->root);
	refcount_init(&as->refs, 1);
	mutex_init(&as->lock, "aspace", RANK_ASPACE);
	as->limit_pages = ~0UL;
	as->lock_limit_pages = ~0UL;
	as->brk_limit_bytes = ~0UL;
	as->stack_limit_bytes = STACK_LIMIT_DEFAULT;
	as->mmap_top = USER_MAX;
	as->gaps[0].below = as->gaps[1].below = USER_MAX;
	return as;
}

static void aspace_destroy(struct aspace *as)
{
	/* Pairs with the release of the hart that left last: its walks are over (H8). */
	ASSERT(__atomic_load_n(&as->harts, __ATOMIC_ACQUIRE) == 0);

	/* Nobody holds a reference any more, so nobody waits for the lock; a walker of rmap.c
	 * that found the regions on an object's list sees the count at zero and passes by (H9). */
	ptable_destroy_root(pfn_to_page(as->root));
	region_destroy_all(as);
	slab_free(aspace_cache, as);
}

void aspace_put(struct aspace *as)
{
	if (refcount_put(&as->refs))
		aspace_destroy(as);
}

static void destroy_work(struct work *w)
{
	aspace_destroy(container_of(w, struct aspace, destroy_later));
}

void aspace_put_later(struct aspace *as)
{
	if (!refcount_put(&as->refs))
		return;
	work_init(&as->destroy_later, destroy_work);
	work_queue_long(&as->destroy_later);
}

/* ---- access from outside ---- */

/* Bytes from @va to the end of its page, at most @len_bytes. */
static size_t piece_bytes(uaddr_t va, size_t len_bytes)
{
	return MIN(len_bytes, (size_t)(PAGE_SIZE - page_offset(va)));
}

static u8 *leaf_byte(pte_t leaf, uaddr_t va)
{
	return (u8 *)phys_to_virt(pte_paddr(leaf)) + page_offset(va);
}

/*
 * Reading makes nothing mine: copy from the page at @va through a table that is shared. False: it
 * is none, or the page is not there to be read.
 */
static bool read_shared(struct aspace *as, uaddr_t va, void *dst, size_t len_bytes)
{
	struct leaf_span span;
	uaddr_t at = page_align_down(va);
	if (!as->shares_tables || va >= USER_MAX ||
	    !ptable_next_span(as, &at, at + PAGE_SIZE, &span) || !span.shared)
		return false;
	/* The frame stays while the leaf does. */
	struct spinlock *lock = table_lock(virt_to_page(span.entries));
	spin_lock(lock);
	const pte_t leaf = span.entries[span.first];
	const bool readable = (leaf.bits & (PTE_V | PTE_R)) == (PTE_V | PTE_R);
	if (readable)
		memcpy(dst, leaf_byte(leaf, va), len_bytes);
	spin_unlock(lock);
	return readable;
}

size_t aspace_read(struct aspace *as, uaddr_t va, void *dst, size_t len_bytes)
{
	size_t done = 0;
	mutex_lock(&as->lock);
	while (done < len_bytes) {
		const size_t n = piece_bytes(va + done, len_bytes - done);
		u8 *to = (u8 *)dst + done;
		pte_t leaf;
		if (!read_shared(as, va + done, to, n)) {
			if (fault_serve(as, va + done, ACCESS_READ, &leaf) != 0)
				break;
			memcpy(to, leaf_byte(leaf, va + done), n);
		}
		done += n;
	}
	mutex_unlock(&as->lock);
	return done;
}

size_t aspace_write(struct aspace *as, uaddr_t va, const void *src, size_t len_bytes)
{
	size_t done = 0;
	bool wrote_code = false;
	mutex_lock(&as->lock);
	while (done < len_bytes) {
		const size_t n = piece_bytes(va + done, len_bytes - done);
		pte_t leaf;
		if (fault_serve(as, va + done, ACCESS_WRITE, &leaf) != 0)
			break;
		memcpy(leaf_byte(leaf, va + done), (const u8 *)src + done, n);
		wrote_code |= (leaf.bits & PTE_X) != 0;
		done += n;
	}
	/* Written through the linear map, which no instruction cache hears of (H25). */
	if (wrote_code)
		fence_code();
	mutex_unlock(&as->lock);
	return done;
}

void *aspace_own_page(struct aspace *as, uaddr_t va)
{
	pte_t leaf;
	mutex_lock(&as->lock);
	/* A program may bring a segment of its file along for the place of its stack. */
	const struct region *r = region_find(as, va);
	const bool is_ours = r != NULL && r->object == NULL;
	const int err = is_ours ? fault_serve(as, va, ACCESS_WRITE, &leaf) : -EFAULT;
	mutex_unlock(&as->lock);
	return err == 0 ? leaf_byte(leaf, va) : NULL;
}

/* ---- statistics ---- */

u64 aspace_resident_locked(struct aspace *as)
{
	if (as->shares_tables)
		as->resident_pages = ptable_present_leaves(as, &as->shares_tables);
	return as->resident_pages;
}

u64 aspace_resident_pages(struct aspace *as)
{
	mutex_lock(&as->lock);
	const u64 pages = aspace_resident_locked(as);
	mutex_unlock(&as->lock);
	return pages;
}

/* @spaces: that share the table; @mappers: that map the object. */
static void sum_leaf(struct leaf_sum *sum, pte_t leaf, u32 spaces, u32 mappers)
{
	const struct page *page = pte_page(leaf);
	if (page->kind == PAGE_PINNED)
		return;
	const bool is_file = !pte_is_counted(leaf);
	/* Tables hold an anonymous page, and others may be shared like this one, so there may be
	 * more who map it. */
	const u32 holders = is_file ? mappers :
				      __atomic_load_n(&page->count, __ATOMIC_RELAXED) + spaces - 1;
	/* W is as near to "written" as leaves are that begin with D. Shared memory that was only
	 * read counts as written (fault.c). */
	const bool is_dirty = !is_file || (leaf.bits & PTE_W) != 0;
	sum->pages++;
	sum->file_pages += is_file;
	if (holders > 1)
		*(is_dirty ? &sum->shared_dirty : &sum->shared_clean) += 1;
	else
		*(is_dirty ? &sum->private_dirty : &sum->private_clean) += 1;
	sum->share_bytes += PAGE_SIZE / MAX(holders, 1U);
}

void aspace_sum_leaves_locked(const struct aspace *as, uaddr_t start, uaddr_t end, u32 mappers,
			      struct leaf_sum *out)
{
	*out = (struct leaf_sum){ 0 };
	struct leaf_span span;
	while (ptable_next_span(as, &start, end, &span)) {
		for_each_present(i, &span)
		{
			const pte_t leaf = ptable_load(&span.entries[i]);
			if (!pte_is_none(leaf))
				sum_leaf(out, leaf, span_spaces(&span), mappers);
		}
	}
}

static struct region_info info_of(const struct region *r)
{
	return (struct region_info){
		.start = r->start,
		.end = r->end,
		.prot = r->prot,
		.flags = r->flags,
		.object = r->object,
		.offset_bytes = r->offset_bytes,
	};
}

static void visit_region(const struct region *r,
			 void (*visit)(const struct region_info *info, void *arg), void *arg)
{
	const struct region_info info = info_of(r);
	visit(&info, arg);
}

bool aspace_region_at(struct aspace *as, uaddr_t va, struct region_info *out)
{
	mutex_lock(&as->lock);
	const struct region *r = region_find(as, va);
	if (r != NULL)
		*out = info_of(r);
	mutex_unlock(&as->lock);
	return r != NULL;
}

void aspace_for_each_region(struct aspace *as,
			    void (*visit)(const struct region_info *info, void *arg), void *arg)
{
	mutex_lock(&as->lock);
	for (const struct region *r = region_first(as); r != NULL; r = r->next)
		visit_region(r, visit, arg);
	mutex_unlock(&as->lock);
}

void aspace_visit_regions_unlocked(const struct aspace *as, u32 max,
				   void (*visit)(const struct region_info *info, void *arg),
				   void *arg)
{
	for (const struct region *r = region_first(as); r != NULL && max-- > 0; r = r->next)
		visit_region(r, visit, arg);
}
