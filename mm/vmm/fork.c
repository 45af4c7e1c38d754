// SPDX-License-Identifier: MIT
/*
 * fork of an address space: regions and page tables, in one of the modes of enum fork_mode.
 *
 * The child is the picture of one moment, the fence (FORK.md H2, H3, H18). So, with the parent's
 * lock held alone from the first entry to the end:
 *   1. W is taken from every private writable leaf of the parent;
 *   2. every hart in parent->harts is fenced: from here on nobody can write what the child is to
 *      see;
 *   3. page: the child already names the same frames. copy: only now the frames are copied, and W
 *      given back;
 *   4. the child is published: its count goes from 0 to 1, which is when rmap.c may look at it;
 *   5. the lock is dropped.
 *
 * Failure undoes the child and fences too (H4): a leaf without W in an unlocked space means that no
 * hart remembers it with W. The parent's leaves stay COW with frames of count 1, and are taken over
 * as they are written.
 *
 * The third mode, by sharing tables, is to join here: it makes root entries SHARED instead of
 * step 1 and shares the rest.
 */
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

struct fork_job {
	struct aspace *parent, *child;
	bool took_write; /* some leaf of the parent lost W */
	bool copied_code;
};

/* What is done with one table of leaves: @to is the child's, NULL if it needs none yet. */
typedef int leaves_visitor(struct fork_job *job, struct page *from, struct page *to);

/* ---- regions ---- */

static int copy_regions(struct fork_job *job)
{
	const struct aspace *p = job->parent;
	struct aspace *c = job->child;
	for (const struct region *r = region_first(p); r != NULL; r = region_next(r)) {
		struct region *copy = region_create(r);
		if (copy == NULL)
			return -ENOMEM;
		copy->as = c;
		copy->flags &= ~REGION_LOCKED; /* locks are not inherited */
		region_append(copy);
	}
	c->limit_pages = p->limit_pages;
	c->lock_limit_pages = p->lock_limit_pages;
	c->brk_start = p->brk_start;
	c->brk_end = p->brk_end;
	c->brk_limit_bytes = p->brk_limit_bytes;
	c->stack_limit_bytes = p->stack_limit_bytes;
	c->mmap_top = p->mmap_top;
	c->gap_below = p->gap_below;
	c->gap_len_bytes = p->gap_len_bytes;
	c->stack_top = p->stack_top;
	c->arg_start = p->arg_start;
	c->arg_end = p->arg_end;
	c->env_start = p->env_start;
	c->env_end = p->env_end;
	c->vdso = p->vdso;
	return 0;
}

/* ---- leaves ---- */

/* Take W from the private leaf @slot, if it has it. Shared ones say KEEP. */
static inline pte_t protect_leaf(struct fork_job *job, pte_t *slot)
{
	pte_t e = *slot;
	if ((e.bits & (PTE_W | PTE_KEEP)) == PTE_W) {
		e.bits = (e.bits & ~PTE_W) | PTE_COW;
		ptable_change_leaf(slot, e);
		job->took_write = true;
	}
	return e;
}

/* Mode copy, before the fence. */
static int protect_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	pte_t *entries = ptable_entries(from);
	for_each_group(group, from->map)
	{
		pte_t *e = &entries[group * PTES_PER_GROUP];
		for (unsigned i = 0; i < PTES_PER_GROUP; i++)
			(void)protect_leaf(job, &e[i]);
	}
	return 0;
}

/* Mode page: both name the same frames, neither may write them. */
static int share_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	pte_t *entries = ptable_entries(from);
	pte_t *copies = ptable_entries(to);
	for_each_group(group, from->map)
	{
		const unsigned first = group * PTES_PER_GROUP;
		for (unsigned i = first; i < first + PTES_PER_GROUP; i++) {
			if (pte_is_none(entries[i]))
				continue;
			const pte_t e = protect_leaf(job, &entries[i]);
			pmm_get(pte_page(e));
			ptable_store(&copies[i], e);
		}
	}
	/* Each present entry was copied, so the counts are the parent's. */
	to->present = from->present;
	to->map = from->map;
	return 0;
}

/* Mode copy: a frame of the child's own, and W for both where the region allows it. */
static int copy_anon_leaf(struct fork_job *job, pte_t *slot, pte_t *copy)
{
	pte_t e = *slot;
	const struct page *frame = pte_page(e);
	struct page *own = pmm_alloc(0, PAGE_ANON);
	if (own == NULL)
		return -ENOMEM;
	page_copy(page_to_virt(own), page_to_virt(frame));
	job->copied_code |= (e.bits & PTE_X) != 0;
	if ((e.bits & PTE_COW) && page_has_one_owner(frame)) {
		/* COW: its region allows writing; so V and R are there. */
		e.bits = (e.bits & ~PTE_COW) | PTE_W | PTE_D;
		ptable_change_leaf(slot, e);
	}
	ptable_set_leaf(copy,
			(pte_t){ (e.bits & ~PTE_PPN_MASK) | page_to_pfn(own) << PTE_PPN_SHIFT });
	return 0;
}

/* Mode copy, after the fence. Pages of objects and the zero page are not for writing, so they are
 * shared. */
static int copy_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	pte_t *entries = ptable_entries(from);
	pte_t *copies = ptable_entries(to);
	for_each_group(group, from->map)
	{
		const unsigned first = group * PTES_PER_GROUP;
		for (unsigned i = first; i < first + PTES_PER_GROUP; i++) {
			const pte_t e = entries[i];
			if (pte_is_none(e))
				continue;
			if (pte_page(e)->kind == PAGE_ANON) {
				const int err = copy_anon_leaf(job, &entries[i], &copies[i]);
				if (err != 0)
					return err;
			} else {
				pmm_get(pte_page(e));
				ptable_set_leaf(&copies[i], e);
			}
		}
	}
	return 0;
}

/* ---- tables ---- */

/* A table for the child, named by @entry. */
static struct page *child_table(pte_t *entry)
{
	struct page *table = ptable_alloc();
	if (table != NULL)
		ptable_set_table(entry, table);
	return table;
}

/* The tables of leaves below @middle, with partners below @child_middle unless that is NULL. */
static int visit_middle(struct fork_job *job, leaves_visitor *visit, struct page *middle,
			struct page *child_middle)
{
	const pte_t *entries = ptable_entries(middle);
	for_each_group(group, middle->map)
	{
		const unsigned first = group * PTES_PER_GROUP;
		for (unsigned i = first; i < first + PTES_PER_GROUP; i++) {
			if (pte_is_none(entries[i]))
				continue;
			struct page *to = NULL;
			if (child_middle != NULL) {
				to = child_table(&ptable_entries(child_middle)[i]);
				if (to == NULL)
					return -ENOMEM;
			}
			const int err = visit(job, pte_page(entries[i]), to);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* Every table of leaves of the parent that exists; @with_child: with a partner in the child made
 * for it. */
static int visit_tables(struct fork_job *job, leaves_visitor *visit, bool with_child)
{
	struct page *root = pfn_to_page(job->parent->root);
	pte_t *child_root = ptable_entries(pfn_to_page(job->child->root));
	const pte_t *entries = ptable_entries(root);
	for_each_group(group, root->map)
	{
		const unsigned first = group * PTES_PER_GROUP;
		for (unsigned i = first; i < first + PTES_PER_GROUP; i++) {
			if (pte_is_none(entries[i]))
				continue;
			struct page *child_middle = NULL;
			if (with_child) {
				child_middle = child_table(&child_root[i]);
				if (child_middle == NULL)
					return -ENOMEM;
			}
			const int err =
				visit_middle(job, visit, pte_page(entries[i]), child_middle);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

/*
 * MADV_DONTFORK and MADV_WIPEONFORK: the child has nothing or zeros there. Its leaves are copied
 * with the rest of their table and go again here, before anybody can run on them.
 */
static void drop_unwanted(struct aspace *child)
{
	struct list dead;
	list_init(&dead);
	struct unmap_batch b;
	unmap_begin(&b, child);
	struct region *next;
	for (struct region *r = region_first(child); r != NULL; r = next) {
		next = region_next(r);
		if ((r->flags & (REGION_DONT_FORK | REGION_WIPE_ON_FORK)) == 0)
			continue;
		unmap_range(&b, r->start, r->end);
		if (r->flags & REGION_DONT_FORK)
			region_remove(r, &dead);
	}
	unmap_end(&b);
	region_destroy_list(&dead); /* not the objects' last references: the parent's regions have
				       one */
}

static int fork_tables(struct fork_job *job, enum fork_mode mode)
{
	int err;
	switch (mode) {
	case FORK_COPY:
		err = visit_tables(job, protect_leaves, false);
		if (job->took_write)
			aspace_fence(job->parent);
		if (err == 0)
			err = visit_tables(job, copy_leaves, true);
		/* The copies were made by stores; before anybody runs them. */
		if (job->copied_code)
			fence_code();
		return err;
	case FORK_PAGE:
		err = visit_tables(job, share_leaves, true);
		if (job->took_write)
			aspace_fence(job->parent);
		return err;
	case FORK_MODES:
		break;
	}
	panic("fork mode %d", (int)mode);
}

int aspace_fork(struct aspace *parent, enum fork_mode mode, struct aspace **child)
{
	struct aspace *c = aspace_create();
	if (c == NULL)
		return -ENOMEM;
	/* Not published: on the lists of objects, but nobody's to take (rmap.c). */
	refcount_init(&c->refs, 0);

	struct fork_job job = { .parent = parent, .child = c };
	mutex_lock(&parent->lock);
	int err = copy_regions(&job);
	if (err == 0)
		err = fork_tables(&job, mode);
	c->resident_pages = c->resident_peak = parent->resident_pages;
	if (err == 0)
		drop_unwanted(c);
	/* What the child's entries name, before its count says that they may be followed. */
	__atomic_store_n(&c->refs.value, 1, __ATOMIC_RELEASE);
	mutex_unlock(&parent->lock);
	if (err != 0) {
		aspace_put(c);
		return err;
	}
	*child = c;
	return 0;
}
