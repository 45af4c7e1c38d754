// SPDX-License-Identifier: MIT
/* See at_rest.h. */
#include "tests/host/interleave/at_rest.h"

#include <string.h>

#include "mm/vmm/ptable.h"
#include "tests/host/interleave/machine.h"

#define NAMED_MAX 1024

static struct named {
	struct page *page;
	unsigned names, level;
} named[NAMED_MAX];
static unsigned named_count;

static void name(pte_t e, unsigned level)
{
	struct page *page = pfn_to_page(pte_pfn(e));
	for (unsigned i = 0; i < named_count; i++) {
		if (named[i].page == page) {
			named[i].names++;
			return;
		}
	}
	if (named_count == NAMED_MAX)
		violation("too many frames in use");
	named[named_count++] = (struct named){ page, 1, level };
}

/* A leaf that is not counted names a page that its object has. */
static void check_object_leaf(pte_t e, const struct page *of_file)
{
	const struct page *page = pfn_to_page(pte_pfn(e));
	if (page != of_file && page->kind != PAGE_PINNED)
		violation("a leaf names frame %#lx as a page of the object, which has not got it",
			  (unsigned long)page_to_pfn(page));
}

/* Entries of the user half of @table of @level name something one level down. */
static void name_entries(const struct page *table, unsigned level, const struct page *of_file)
{
	const pte_t *e = page_to_virt(table);
	const unsigned end = level == 2 ? PTES_PER_TABLE / 2 : PTES_PER_TABLE;
	for (unsigned i = 0; i < end; i++)
		if (level == 0 && !pte_is_none(e[i]) && !pte_is_counted(e[i]))
			check_object_leaf(e[i], of_file);
		else if (!pte_is_none(e[i]))
			name(e[i], level - 1);
}

void at_rest_check(const struct aspace *const *spaces, unsigned count, const struct page *of_file)
{
	if (of_file != NULL && of_file->count != 1)
		violation("the object's page counts %u, not 1, at rest", of_file->count);
	named_count = 0;
	for (unsigned i = 0; i < count; i++)
		name_entries(pfn_to_page(spaces[i]->root), 2, of_file);
	/* Levels: 1 middle, 0 leaves; below leaves, as ~0, frames. The list grows as it is gone
	 * through, each table once, however many names it has. */
	for (unsigned i = 0; i < named_count; i++)
		if (named[i].level <= 1)
			name_entries(named[i].page, named[i].level, of_file);
	for (unsigned i = 0; i < named_count; i++) {
		const struct named *n = &named[i];
		if (n->page->kind == PAGE_FREE)
			violation("an entry names frame %#lx, which is free",
				  (unsigned long)page_to_pfn(n->page));
		if (n->page->count != n->names)
			violation("frame %#lx counts %u, but has %u names at rest",
				  (unsigned long)page_to_pfn(n->page), n->page->count, n->names);
	}
}
