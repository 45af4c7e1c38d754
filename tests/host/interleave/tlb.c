// SPDX-License-Identifier: MIT
/* What harts may remember of the tables; see machine.h. */
#include <stdio.h>
#include <string.h>

#include "mm/vmm/aspace.h"
#include "tests/host/interleave/machine.h"

const uaddr_t block_va[BLOCKS_MAX] = { BLOCK0, BLOCK1, BLOCK2 };
static const u8 block_giga[BLOCKS_MAX] = { 0, 0, 1 };

/* Two in one group of eight entries, one in another group, one in another table of leaves, one
 * below another entry of the root. */
const struct place places_of_pages[PAGES_MAX] = {
	{ BLOCK0, 0, 0 },
	{ BLOCK0 + PAGE_SIZE, 0, 0 },
	{ BLOCK0 + 9 * PAGE_SIZE, 0, 0 },
	{ BLOCK1, 1, 0 },
	{ BLOCK2, 2, 1 },
	[PAGE_SHARED] = { BLOCK0 + 16 * PAGE_SIZE, 0, 0 },
};

struct hart harts[THREADS_MAX];

static bool remembers(const struct remembered *r, u64 value)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->values[i] == value)
			return true;
	return false;
}

/* True if it is new. */
static bool remember(struct remembered *r, u64 value)
{
	if (remembers(r, value))
		return false;
	if (r->count == REMEMBERED_MAX)
		violation("a hart remembers more than %d things of one place", REMEMBERED_MAX);
	r->values[r->count++] = value;
	return true;
}

static pte_t entry_of(pfn_t table, uaddr_t va, unsigned level)
{
	const pte_t *entries = phys_to_virt(table << PAGE_SHIFT);
	return entries[pt_index(va, level)];
}

/* The walker of @h goes everywhere it can get to. @h's own page objects stand for what it may
 * remember in the search for places a run was at (explore.h). */
static void look_around(struct hart *h)
{
	bool inner_none[BLOCKS_MAX] = { false };
	bool giga_none[GIGAS_MAX] = { false };
	for (unsigned b = 0; b < BLOCKS_MAX; b++) {
		const unsigned g = block_giga[b];
		const pte_t top = entry_of(h->root, block_va[b], 2);
		if (pte_is_valid(top))
			(void)remember(&h->middles[g], pte_pfn(top));
		else
			giga_none[g] = true;
		for (unsigned i = 0; i < h->middles[g].count; i++) {
			const pte_t e = entry_of(h->middles[g].values[i], block_va[b], 1);
			if (pte_is_valid(e))
				(void)remember(&h->tables[b], pte_pfn(e));
			else
				inner_none[b] = true;
		}
	}
	for (unsigned p = 0; p < PAGES_MAX; p++) {
		const struct place *at = &places_of_pages[p];
		bool is_new = false;
		bool none = giga_none[at->giga] || inner_none[at->block];
		for (unsigned i = 0; i < h->tables[at->block].count; i++) {
			const pte_t e = entry_of(h->tables[at->block].values[i], at->va, 0);
			if (pte_is_valid(e))
				is_new |= remember(&h->leaves[p], e.bits);
			else
				none = true;
		}
		is_new |= none && !h->saw_none[p];
		h->saw_none[p] |= none;
		if (is_new)
			explore_write(&h->leaves[p]);
	}
}

/* Exactly one entry names a table that a valid entry names. */
static void check_names(const struct aspace *as)
{
	for (unsigned b = 0; b < BLOCKS_MAX; b++) {
		const pte_t top = entry_of(as->root, block_va[b], 2);
		if (!pte_is_valid(top))
			continue;
		const struct page *middle = pfn_to_page(pte_pfn(top));
		if (middle->kind != PAGE_TABLE || middle->count != 1)
			violation("valid entry of the root, but table %#lx has %u names",
				  (unsigned long)pte_pfn(top), middle->count);
		const pte_t e = entry_of(pte_pfn(top), block_va[b], 1);
		if (!pte_is_valid(e))
			continue;
		const struct page *leaves = pfn_to_page(pte_pfn(e));
		if (leaves->kind != PAGE_TABLE || leaves->count != 1)
			violation("valid entry of a middle table, but table %#lx has %u names",
				  (unsigned long)pte_pfn(e), leaves->count);
	}
}

void tlb_look(void)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		if (machine_spaces[i] != NULL)
			check_names(machine_spaces[i]);
		if (harts[i].root != 0)
			look_around(&harts[i]);
	}
}

void tlb_forget(unsigned hart)
{
	struct hart *h = &harts[hart];
	for (unsigned g = 0; g < GIGAS_MAX; g++)
		h->middles[g].count = 0;
	for (unsigned b = 0; b < BLOCKS_MAX; b++)
		h->tables[b].count = 0;
	for (unsigned p = 0; p < PAGES_MAX; p++) {
		h->leaves[p].count = 0;
		h->saw_none[p] = false;
		explore_write(&h->leaves[p]);
	}
	if (h->root != 0)
		look_around(h);
}

static bool may_walk(const struct hart *h, pfn_t table)
{
	if (h->root == table)
		return true;
	for (unsigned g = 0; g < GIGAS_MAX; g++)
		if (remembers(&h->middles[g], table))
			return true;
	for (unsigned b = 0; b < BLOCKS_MAX; b++)
		if (remembers(&h->tables[b], table))
			return true;
	return false;
}

bool tlb_may_reach(const struct page *table)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (harts[i].root != 0 && may_walk(&harts[i], page_to_pfn(table)))
			return true;
	return false;
}

static bool may_access(const struct hart *h, pfn_t frame)
{
	for (unsigned p = 0; p < PAGES_MAX; p++)
		for (unsigned i = 0; i < h->leaves[p].count; i++)
			if (pte_pfn((pte_t){ h->leaves[p].values[i] }) == frame)
				return true;
	return false;
}

void tlb_check_free(const struct page *page)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		if (harts[i].root == 0)
			continue;
		for (unsigned p = 0; p < PAGES_MAX; p++)
			explore_read(&harts[i].leaves[p]);
		const pfn_t pfn = page_to_pfn(page);
		if (may_walk(&harts[i], pfn) || may_access(&harts[i], pfn))
			violation("%s %#lx is freed, but hart %u may still remember it",
				  page->kind == PAGE_TABLE ? "table" : "frame", (unsigned long)pfn,
				  i);
	}
}
