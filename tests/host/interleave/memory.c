// SPDX-License-Identifier: MIT
/*
 * Frames, tables and objects. Each hart has frames and objects of its own to give away, as in the
 * kernel, so that which one a thread gets does not depend on the others. What is freed may not be
 * touched again until it is given away anew: every access of the kernel's code comes by here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/pmm/memblock.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/ptable_stock.h"
#include "tests/host/interleave/machine.h"

#define POOLS            (THREADS_MAX + 1) /* the last one is the test's own */
#define FRAMES_PER_POOL  113               /* locks of tables are found by frame number modulo 64 */
#define OBJECTS_PER_POOL 96
#define FIRST_FRAME      0x100UL
#define PINNED_MAX       4
#define FRAMES           (POOLS * FRAMES_PER_POOL + PINNED_MAX)
#define CACHES_MAX       16

static u8 arena[FRAMES][PAGE_SIZE] __aligned(PAGE_SIZE);
static struct page pages[FIRST_FRAME + FRAMES];
struct page *host_pagemap = pages;
pte_t kernel_root[PTES_PER_TABLE];
u64 kernel_satp;

static u8 objects[POOLS * OBJECTS_PER_POOL][OBJECT_BYTES] __aligned(64);
static bool object_is_used[POOLS * OBJECTS_PER_POOL];

static struct pool {
	unsigned frame_count, object_count;
	u16 frames[FRAMES], objects[POOLS * OBJECTS_PER_POOL];
	int fail_after;
} pools[POOLS];

static unsigned frames_used, objects_used;
static unsigned pinned_count;

static struct pool *my_pool(void)
{
	return &pools[explore_current < 0 ? POOLS - 1 : explore_current];
}

void memory_init(void)
{
	for (unsigned i = PTES_PER_TABLE / 2; i < PTES_PER_TABLE; i++)
		kernel_root[i].bits = 0x1234560000 + i;
}

void memory_reset(void)
{
	for (unsigned p = 0; p < POOLS; p++) {
		pools[p].frame_count = pools[p].object_count = 0;
		pools[p].fail_after = -1;
		for (unsigned i = FRAMES_PER_POOL; i-- != 0;)
			pools[p].frames[pools[p].frame_count++] = (u16)(p * FRAMES_PER_POOL + i);
		for (unsigned i = OBJECTS_PER_POOL; i-- != 0;)
			pools[p].objects[pools[p].object_count++] = (u16)(p * OBJECTS_PER_POOL + i);
	}
	memset(&pages[FIRST_FRAME], 0, sizeof(struct page) * POOLS * FRAMES_PER_POOL);
	memset(object_is_used, 0, sizeof(object_is_used));
	frames_used = objects_used = 0;
}

void memory_fail_after(int successes)
{
	my_pool()->fail_after = successes;
}

unsigned memory_frames_used(void)
{
	return frames_used;
}

unsigned memory_objects_used(void)
{
	return objects_used;
}

static bool should_fail(void)
{
	struct pool *p = my_pool();
	return p->fail_after >= 0 && p->fail_after-- == 0;
}

/* ---- frames ---- */

void *phys_to_virt(paddr_t pa)
{
	const pfn_t pfn = pa >> PAGE_SHIFT;
	if (pfn < FIRST_FRAME || pfn >= FIRST_FRAME + FRAMES)
		violation("no RAM at %#lx", (unsigned long)pa);
	return &arena[pfn - FIRST_FRAME][page_offset(pa)];
}

paddr_t virt_to_phys(const void *va)
{
	const u64 offset = (u64)((const u8 *)va - &arena[0][0]);
	if (offset >= sizeof(arena))
		violation("%p is not in RAM", va);
	return (FIRST_FRAME << PAGE_SHIFT) + offset;
}

static struct page *take_frame(enum page_kind kind)
{
	struct pool *p = my_pool();
	if (should_fail())
		return NULL;
	if (p->frame_count == 0)
		violation("this run needs more frames than the test has");
	struct page *page = pfn_to_page(FIRST_FRAME + p->frames[--p->frame_count]);
	*page = (struct page){ .count = 1, .kind = (u8)kind };
	frames_used++;
	return page;
}

struct page *pmm_alloc(unsigned order, enum page_kind kind)
{
	if (order != 0)
		violation("there are single frames only");
	struct page *page = take_frame(kind);
	if (page != NULL)
		memset(page_to_virt(page), 0xa5, PAGE_SIZE);
	return page;
}

struct page *pmm_alloc_zeroed(enum page_kind kind)
{
	struct page *page = take_frame(kind);
	if (page != NULL)
		memset(page_to_virt(page), 0, PAGE_SIZE);
	return page;
}

static void give_back(struct page *page)
{
	struct pool *p = my_pool();
	machine_settle();
	machine_check_free(page);
	explore_log("frees %s %#lx", page->kind == PAGE_TABLE ? "table" : "frame",
		    page_to_pfn(page), 0);
	page->kind = PAGE_FREE;
	p->frames[p->frame_count++] = (u16)(page_to_pfn(page) - FIRST_FRAME);
	frames_used--;
}

void pmm_put(struct page *page)
{
	if (page->kind == PAGE_PINNED)
		return;
	explore_point();
	machine_settle();
	explore_write(page);
	if (page->kind == PAGE_FREE || page->count == 0)
		violation("frame %#lx is put once too often", (unsigned long)page_to_pfn(page));
	explore_log("puts %s %#lx, count %lu", page->kind == PAGE_TABLE ? "table" : "frame",
		    page_to_pfn(page), page->count);
	if (page->kind == PAGE_TABLE)
		machine_note_table_write();
	if (--page->count == 0)
		give_back(page);
}

/* frame_run_put() has counted it down itself. */
void pmm_put_last(struct page *page, u32 before)
{
	if (page->kind == PAGE_FREE || before == 0)
		violation("frame %#lx is put once too often", (unsigned long)page_to_pfn(page));
	give_back(page);
}

/* Whose count was 1 when frame_run_put() looked had no other holder who could have changed it. */
void pmm_free_run(struct page *first, struct page *end)
{
	for (struct page *page = first; page != end; page++) {
		page->head = PAGE_HEAD_ONE(PAGE_ANON, 0);
		pmm_put(page);
	}
}

struct page *pmm_pin_image(const void *page_in_image)
{
	if (pinned_count == PINNED_MAX)
		violation("too many pinned pages");
	struct page *page = pfn_to_page(FIRST_FRAME + POOLS * FRAMES_PER_POOL + pinned_count++);
	*page = (struct page){ .count = 1, .kind = PAGE_PINNED };
	memcpy(page_to_virt(page), page_in_image, PAGE_SIZE);
	return page;
}

static void touch_frame(const void *va)
{
	const struct page *page = virt_to_page(va);
	if (page->kind == PAGE_FREE)
		violation("the kernel copies from or to frame %#lx, which is free",
			  (unsigned long)page_to_pfn(page));
}

/* Instead of page_copy() (see the linker's options). Of a page all that matters is its first word.
 */
void __wrap_page_copy(void *dst, const void *src);
void __wrap_page_copy(void *dst, const void *src)
{
	explore_point();
	machine_settle();
	touch_frame(dst);
	touch_frame(src);
	explore_read(src);
	explore_write(dst);
	explore_log("copies %s %#lx to %#lx", "frame", virt_to_phys(src) >> PAGE_SHIFT,
		    virt_to_phys(dst) >> PAGE_SHIFT);
	memcpy(dst, src, PAGE_SIZE);
}

/* ---- tables: without a stock, so that one that is freed is free ---- */

static void check_zero(const struct page *table, unsigned entries)
{
	const pte_t *e = page_to_virt(table);
	for (unsigned i = 0; i < entries; i++)
		if (e[i].bits != 0)
			violation("table %#lx is freed with entry %u full",
				  (unsigned long)page_to_pfn(table), i);
}

void ptable_init(void)
{
}

struct page *ptable_alloc(void)
{
	return pmm_alloc_zeroed(PAGE_TABLE);
}

void ptable_free(struct page *table)
{
	check_zero(table, PTES_PER_TABLE);
	explore_write(table);
	table->count = 0;
	give_back(table);
}

struct page *ptable_alloc_root(void)
{
	struct page *root = ptable_alloc();
	if (root != NULL)
		memcpy((pte_t *)page_to_virt(root) + PTES_PER_TABLE / 2,
		       &kernel_root[PTES_PER_TABLE / 2], PAGE_SIZE / 2);
	return root;
}

void ptable_free_root(struct page *root)
{
	check_zero(root, PTES_PER_TABLE / 2);
	root->count = 0;
	give_back(root);
}

void ptable_shrink(void)
{
}

/* ---- objects ---- */

struct slab_cache {
	const char *name;
	size_t size;
};

struct slab_cache *slab_create(const char *name, size_t size, size_t align)
{
	static struct slab_cache caches[CACHES_MAX];
	static unsigned count;
	if (count == CACHES_MAX || size > OBJECT_BYTES)
		violation("cache %s: too many caches, or objects too large", name);
	caches[count] = (struct slab_cache){ name, size };
	return &caches[count++];
}

static void *take_object(size_t size, int byte)
{
	struct pool *p = my_pool();
	if (should_fail())
		return NULL;
	if (p->object_count == 0)
		violation("this run needs more objects than the test has");
	const unsigned i = p->objects[--p->object_count];
	object_is_used[i] = true;
	objects_used++;
	return memset(objects[i], byte, size);
}

void *slab_alloc(struct slab_cache *c)
{
	return take_object(c->size, 0x5a);
}

void *slab_alloc_zeroed(struct slab_cache *c)
{
	return take_object(c->size, 0);
}

void slab_free(struct slab_cache *c, void *object)
{
	if (object == NULL)
		return;
	struct pool *p = my_pool();
	const unsigned i = (unsigned)(((u8 *)object - objects[0]) / OBJECT_BYTES);
	if (!object_is_used[i])
		violation("a %s is freed twice", c->name);
	object_is_used[i] = false;
	p->objects[p->object_count++] = (u16)i;
	objects_used--;
}

/* One at a time. */
void *slab_alloc_chain(struct slab_cache *c, u32 max)
{
	void *object = slab_alloc(c);
	if (object != NULL)
		slab_chain_link(object, NULL);
	return object;
}

void slab_free_chain(struct slab_cache *c, void *first, void *last, u32 count)
{
	for (void *next; count != 0; count--, first = next) {
		next = slab_chain_next(first);
		slab_free(c, first);
	}
}

/* ---- what the kernel's code touches ---- */

const pte_t *mmu_table_at(paddr_t table)
{
	return phys_to_virt(table);
}

struct touched memory_check_access(const void *address)
{
	const u8 *at = address;
	const u8 *first_page = (const u8 *)&pages[FIRST_FRAME];
	if (at >= arena[0] && at < arena[FRAMES]) {
		const struct page *page = virt_to_page(at);
		if (page->kind == PAGE_FREE)
			violation("the kernel touches frame %#lx, which is free",
				  (unsigned long)page_to_pfn(page));
		return (struct touched){ page->kind == PAGE_TABLE ? TOUCHED_ENTRY : TOUCHED_MEMORY,
					 page };
	}
	if (at >= first_page && at < (const u8 *)&pages[FIRST_FRAME + FRAMES]) {
		const u64 offset = (u64)(at - first_page);
		const struct page *page = &pages[FIRST_FRAME + offset / sizeof(struct page)];
		if (page->kind == PAGE_FREE)
			violation("the kernel touches struct page of frame %#lx, which is free",
				  (unsigned long)page_to_pfn(page));
		return (struct touched){ offset % sizeof(struct page) < sizeof(page->count) ?
						 TOUCHED_COUNT :
						 TOUCHED_MEMORY,
					 page };
	}
	if (at >= objects[0] && at < objects[POOLS * OBJECTS_PER_POOL]) {
		if (!object_is_used[(at - objects[0]) / OBJECT_BYTES])
			violation("the kernel touches an object that is free");
		return (struct touched){ TOUCHED_MEMORY, NULL };
	}
	return (struct touched){ TOUCHED_OTHER, NULL };
}

static bool the_arena(unsigned index, struct mem_range *out)
{
	out->start = FIRST_FRAME << PAGE_SHIFT;
	out->end = out->start + sizeof(arena);
	return index == 0;
}

bool memblock_ram(unsigned index, struct mem_range *out)
{
	return the_arena(index, out);
}

bool memblock_mappable(unsigned index, struct mem_range *out)
{
	return the_arena(index, out);
}
