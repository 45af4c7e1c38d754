// SPDX-License-Identifier: MIT
/*
 * RAM for host tests: an arena of frames, with the interface of mm/pmm/pmm.h and what memblock says
 * of it. Fresh frames are full of garbage, freed ones are poisoned for the address sanitizer.
 */
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "mm/pmm/memblock.h"
#include "mm/pmm/pmm.h"
#include "tests/host/shim/machine.h"

#define FRAMES      4096UL
#define FIRST_FRAME 0x100UL
#define GARBAGE     0xa5
#define PINNED_MAX  16

static u8 arena[FRAMES][PAGE_SIZE] __aligned(PAGE_SIZE);
static struct page pages[FIRST_FRAME + FRAMES];
struct page *host_pagemap = pages;
pte_t kernel_root[PTES_PER_TABLE];
u64 kernel_satp;

static pfn_t free_frames[FRAMES];
static unsigned free_count;
unsigned shim_frames_freed;
int shim_fail_after = -1;

/* Frames that stand for pages of the image: copies of them. */
static struct {
	const void *image;
	struct page *page;
} pinned[PINNED_MAX];
static unsigned pinned_count;

bool shim_should_fail(void)
{
	return shim_fail_after >= 0 && shim_fail_after-- == 0;
}

void shim_memory_reset(void)
{
	free_count = 0;
	pinned_count = 0;
	shim_frames_freed = 0;
	shim_fail_after = -1;
	memset(pages, 0, sizeof(pages));
	for (pfn_t i = FRAMES; i-- != 0;)
		free_frames[free_count++] = FIRST_FRAME + i;
	__asan_poison_memory_region(arena, sizeof(arena));
	for (unsigned i = PTES_PER_TABLE / 2; i < PTES_PER_TABLE; i++)
		kernel_root[i].bits = 0x1234560000 + i;
}

unsigned shim_frames_used(void)
{
	return (unsigned)FRAMES - free_count - pinned_count;
}

void *phys_to_virt(paddr_t pa)
{
	const pfn_t pfn = pa >> PAGE_SHIFT;
	if (pfn < FIRST_FRAME || pfn >= FIRST_FRAME + FRAMES)
		panic("no RAM at %#lx", (unsigned long)pa);
	return &arena[pfn - FIRST_FRAME][page_offset(pa)];
}

paddr_t virt_to_phys(const void *va)
{
	const u64 offset = (u64)((const u8 *)va - &arena[0][0]);
	if (offset >= sizeof(arena))
		panic("%p is not in RAM", va);
	return (FIRST_FRAME << PAGE_SHIFT) + offset;
}

struct page *pmm_alloc(unsigned order, enum page_kind kind)
{
	if (order != 0)
		panic("the shim has single frames only");
	if (shim_should_fail() || free_count == 0)
		return NULL;
	struct page *p = pfn_to_page(free_frames[--free_count]);
	*p = (struct page){ .count = 1, .kind = (u8)kind };
	__asan_unpoison_memory_region(page_to_virt(p), PAGE_SIZE);
	memset(page_to_virt(p), GARBAGE, PAGE_SIZE);
	return p;
}

struct page *pmm_alloc_zeroed(enum page_kind kind)
{
	struct page *p = pmm_alloc(0, kind);
	if (p != NULL)
		memset(page_to_virt(p), 0, PAGE_SIZE);
	return p;
}

void pmm_put(struct page *p)
{
	if (p->kind == PAGE_PINNED)
		return;
	if (p->kind == PAGE_FREE || p->count == 0)
		panic("frame %#lx put once too often", (unsigned long)page_to_pfn(p));
	if (--p->count == 0)
		pmm_put_last(p, 1);
}

void pmm_put_last(struct page *p, u32 before)
{
	if (p->kind == PAGE_FREE || before == 0)
		panic("frame %#lx put once too often", (unsigned long)page_to_pfn(p));
	p->kind = PAGE_FREE;
	__asan_poison_memory_region(page_to_virt(p), PAGE_SIZE);
	free_frames[free_count++] = page_to_pfn(p);
	shim_frames_freed++;
}

void pmm_free_run(struct page *first, struct page *end)
{
	for (struct page *p = first; p != end; p++) {
		if (p->head != 0)
			panic("frame %#lx is freed, but it is held", (unsigned long)page_to_pfn(p));
		p->head = PAGE_HEAD_ONE(PAGE_ANON, 0);
		pmm_put(p);
	}
}

struct page *pmm_pin_image(const void *page_in_image)
{
	for (unsigned i = 0; i < pinned_count; i++)
		if (pinned[i].image == page_in_image)
			return pinned[i].page;
	if (pinned_count == PINNED_MAX)
		panic("too many pinned pages");
	struct page *p = pmm_alloc(0, PAGE_PINNED);
	if (p == NULL)
		panic("no frame to pin");
	memcpy(page_to_virt(p), page_in_image, PAGE_SIZE);
	pinned[pinned_count].image = page_in_image;
	pinned[pinned_count++].page = p;
	return p;
}

const pte_t *mmu_table_at(paddr_t table)
{
	return phys_to_virt(table);
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
