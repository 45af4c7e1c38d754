// SPDX-License-Identifier: MIT
/*
 * Page tables of user address spaces: the walk, and tables as objects (ptable_stock.c stocks
 * them). What leaves mean, when frames are dropped and who is fenced is decided by the callers.
 */
#include "mm/vmm/ptable.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/layout.h"
#include "lib/abi/errno.h"
#include "mm/vmm/aspace.h"

static pte_t *root_entries(const struct aspace *as)
{
	return phys_to_virt(as->root << PAGE_SHIFT);
}

/* ---- inner entries ---- */

void ptable_set_table(pte_t *entry, struct page *table)
{
	ptable_count_in(entry);
	/* The zeros of the new table before the entry that leads to them: pairs with the walker's
	 * dependency. */
	barrier_write();
	WRITE_ONCE(entry->bits, pte_make_table(page_to_pfn(table)).bits);
}

static struct page *take_table(pte_t *entry)
{
	struct page *table = pte_page(*entry);
	WRITE_ONCE(entry->bits, 0);
	virt_to_page(entry)->present--;
	return table;
}

/*
 * Make the table that @entry names this space's own. Today every entry that is not none is valid,
 * and so names a table of its own (FORK.md section 4, make_mine, is to stand here: the only step
 * of a walk that can fail).
 */
static int own_entry(const pte_t *entry)
{
	ASSERT(pte_is_table(*entry));
	return 0;
}

/* One step down: the table below @entry, owned. *@below is NULL if there is none and not @create.
 */
static inline int own_step(pte_t *entry, bool create, pte_t **below)
{
	*below = NULL;
	if (unlikely(pte_is_none(*entry))) {
		if (!create)
			return 0;
		struct page *fresh = ptable_alloc();
		if (fresh == NULL)
			return -ENOMEM;
		ptable_set_table(entry, fresh);
	}
	const int err = own_entry(entry);
	if (err == 0)
		*below = ptable_below(*entry);
	return err;
}

int ptable_own_path(struct aspace *as, uaddr_t va, bool create, pte_t **leaf)
{
	pte_t *table;
	*leaf = NULL;
	int err = own_step(&root_entries(as)[pt_index(va, 2)], create, &table);
	if (err == 0 && table != NULL)
		err = own_step(&table[pt_index(va, 1)], create, &table);
	if (err == 0 && table != NULL)
		*leaf = &table[pt_index(va, 0)];
	return err;
}

/* Where the entry of an inner table after the one for @va begins, but not past @end. */
static uaddr_t next_entry(uaddr_t va, u64 span_bytes, uaddr_t end)
{
	return MIN((va | (span_bytes - 1)) + 1, end);
}

int ptable_own_range(struct aspace *as, uaddr_t start, uaddr_t end)
{
	const pte_t *root = root_entries(as);
	for (uaddr_t va = start; va < end;) {
		const pte_t *entry = &root[pt_index(va, 2)];
		u64 span_bytes = GIGAPAGE_SIZE;
		int err = 0;
		if (!pte_is_none(*entry)) {
			err = own_entry(entry);
			entry = &ptable_below(*entry)[pt_index(va, 1)];
			span_bytes = MEGAPAGE_SIZE;
			if (err == 0 && !pte_is_none(*entry))
				err = own_entry(entry);
		}
		if (err != 0)
			return err;
		va = next_entry(va, span_bytes, end);
	}
	return 0;
}

bool ptable_next_span(const struct aspace *as, uaddr_t *at, uaddr_t end, struct leaf_span *out)
{
	const pte_t *root = root_entries(as);
	uaddr_t va = *at;
	while (va < end) {
		const pte_t top = root[pt_index(va, 2)];
		if (pte_is_none(top)) {
			va = next_entry(va, GIGAPAGE_SIZE, end);
			continue;
		}
		const pte_t entry = ptable_below(top)[pt_index(va, 1)];
		const uaddr_t next = next_entry(va, MEGAPAGE_SIZE, end);
		if (pte_is_none(entry)) {
			va = next;
			continue;
		}
		ASSERT(pte_is_table(top) && pte_is_table(entry));
		out->entries = ptable_below(entry);
		out->va = va;
		out->first = pt_index(va, 0);
		out->end = out->first + (unsigned)((next - va) >> PAGE_SHIFT);
		*at = next;
		return true;
	}
	*at = end;
	return false;
}

unsigned ptable_detach(struct aspace *as, uaddr_t va, struct page *out[2])
{
	pte_t *top = &root_entries(as)[pt_index(va, 2)];
	pte_t *middle = ptable_below(*top);
	unsigned n = 0;
	out[n++] = take_table(&middle[pt_index(va, 1)]);
	if (virt_to_page(middle)->present == 0)
		out[n++] = take_table(top);
	return n;
}

u64 ptable_present_leaves(const struct aspace *as)
{
	u64 sum = 0;
	struct leaf_span span;
	for (uaddr_t at = 0; ptable_next_span(as, &at, USER_MAX, &span);)
		sum += virt_to_page(span.entries)->present;
	return sum;
}

/* ---- the end of tables ---- */

void ptable_free_leaves(struct page *table)
{
	pte_t *entries = ptable_entries(table);
	for_each_group(group, table->map)
	{
		pte_t *e = &entries[group * PTES_PER_GROUP];
		for (unsigned i = 0; i < PTES_PER_GROUP; i++) {
			if (pte_is_none(e[i]))
				continue;
			pmm_put(pte_page(e[i]));
			e[i] = pte_none();
		}
	}
	table->present = 0;
	ptable_free(table);
}

/* A middle table whose leaves' tables go with it. */
static void free_middle(struct page *middle)
{
	pte_t *entries = ptable_entries(middle);
	for_each_group(group, middle->map)
	{
		pte_t *e = &entries[group * PTES_PER_GROUP];
		for (unsigned i = 0; i < PTES_PER_GROUP; i++) {
			if (pte_is_none(e[i]))
				continue;
			ptable_free_leaves(pte_page(e[i]));
			e[i] = pte_none();
		}
	}
	middle->present = 0;
	ptable_free(middle);
}

void ptable_destroy_root(struct page *root)
{
	pte_t *entries = ptable_entries(root);
	for_each_group(group, root->map)
	{
		pte_t *e = &entries[group * PTES_PER_GROUP];
		for (unsigned i = 0; i < PTES_PER_GROUP; i++) {
			if (pte_is_none(e[i]))
				continue;
			free_middle(pte_page(e[i]));
			e[i] = pte_none();
		}
	}
	root->present = 0;
	ptable_free_root(root);
}
