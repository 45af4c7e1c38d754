/* SPDX-License-Identifier: MIT */
#include "fs/page_index.h"

#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

#define SLOT_BITS  6
#define SLOTS      (1U << SLOT_BITS)
#define SLOT_MASK  (SLOTS - 1)
#define HEIGHT_MAX 11 /* 64 bits of page number */

struct index_node {
	u64 used; /* slots that are not NULL */
	void *slots[SLOTS];
};

static struct slab_cache *node_cache;

int page_index_init(void)
{
	if (node_cache == NULL)
		node_cache = slab_create("file page index", sizeof(struct index_node), sizeof(u64));
	return node_cache == NULL ? -ENOMEM : 0;
}

/* Does @index fit under @height levels? */
static bool fits(unsigned height, u64 index)
{
	return height >= HEIGHT_MAX || index >> (height * SLOT_BITS) == 0;
}

static unsigned slot_of(u64 index, unsigned level)
{
	return (unsigned)(index >> (level * SLOT_BITS)) & SLOT_MASK;
}

void *page_index_find(const struct page_index *p, u64 index)
{
	if (!fits(p->height, index))
		return NULL;
	void *at = p->root;
	for (unsigned level = p->height; level-- > 0 && at != NULL;)
		at = ((struct index_node *)at)->slots[slot_of(index, level)];
	return at;
}

void *const *page_index_slots(const struct page_index *p, u64 index, unsigned *count)
{
	if (p->height == 0 && index == 0) {
		*count = 1;
		return &p->root;
	}
	const unsigned slot = slot_of(index, 0);
	*count = MIN(*count, SLOTS - slot);
	if (p->height == 0 || !fits(p->height, index))
		return NULL;
	const struct index_node *node = p->root;
	for (unsigned level = p->height; --level > 0 && node != NULL;)
		node = node->slots[slot_of(index, level)];
	return node != NULL ? &node->slots[slot] : NULL;
}

/* Make the tree high enough for @index. */
static int grow(struct page_index *p, u64 index)
{
	if (p->root == NULL) {
		while (!fits(p->height, index))
			p->height++;
		return 0;
	}
	while (!fits(p->height, index)) {
		struct index_node *top = slab_alloc_zeroed(node_cache);
		if (top == NULL)
			return -ENOMEM;
		top->slots[0] = p->root;
		top->used = 1;
		p->root = top;
		p->height++;
	}
	return 0;
}

/* Take back what a failed insertion or a removal left behind: empty nodes on the way to @index. */
static void prune(struct page_index *p, u64 index)
{
	for (;;) {
		/* The lowest node on the path, and the slot that names it. */
		void **link = &p->root;
		void **found = NULL;
		struct index_node *above = NULL, *owner = NULL;
		for (unsigned level = p->height; level-- > 0 && *link != NULL;) {
			struct index_node *node = *link;
			found = link;
			owner = above;
			above = node;
			link = &node->slots[slot_of(index, level)];
		}
		if (found == NULL || ((struct index_node *)*found)->used != 0)
			break;
		slab_free(node_cache, *found);
		*found = NULL;
		if (owner != NULL)
			owner->used--;
	}
	if (p->root == NULL)
		p->height = 0;
}

int page_index_insert(struct page_index *p, u64 index, void *entry)
{
	if (grow(p, index) < 0)
		return -ENOMEM;
	void **link = &p->root;
	struct index_node *owner = NULL;
	for (unsigned level = p->height; level-- > 0;) {
		if (*link == NULL) {
			*link = slab_alloc_zeroed(node_cache);
			if (*link == NULL) {
				prune(p, index);
				return -ENOMEM;
			}
			if (owner != NULL)
				owner->used++;
		}
		owner = *link;
		link = &owner->slots[slot_of(index, level)];
	}
	ASSERT(*link == NULL && entry != NULL);
	*link = entry;
	if (owner != NULL)
		owner->used++;
	p->count++;
	return 0;
}

void *page_index_next(const struct page_index *p, u64 *index)
{
	u64 i = *index;
	while (p->root != NULL && fits(p->height, i)) {
		void *at = p->root;
		unsigned level = p->height;
		bool skipped = false;
		while (level > 0 && !skipped) {
			const struct index_node *node = at;
			const u64 below = (1ULL << (--level * SLOT_BITS)) - 1; /* numbers under one
										  slot */
			unsigned slot = slot_of(i, level);
			if (node->slots[slot] == NULL)
				i &= ~below;
			while (slot < SLOTS && node->slots[slot] == NULL) {
				slot++;
				i += below + 1;
			}
			skipped = slot == SLOTS;
			if (!skipped)
				at = node->slots[slot];
		}
		if (!skipped) {
			*index = i;
			return at;
		}
		/* @i is now the first number after that node: look again from the top. 0: it
		 * wrapped. */
		if (i == 0)
			break;
	}
	return NULL;
}

void *page_index_remove(struct page_index *p, u64 index)
{
	if (!fits(p->height, index))
		return NULL;
	void **link = &p->root;
	struct index_node *owner = NULL;
	for (unsigned level = p->height; level-- > 0 && *link != NULL;) {
		owner = *link;
		link = &owner->slots[slot_of(index, level)];
	}
	void *entry = *link;
	if (entry == NULL)
		return NULL;
	*link = NULL;
	p->count--;
	if (owner != NULL)
		owner->used--;
	if (owner == NULL || owner->used == 0)
		prune(p, index);
	return entry;
}
