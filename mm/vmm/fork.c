// SPDX-License-Identifier: MIT
/*
 * fork of an address space: regions and page tables, in one of the modes of enum fork_mode.
 *
 * The child is the picture of one moment, the fence (docs/fork.md H2, H3, H18). So, with the
 * parent's lock held alone from the first entry to the end:
 *   1. table: V is taken from the parent's root entries. page, copy, and table where little is
 *      below an entry: W is taken from every private writable leaf;
 *   2. every hart in parent->harts is fenced: from here on nobody can write what the child is to
 *      see;
 *   3. table, page: the child already names the same tables or frames. copy: only now the frames
 *      are copied, and W given back;
 *      So are, in the others, the pages that both write at once;
 *   4. the child is published: its count goes from 0 to 1, which is when rmap.c may look at it;
 *   5. the lock is dropped.
 *
 * Failure undoes the child and fences too (H4): an entry without V, or a leaf without W, in an
 * unlocked space means that no hart remembers it with. The parent's tables stay SHARED with one
 * name, its leaves COW with frames of count 1; both are made mine again as they are touched.
 */
#include "arch/riscv/cpu/layout.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/events.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"
#include "mm/vmm/unmap.h"

struct fork_job {
	struct aspace *parent, *child;
	const struct fork_place *place;
	bool took; /* something of the parent lost V or W: it is to be fenced */
	bool copied_code;
	u32 region_flags; /* those that any region has */
	u32 shared_tables;
};

/* What is done with one table of leaves: @to is the child's, NULL if it needs none yet. */
typedef int leaves_visitor(struct fork_job *job, struct page *from, struct page *to);

/* ---- regions ---- */

static int copy_regions(struct fork_job *job)
{
	const struct aspace *p = job->parent;
	struct aspace *c = job->child;
	const int err = region_copy_all(p, c, &job->region_flags);
	if (err != 0)
		return err;
	c->limit_pages = p->limit_pages;
	c->lock_limit_pages = p->lock_limit_pages;
	c->brk_start = p->brk_start;
	c->brk_end = p->brk_end;
	c->brk_limit_bytes = p->brk_limit_bytes;
	c->stack_limit_bytes = p->stack_limit_bytes;
	c->mmap_top = p->mmap_top;
	c->gaps[0] = p->gaps[0];
	c->gaps[1] = p->gaps[1];
	c->stack_top = p->stack_top;
	c->arg_start = p->arg_start;
	c->arg_end = p->arg_end;
	c->env_start = p->env_start;
	c->env_end = p->env_end;
	c->vdso = p->vdso;
	return 0;
}

/* ---- leaves ---- */

/* Mode copy, before the fence. */
static int protect_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	for_each_entry(e, from)
	{
		job->took |= ptable_protect_leaf(e);
	}
	return 0;
}

/* Mode page: both name the same frames, neither may write them. */
static int share_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	job->took |= ptable_copy_leaves(from, to);
	return 0;
}

/* A copy of the frame that the leaf @e names, for the child. NULL: no memory. */
static struct page *copy_frame(struct fork_job *job, pte_t e)
{
	struct page *own = pmm_alloc(0, PAGE_ANON);
	if (own == NULL)
		return NULL;
	page_copy(page_to_virt(own), page_to_virt(pte_page(e)));
	job->copied_code |= (e.bits & PTE_X) != 0;
	/* What was copied has been read before anybody may write there again (H18). */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return own;
}

/* COW: the region allows writing; so V and R are there. */
static pte_t with_write(pte_t cow)
{
	return (pte_t){ (cow.bits & ~PTE_COW) | PTE_W | PTE_D };
}

/* A leaf like @e for another frame. */
static pte_t leaf_of(pte_t e, const struct page *frame)
{
	return (pte_t){ (e.bits & ~PTE_PPN_MASK) | page_to_pfn(frame) << PTE_PPN_SHIFT };
}

/* A frame of the child's own, and W for both where the region allows it. */
static int copy_anon_leaf(struct fork_job *job, pte_t *slot, pte_t *copy)
{
	pte_t e = *slot;
	const struct page *own = copy_frame(job, e);
	if (own == NULL)
		return -ENOMEM;
	if ((e.bits & PTE_COW) && page_has_one_owner(pte_page(e))) {
		e = with_write(e);
		ptable_change_leaf(slot, e);
	}
	ptable_set_leaf(copy, leaf_of(e, own));
	return 0;
}

/* Mode copy, after the fence. Pages of objects and the zero page are not for writing, so they are
 * shared. */
static int copy_leaves(struct fork_job *job, struct page *from, struct page *to)
{
	for_each_entry(e, from)
	{
		pte_t *copy = ptable_same_place(to, e);
		if (pte_is_counted(*e)) {
			const int err = copy_anon_leaf(job, e, copy);
			if (err != 0)
				return err;
		} else {
			ptable_set_leaf(copy, *e);
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
	for_each_entry(e, middle)
	{
		struct page *to = NULL;
		if (child_middle != NULL) {
			to = child_table(ptable_same_place(child_middle, e));
			if (to == NULL)
				return -ENOMEM;
		}
		const int err = visit(job, pte_page(*e), to);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Every table of leaves of the parent that exists; @with_child: with a partner in the child made
 * for it. */
static int visit_tables(struct fork_job *job, leaves_visitor *visit, bool with_child)
{
	struct page *root = pfn_to_page(job->parent->root);
	struct page *child_root = pfn_to_page(job->child->root);
	for_each_entry(e, root)
	{
		struct page *child_middle = NULL;
		if (with_child) {
			child_middle = child_table(ptable_same_place(child_root, e));
			if (child_middle == NULL)
				return -ENOMEM;
		}
		const int err = visit_middle(job, visit, pte_page(*e), child_middle);
		if (err != 0)
			return err;
	}
	return 0;
}

/* ---- mode table ---- */

/*
 * Parent and child are both about to touch their code and their stack. If little is below the
 * entries of the root that lead there, it is copied like in mode page, which is cheaper than the
 * faults it takes to make it mine. Little is what fits in a budget for the whole fork, or else fork
 * would grow with the process. Counted in leaves; a table of leaves costs as much as so many of
 * them.
 */
#define LIGHT_LEAVES       256
#define LIGHT_TABLE_LEAVES 8
#define LIGHT_TABLES_MAX   (LIGHT_LEAVES / LIGHT_TABLE_LEAVES)

/*
 * If what is below @middle fits in *@budget, take it from that and put the entries of @middle into
 * @out. Returns how many those are; 0: it does not fit.
 */
static unsigned light_entries(struct page *middle, unsigned *budget, pte_t *out[LIGHT_TABLES_MAX])
{
	unsigned sum = middle->present * LIGHT_TABLE_LEAVES, n = 0;
	if (sum > *budget)
		return 0;
	for_each_entry(e, middle)
	{
		if (pte_is_valid(*e))
			sum += pte_page(*e)->present;
		out[n++] = e;
	}
	if (sum > *budget)
		return 0;
	*budget -= sum;
	return n;
}

/* Both go on to name the same table. */
static void share_table(struct fork_job *job, pte_t *entry, pte_t *child_entry)
{
	job->took |= ptable_share(entry, child_entry);
	job->shared_tables++;
}

/* Copy what @entries of a middle table name to @child_middle. */
static int copy_light(struct fork_job *job, pte_t *const *entries, unsigned count,
		      struct page *child_middle)
{
	for (unsigned i = 0; i < count; i++) {
		pte_t *const e = entries[i];
		pte_t *child_entry = ptable_same_place(child_middle, e);
		if (pte_is_shared(*e)) {
			share_table(job, e, child_entry);
			continue;
		}
		struct page *to = child_table(child_entry);
		if (to == NULL)
			return -ENOMEM;
		job->took |= ptable_copy_leaves(pte_page(*e), to);
	}
	return 0;
}

static bool is_touched_soon(const struct fork_job *job, u64 root_index)
{
	const struct fork_place *p = job->place;
	return p != NULL && (pt_index(p->pc, 2) == root_index || pt_index(p->sp, 2) == root_index);
}

static int share_tables(struct fork_job *job)
{
	struct page *root = pfn_to_page(job->parent->root);
	struct page *child_root = pfn_to_page(job->child->root);
	unsigned budget = LIGHT_LEAVES;
	pte_t *light[LIGHT_TABLES_MAX];
	for_each_entry(e, root)
	{
		pte_t *child_entry = ptable_same_place(child_root, e);
		unsigned n = 0;
		if (!pte_is_shared(*e) && is_touched_soon(job, e - ptable_entries(root)))
			n = light_entries(pte_page(*e), &budget, light);
		if (n == 0) {
			share_table(job, e, child_entry);
			continue;
		}
		struct page *middle = child_table(child_entry);
		const int err = middle == NULL ? -ENOMEM : copy_light(job, light, n, middle);
		if (err != 0)
			return err;
	}
	return 0;
}

/*
 * The page at @va, where each of them, or the child for certain, writes at once: one would fault
 * and copy it, and the other fault to take it over. The child gets its own here, after the fence
 * (H18), and the parent has W back. Not if others hold it, too: then the parent must copy anyway.
 */
static int copy_page_at(struct fork_job *job, uaddr_t va)
{
	if (va >= USER_MAX)
		return 0;
	pte_t *slot = ptable_find_own(job->parent, va);
	pte_t *copy = ptable_find_own(job->child, va);
	if (slot == NULL || copy == NULL)
		return 0;
	const pte_t e = *slot;
	struct page *frame = pte_page(e);
	if ((e.bits & (PTE_COW | PTE_COUNTED)) != (PTE_COW | PTE_COUNTED) ||
	    READ_ONCE(frame->count) != 2)
		return 0;
	DEBUG_ASSERT(pte_page(*copy) == frame);
	const struct page *own = copy_frame(job, e);
	if (own == NULL)
		return -ENOMEM;
	/* Nobody but these two leaves has the frame, and nobody can get it. Who dropped a third
	 * hold has read what he was to read: his put releases, and ours, which comes before W,
	 * acquires. */
	ptable_change_leaf(copy, leaf_of(with_write(e), own));
	pmm_put(frame);
	ptable_change_leaf(slot, with_write(e));
	return 0;
}

static int copy_pages_written_soon(struct fork_job *job)
{
	const struct fork_place *p = job->place;
	int err = p != NULL ? copy_page_at(job, p->sp) : 0;
	if (err == 0 && p != NULL && p->child_tid != 0)
		err = copy_page_at(job, p->child_tid);
	return err;
}

/* ---- the whole ---- */

/*
 * MADV_DONTFORK and MADV_WIPEONFORK: the child has nothing or zeros there. Its leaves are copied
 * with the rest of their table and go again here, before anybody can run on them.
 */
static int drop_unwanted(struct aspace *child)
{
	int err = 0;
	struct list dead;
	list_init(&dead);
	struct unmap_batch b;
	unmap_begin(&b, child);
	struct region *next;
	for (struct region *r = region_first(child); r != NULL && err == 0; r = next) {
		next = r->next;
		if ((r->flags & (REGION_DONT_FORK | REGION_WIPE_ON_FORK)) == 0)
			continue;
		err = unmap_prepare(child, r->start, r->end);
		if (err != 0)
			break;
		unmap_range(&b, r->start, r->end);
		if (r->flags & REGION_DONT_FORK)
			region_remove(r, &dead);
	}
	unmap_end(&b);
	region_destroy_list(&dead); /* not the objects' last references: the parent's regions have
				       one */
	return err;
}

static int fork_tables(struct fork_job *job, enum fork_mode mode)
{
	/* The others know nothing of tables with several names. */
	int err = mode == FORK_TABLE ? 0 : ptable_own_range(job->parent, 0, USER_MAX);
	if (err != 0)
		return err;
	switch (mode) {
	case FORK_COPY:
		err = visit_tables(job, protect_leaves, false);
		break;
	case FORK_PAGE:
		err = visit_tables(job, share_leaves, true);
		break;
	case FORK_TABLE:
		err = share_tables(job);
		job->parent->shares_tables |= job->shared_tables != 0;
		vmm_count(job->parent, EVENT_TABLES_SHARED, job->shared_tables);
		break;
	case FORK_MODES:
		panic("fork mode %d", (int)mode);
	}
	/* The moment that the child is a picture of. Nothing is copied before it (H18). */
	if (job->took)
		aspace_fence(job->parent);
	if (err == 0 && mode == FORK_COPY)
		err = visit_tables(job, copy_leaves, true);
	else if (err == 0)
		err = copy_pages_written_soon(job);
	/* The copies were made by stores; before anybody runs them. */
	if (job->copied_code)
		fence_code();
	return err;
}

/* Of larger spaces debug builds look at each page only when they end. */
#define CHECKED_PAGES_MAX 2048

int aspace_fork(struct aspace *parent, enum fork_mode mode, const struct fork_place *place,
		struct aspace **child)
{
	struct aspace *c = aspace_create();
	if (c == NULL)
		return -ENOMEM;
	/* Not published: on the lists of objects, but nobody's to take (rmap.c). */
	refcount_init(&c->refs, 0);

	struct fork_job job = { .parent = parent, .child = c, .place = place };
	mutex_lock(&parent->lock);
	int err = copy_regions(&job);
	if (err == 0)
		err = fork_tables(&job, mode);
	c->resident_pages = c->resident_peak = parent->resident_pages;
	/* The parent's count may be too high, and then so is the child's, even if it shares
	 * nothing. */
	c->shares_tables |= parent->shares_tables;
	if (err == 0 && (job.region_flags & (REGION_DONT_FORK | REGION_WIPE_ON_FORK)) != 0)
		err = drop_unwanted(c);
	/* What the child's entries name, before its count says that they may be followed. */
	__atomic_store_n(&c->refs.value, 1, __ATOMIC_RELEASE);
	mutex_unlock(&parent->lock);
	if (err != 0) {
		aspace_put(c);
		return err;
	}
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && c->resident_pages <= CHECKED_PAGES_MAX) {
		aspace_check(parent);
		aspace_check(c);
	}
	*child = c;
	return 0;
}
