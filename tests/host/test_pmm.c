// SPDX-License-Identifier: MIT
/* sources: mm/pmm/pmm.c mm/pmm/memblock.c mm/pmm/slab.c mm/pmm/kmalloc.c tests/host/shim/machine.c
 * tests/host/shim/panic.c */
/*
 * The real frame allocator, slabs and kmalloc over an arena of 16 MiB: what is handed out never
 * overlaps, what comes back merges, the frontier moves only when it must, and running dry is an
 * answer, not a crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/printk.h"
#include "mm/pmm/failalloc.h"
#include "mm/pmm/memblock.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "tests/host/shim/machine.h"

#define BLOCK        512UL /* frames that are taken in at a time */
#define MAP_FRAMES   (PAGE_SIZE / sizeof(struct page))
#define FIRST_FRAME  (4 * BLOCK)
#define ARENA_FRAMES (8 * BLOCK)
#define HOLE_START   (FIRST_FRAME + 3 * BLOCK + 100) /* reserved: the "kernel image" */
#define HOLE_FRAMES  57UL

static u8 arena[ARENA_FRAMES * PAGE_SIZE] __aligned(PAGE_SIZE);
static struct page pages[FIRST_FRAME + ARENA_FRAMES];
struct page *host_pagemap = pages;
/* Which of its pages are there: garbage before, zeros from then on. */
static bool map_is_there[(FIRST_FRAME + ARENA_FRAMES) / MAP_FRAMES];
static unsigned map_pages;

static bool *map_page_at(vaddr_t va)
{
	const pfn_t pfn = page_to_pfn((const struct page *)va);
	assert_int_equal(pfn % MAP_FRAMES, 0);
	return &map_is_there[pfn / MAP_FRAMES];
}

pte_t mmu_kernel_lookup(vaddr_t va, unsigned *level)
{
	*level = 0;
	return (pte_t){ *map_page_at(va) ? PTE_V : 0 };
}

int mmu_kernel_prepare(vaddr_t va, paddr_t (*alloc_table)(void))
{
	(void)va, (void)alloc_table;
	return 0;
}

int mmu_kernel_map(vaddr_t va, paddr_t pa, u64 bits, paddr_t (*alloc_table)(void))
{
	(void)bits, (void)alloc_table;
	*map_page_at(va) = true;
	map_pages++;
	memcpy((void *)va, phys_to_virt(pa), PAGE_SIZE);
	return 0;
}

void *phys_to_virt(paddr_t pa)
{
	return arena + (pa - (FIRST_FRAME << PAGE_SHIFT));
}

paddr_t virt_to_phys(const void *va)
{
	return (paddr_t)((const u8 *)va - arena) + (FIRST_FRAME << PAGE_SHIFT);
}

paddr_t kernel_image_phys(const void *symbol)
{
	(void)symbol;
	return HOLE_START << PAGE_SHIFT;
}

void printk(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

void page_clear(void *dst)
{
	memset(dst, 0, PAGE_SIZE);
}

static u64 used_pages(void)
{
	struct pmm_stats s;
	pmm_stats(&s);
	return s.total_pages - s.free_pages - s.pagemap_pages;
}

/* Once: the allocator lives through all tests, as in the kernel; every test gives back what it
 * took. */
static int start(void **state)
{
	(void)state;
	memset(pages, 0xa5, sizeof(pages)); /* struct pages begin as garbage */
	memset(arena, 0x5a, sizeof(arena));
	const paddr_t base = FIRST_FRAME << PAGE_SHIFT;
	assert_int_equal(memblock_add(base, base + sizeof(arena)), 0);
	assert_int_equal(memblock_reserve(HOLE_START << PAGE_SHIFT,
					  (HOLE_START + HOLE_FRAMES) << PAGE_SHIFT, false),
			 0);
	pmm_init();
	slab_init();
	return 0;
}

static void boot_looks_at_one_block_only(void **state)
{
	(void)state;
	assert_int_equal(map_pages, BLOCK / MAP_FRAMES);
	struct pmm_stats s;
	pmm_stats(&s);
	assert_int_equal(s.total_pages, ARENA_FRAMES - HOLE_FRAMES);
	assert_int_equal(s.pagemap_pages, map_pages);
	assert_int_equal(s.free_pages, s.total_pages - map_pages);
}

static void frames_are_aligned_distinct_and_never_reserved(void **state)
{
	(void)state;
	static u8 owner[FIRST_FRAME + ARENA_FRAMES];
	struct page *held[600];
	size_t count = 0;
	unsigned seed = 1;
	memset(owner, 0, sizeof(owner));
	for (int step = 0; step < 20000; step++) {
		seed = seed * 1103515245 + 12345;
		if (count < 600 && (seed >> 16) % 5 < 3) {
			const unsigned order = (seed >> 20) % 100 < 70 ? 0 : (seed >> 24) % 6;
			struct page *p = pmm_alloc(order, PAGE_ANON);
			if (p == NULL)
				continue;
			const pfn_t pfn = page_to_pfn(p);
			assert_int_equal(pfn % (1UL << order), 0);
			for (pfn_t f = pfn; f < pfn + (1UL << order); f++) {
				assert_in_range(f, FIRST_FRAME, FIRST_FRAME + ARENA_FRAMES - 1);
				assert_false(f >= HOLE_START && f < HOLE_START + HOLE_FRAMES);
				assert_int_equal(owner[f], 0);
				owner[f] = 1;
			}
			memset(page_to_virt(p), 0x11, PAGE_SIZE << order);
			held[count++] = p;
		} else if (count != 0) {
			const size_t i = (seed >> 8) % count;
			struct page *p = held[i];
			memset(owner + page_to_pfn(p), 0, 1UL << p->order);
			pmm_put(p);
			held[i] = held[--count];
		}
	}
	while (count != 0)
		pmm_put(held[--count]);
	assert_int_equal(used_pages(), 0);
}

static void every_frame_can_be_had_and_running_dry_is_an_answer(void **state)
{
	(void)state;
	static struct page *held[ARENA_FRAMES];
	size_t count = 0;
	for (struct page *p; (p = pmm_alloc(0, PAGE_ANON)) != NULL;)
		held[count++] = p;
	assert_int_equal(count, ARENA_FRAMES - HOLE_FRAMES - map_pages);
	assert_null(pmm_alloc(0, PAGE_ANON));
	assert_true(memory_take_lack());
	assert_null(pmm_alloc(3, PAGE_ANON));
	assert_true(memory_take_lack());
	/* Of much in one piece that there is not says nothing about how much there is. */
	assert_null(pmm_alloc(PMM_LACK_ORDER_MAX + 1, PAGE_ANON));
	assert_null(kmalloc(100000));
	assert_false(memory_take_lack());
	while (count != 0)
		pmm_put(held[--count]);
	/* All of it merges again: one of the largest pieces in each block that the hole leaves, or
	 * that the stock does not keep up to 48 single frames of. */
	for (struct page *p; (p = pmm_alloc(PMM_MAX_ORDER, PAGE_ANON)) != NULL;)
		held[count++] = p;
	assert_in_range(count, 5, 8);
	while (count != 0)
		pmm_put(held[--count]);
	assert_int_equal(used_pages(), 0);
}

/* Frames let go of together: those with one holder go in runs, the others lose one. */
static void runs_of_frames_come_back_whole(void **state)
{
	(void)state;
	static struct page *held[1000];
	const u64 before = used_pages();
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
			held[i] = pmm_alloc(0, i % 100 == 7 ? PAGE_FILE : PAGE_ANON);
			assert_non_null(held[i]);
		}
		pmm_get(held[500]);
		struct frame_run run;
		frame_run_begin(&run);
		for (size_t i = 0; i < ARRAY_SIZE(held); i++) /* from both ends, or rising */
			frame_run_put(&run, held[round == 1 && i % 2 ? ARRAY_SIZE(held) - i : i]);
		frame_run_end(&run);
		assert_int_equal(used_pages(), before + 1);
		assert_true(page_has_one_owner(held[500]));
		pmm_put(held[500]);
		assert_int_equal(used_pages(), before);
		struct pmm_stats s;
		pmm_stats(&s);
		assert_int_equal(s.kind_pages[PAGE_ANON], 0);
		assert_int_equal(s.kind_pages[PAGE_FILE], 0);
	}
	/* What they are made of can be had in large pieces. */
	struct page *pieces[4];
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		assert_non_null(pieces[i] = pmm_alloc(PMM_MAX_ORDER, PAGE_ANON));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		pmm_put(pieces[i]);
	expect_panic(pmm_put(held[0]));
}

static void the_last_put_frees(void **state)
{
	(void)state;
	const u64 before = used_pages();
	struct page *p = pmm_alloc(0, PAGE_ANON);
	assert_true(page_has_one_owner(p));
	pmm_get(p);
	assert_false(page_has_one_owner(p));
	pmm_put(p);
	assert_int_equal(used_pages(), before + 1);
	assert_true(page_has_one_owner(p));
	pmm_put(p);
	assert_int_equal(used_pages(), before);
	expect_panic(pmm_put(p));
}

static void pinned_pages_are_never_counted(void **state)
{
	(void)state;
	static const u8 image_page[1];
	struct page *p = pmm_pin_image(image_page);
	assert_int_equal(page_to_pfn(p), HOLE_START);
	pmm_get(p);
	pmm_put(p);
	pmm_put(p);
	assert_int_equal(p->kind, PAGE_PINNED);
	assert_int_equal(p->count, 1);
}

static void released_ranges_become_memory(void **state)
{
	(void)state;
	struct pmm_stats before, after;
	pmm_stats(&before);
	pmm_release_range((HOLE_START + 1) << PAGE_SHIFT, (HOLE_START + HOLE_FRAMES) << PAGE_SHIFT);
	pmm_stats(&after);
	assert_int_equal(after.total_pages, before.total_pages + HOLE_FRAMES - 1);
	assert_int_equal(after.free_pages, before.free_pages + HOLE_FRAMES - 1);
}

static void kinds_are_counted(void **state)
{
	(void)state;
	struct pmm_stats s;
	struct page *a = pmm_alloc_zeroed(PAGE_TABLE), *b = pmm_alloc(2, PAGE_STACK);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((u8 *)page_to_virt(a))[i], 0);
	pmm_stats(&s);
	assert_int_equal(s.kind_pages[PAGE_TABLE], 1);
	assert_int_equal(s.kind_pages[PAGE_STACK], 4);
	pmm_put(a);
	pmm_put(b);
	pmm_stats(&s);
	assert_int_equal(s.kind_pages[PAGE_TABLE], 0);
	assert_int_equal(s.kind_pages[PAGE_STACK], 0);
}

static u64 alive_of(const char *name);
static struct {
	const char *name;
	u64 objects;
} wanted;
static void look(const struct slab_count *c, void *arg)
{
	(void)arg;
	if (strcmp(c->name, wanted.name) == 0)
		wanted.objects = c->objects;
}
static u64 alive_of(const char *name)
{
	wanted.name = name;
	slab_for_each(look, NULL);
	return wanted.objects;
}

static void objects_do_not_overlap_and_are_counted(void **state)
{
	(void)state;
	struct slab_cache *c = slab_create("things", 72, 8);
	u8 *held[500];
	assert_non_null(c);
	for (int i = 0; i < 500; i++) {
		held[i] = slab_alloc(c);
		assert_non_null(held[i]);
		assert_int_equal((uintptr_t)held[i] % 8, 0);
		memset(held[i], i, 72);
	}
	for (int i = 0; i < 500; i++)
		for (int b = 0; b < 72; b++)
			assert_int_equal(held[i][b], (u8)i);
	assert_int_equal(alive_of("things"), 500);
	for (int i = 0; i < 500; i++)
		slab_free(c, held[(i * 7) % 500]);
	assert_int_equal(alive_of("things"), 0);
	u64 *overflown = slab_alloc(c);
	const u64 behind = overflown[9];
	overflown[9] = 1;
	expect_panic(slab_free(c, overflown));
	overflown[9] = behind;
	slab_free(c, overflown);
	slab_shrink_all();
	struct pmm_stats s;
	pmm_stats(&s);
	assert_in_range(s.kind_pages[PAGE_SLAB], 0, 8); /* one slab: the cache's own record */
}

/* More than a hart's stock holds, taken and given back in pieces of all sizes. */
static void chains_hold_what_was_asked_for(void **state)
{
	(void)state;
	struct slab_cache *c = slab_create("links", 40, 8);
	for (u32 wanted = 0; wanted < 50; wanted++) {
		u64 *first = NULL, *last = NULL;
		for (u32 got = 0; got < wanted;) {
			u64 *piece = slab_alloc_chain(c, wanted - got);
			assert_non_null(piece);
			for (u64 *o = piece; o != NULL; o = slab_chain_next(o)) {
				assert_in_range(++got, 1, wanted);
				for (int i = 1; i < 5; i++)
					o[i] = got;
				if (last != NULL)
					slab_chain_link(last, o);
				else
					first = o;
				last = o;
			}
		}
		assert_int_equal(alive_of("links"), wanted);
		u64 *o = first;
		for (u32 i = 1; i <= wanted; i++, o = slab_chain_next(o))
			assert_int_equal(o[4], i);
		slab_free_chain(c, first, last, wanted);
		assert_int_equal(alive_of("links"), 0);
	}
	u64 *twice = slab_alloc_chain(c, 1);
	slab_free_chain(c, twice, twice, 1);
	expect_panic(slab_free_chain(c, twice, twice, 1));
}

static void use_after_free_and_double_free_are_caught(void **state)
{
	(void)state;
	struct slab_cache *c = slab_create("watched", 64, 8);
	u64 *a = slab_alloc(c);
	slab_free(c, a);
	expect_panic(slab_free(c, a));
	a = slab_alloc(c);
	slab_free(c, a);
	a[3] = 1;
	expect_panic(for (int i = 0; i < 200; i++)(void) !slab_alloc(c));
	struct page *p = pmm_alloc(0, PAGE_ANON);
	u8 *bytes = page_to_virt(p);
	pmm_put(p);
	bytes[100] = 1;
	expect_panic((void)pmm_alloc(0, PAGE_ANON));
	bytes[100] = 0xfe;
}

static void kmalloc_serves_every_size(void **state)
{
	(void)state;
	for (size_t size = 1; size < 300000; size = size * 3 / 2 + 1) {
		u8 *p = kzalloc(size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		if (size > 2048)
			assert_int_equal((uintptr_t)p % PAGE_SIZE, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		kfree(p);
	}
	kfree(NULL);
	/* What the headers promise, and no more. */
	u8 *largest = kmalloc(1UL << 20);
	assert_non_null(largest);
	kfree(largest);
	assert_null(kmalloc((1UL << 20) + 1));
	struct page *piece = pmm_alloc(PMM_MAX_ORDER, PAGE_ANON);
	assert_non_null(piece);
	pmm_put(piece);
	expect_panic((void)pmm_alloc(PMM_MAX_ORDER + 1, PAGE_ANON));
	assert_int_equal(alive_of("kmalloc-large"), 0);
}

static void ranges_join_and_are_rounded(void **state)
{
	(void)state;
	struct mem_range r;
	/* RAM far away: rounded inwards; reservations outwards; a hole in the middle. */
	const paddr_t far = 0x400000000;
	assert_int_equal(memblock_add(far + 1, far + 0x5fff), 0);
	assert_int_equal(memblock_add(far + 0x5000, far + 0x9000), 0);
	assert_int_equal(memblock_reserve(far + 0x6800, far + 0x6801, true), 0);
	assert_true(memblock_ram(1, &r));
	assert_int_equal(r.start, far + 0x1000);
	assert_int_equal(r.end, far + 0x9000);
	unsigned n = 0;
	while (memblock_mappable(n, &r))
		n++;
	assert_int_equal(n, 3);
	assert_true(memblock_mappable(1, &r));
	assert_int_equal(r.end, far + 0x6000);
	assert_true(memblock_mappable(2, &r));
	assert_int_equal(r.start, far + 0x7000);
	memblock_limit(far);
	assert_false(memblock_ram(1, &r));
}

/* What a broken device tree says. */
static void ranges_at_the_end_of_numbers_are_cut(void **state)
{
	(void)state;
	struct mem_range r;
	const paddr_t far = 0x400000000;
	const u64 bytes = memblock_ram_bytes();
	assert_int_equal(memblock_add(~0UL - 0x10, ~0UL), 0);
	assert_int_equal(memblock_ram_bytes(), bytes);
	assert_int_equal(memblock_add(far, far + 0x4000), 0);
	assert_int_equal(memblock_reserve(far + 0x1000, ~0UL - 0xfff, false), 0);
	assert_int_equal(memblock_reserve(far + 0x2000, ~0UL, false), 0);
	assert_int_equal(memblock_reserve(~0UL - 0x10, ~0UL, false), 0);
	assert_false(memblock_contains(memblock_free, far + 0x1000, far + 0x2000));
	assert_false(memblock_contains(memblock_free, far + 0x3000, far + 0x4000));
	assert_true(memblock_contains(memblock_free, far, far + 0x1000));
	memblock_limit(far);
	assert_false(memblock_ram(1, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_looks_at_one_block_only),
		cmocka_unit_test(frames_are_aligned_distinct_and_never_reserved),
		cmocka_unit_test(every_frame_can_be_had_and_running_dry_is_an_answer),
		cmocka_unit_test(runs_of_frames_come_back_whole),
		cmocka_unit_test(the_last_put_frees),
		cmocka_unit_test(pinned_pages_are_never_counted),
		cmocka_unit_test(released_ranges_become_memory),
		cmocka_unit_test(kinds_are_counted),
		cmocka_unit_test(objects_do_not_overlap_and_are_counted),
		cmocka_unit_test(kmalloc_serves_every_size),
		cmocka_unit_test(ranges_join_and_are_rounded),
		cmocka_unit_test(ranges_at_the_end_of_numbers_are_cut),
		cmocka_unit_test(chains_hold_what_was_asked_for),
		cmocka_unit_test(use_after_free_and_double_free_are_caught),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
