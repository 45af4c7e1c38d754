// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* Page tables: paths, counts and maps, spans, and taking mappings away in the right order. */
#include "tests/host/vmm_fixture.h"

#include "arch/riscv/cpu/layout.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/unmap.h"

static struct aspace *as;

static int setup(void **state)
{
	vmm_setup(state);
	as = aspace_create();
	return 0;
}

static int teardown(void **state)
{
	as->harts = 0;
	aspace_put(as);
	return vmm_teardown(state);
}

/* A leaf at @va over a fresh frame. */
static pte_t *enter(uaddr_t va)
{
	pte_t *slot;
	assert_int_equal(ptable_own_path(as, va, true, &slot), 0);
	struct page *page = pmm_alloc(0, PAGE_ANON);
	assert_non_null(page);
	ptable_set_leaf(slot, pte_make_leaf(page_to_pfn(page),
					    PTE_V | PTE_R | PTE_W | PTE_U | PTE_COUNTED));
	return slot;
}

static void unmap(uaddr_t start, uaddr_t end)
{
	struct unmap_batch b;
	mutex_lock(&as->lock);
	unmap_begin(&b, as);
	unmap_range(&b, start, end);
	unmap_end(&b);
	mutex_unlock(&as->lock);
}

static void path_is_made_only_when_asked_for(void **state)
{
	pte_t *slot;
	const unsigned used = shim_frames_used();
	assert_int_equal(ptable_own_path(as, PAGE(0), false, &slot), 0);
	assert_null(slot);
	assert_int_equal(shim_frames_used(), used);
	assert_int_equal(ptable_own_path(as, PAGE(0), true, &slot), 0);
	assert_non_null(slot);
	assert_int_equal(shim_frames_used(), used + 2);
	pte_t *again;
	assert_int_equal(ptable_own_path(as, PAGE(0), false, &again), 0);
	assert_ptr_equal(again, slot);
	assert_int_equal(ptable_own_path(as, PAGE(1), false, &again), 0);
	assert_ptr_equal(again, slot + 1);
}

static void path_without_memory_fails_and_can_be_tried_again(void **state)
{
	pte_t *slot;
	for (int n = 0; n < 2; n++) {
		ptable_shrink();
		shim_fail_after = n;
		assert_int_equal(ptable_own_path(as, PAGE(0), true, &slot), -ENOMEM);
	}
	assert_int_equal(ptable_own_path(as, PAGE(0), true, &slot), 0);
}

static void inner_entries_are_frame_number_and_valid_only(void **state)
{
	enter(PAGE(0));
	const pte_t *root = phys_to_virt(as->root << PAGE_SHIFT);
	const pte_t top = root[pt_index(PAGE(0), 2)];
	assert_int_equal(top.bits & ~PTE_PPN_MASK, PTE_V);
	assert_int_equal(ptable_below(top)[pt_index(PAGE(0), 1)].bits & ~PTE_PPN_MASK, PTE_V);
}

static void root_has_the_kernel_half(void **state)
{
	const pte_t *root = phys_to_virt(as->root << PAGE_SHIFT);
	for (unsigned i = 0; i < PTES_PER_TABLE; i++)
		assert_int_equal(root[i].bits, i < 256 ? 0 : kernel_root[i].bits);
	/* Also when it comes from stock. */
	struct aspace *other = aspace_create();
	const pfn_t first = other->root;
	aspace_put(other);
	other = aspace_create();
	assert_int_equal(other->root, first);
	root = phys_to_virt(other->root << PAGE_SHIFT);
	assert_int_equal(root[300].bits, kernel_root[300].bits);
	aspace_put(other);
}

static void no_space_has_an_asid(void **state)
{
	/* Bits 44 to 59 of satp: the board has none (T5). */
	assert_int_equal(as->satp >> 44 & 0xffff, 0);
	assert_int_equal(as->satp & ((1UL << 44) - 1), as->root);
}

static u64 present_leaves(const struct aspace *as)
{
	bool shares;
	const u64 sum = ptable_present_leaves(as, &shares);
	assert_false(shares);
	return sum;
}

static void counts_and_map_follow_the_leaves(void **state)
{
	pte_t *slot = enter(PAGE(0));
	const struct page *table = virt_to_page(slot);
	assert_int_equal(table->present, 1);
	assert_int_equal(table->map, 1);
	enter(PAGE(7));
	enter(PAGE(8));
	enter(PAGE(511));
	assert_int_equal(table->present, 4);
	assert_int_equal(table->map, BIT(0) | BIT(1) | BIT(63));
	pmm_put(pte_page(ptable_take_leaf(slot + 8)));
	assert_int_equal(table->present, 3);
	assert_true(table->map & BIT(0));
	assert_int_equal(present_leaves(as), 3);
	enter(PAGE(512));
	assert_int_equal(table->present, 3);
	assert_int_equal(present_leaves(as), 4);
	/* A group that goes as a whole is known to be empty; of a part nobody says so. */
	unmap(PAGE(1), PAGE(16));
	assert_int_equal(table->present, 2);
	assert_int_equal(table->map & ~BIT(0), BIT(63));
	unmap(PAGE(0), PAGE(8));
	assert_int_equal(table->present, 1);
	assert_int_equal(table->map, BIT(63));
}

static void map_next_group_finds_every_bit(void **state)
{
	for (unsigned a = 0; a < 64; a++)
		for (unsigned b = a; b < 64; b++) {
			const u64 map = BIT(a) | BIT(b);
			assert_int_equal(map_next_group(map, 0), a);
			assert_int_equal(map_next_group(map, a), a);
			assert_int_equal(map_next_group(map, a + 1), a == b ? 64 : b);
			assert_int_equal(map_next_group(map, b + 1), 64);
		}
	assert_int_equal(map_next_group(0, 0), 64);
	assert_int_equal(map_next_group(~0UL, 64), 64);
}

static void spans_visit_exactly_the_present_leaves(void **state)
{
	enum { PAGES = 3000 };
	static bool present[PAGES];
	memset(present, 0, sizeof(present));
	srandom(2);
	for (unsigned round = 0; round < 1500; round++) {
		/* Crowded in some places, empty in others; the second table stays empty for long.
		 */
		const unsigned page = (unsigned)random() % PAGES;
		if (page / 512 == 1 && round < 1000)
			continue;
		pte_t *slot;
		assert_int_equal(ptable_own_path(as, PAGE(page), true, &slot), 0);
		if (present[page])
			pmm_put(pte_page(ptable_take_leaf(slot)));
		else
			enter(PAGE(page));
		present[page] = !present[page];

		const unsigned first = (unsigned)random() % PAGES;
		const unsigned end = first + (unsigned)random() % (PAGES - first) + 1;
		unsigned next = first;
		struct leaf_span span;
		for (uaddr_t at = PAGE(first); ptable_next_span(as, &at, PAGE(end), &span);) {
			for_each_present(i, &span)
			{
				const unsigned visited =
					(unsigned)((span.va - AT) >> PAGE_SHIFT) + (i - span.first);
				while (next < visited)
					assert_false(present[next++]);
				assert_true(present[visited]);
				next = visited + 1;
			}
		}
		while (next < end)
			assert_false(present[next++]);
	}
}

static void unmap_drops_tables_that_are_empty(void **state)
{
	const unsigned used = shim_frames_used();
	for (u64 i = 500; i < 1600; i++)
		enter(PAGE(i));
	unmap(PAGE(501), PAGE(1599));
	ptable_shrink();
	/* Two leaves, their tables, and the middle one. */
	assert_int_equal(shim_frames_used(), used + 2 + 2 + 1);
	unmap(PAGE(0), PAGE(5000));
	ptable_shrink();
	assert_int_equal(shim_frames_used(), used);
	assert_int_equal(present_leaves(as), 0);
}

static void unmap_fences_before_it_frees(void **state)
{
	as->harts = 7;
	for (u64 i = 0; i < 20; i++)
		enter(PAGE(i));
	shim_frames_freed = 0;
	fence_watch();
	unmap(PAGE(0), PAGE(19));
	assert_int_equal(frames_freed_at_fence, 0);
	assert_int_equal(shim_frames_freed, 19);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(shim_fences.harts, 7);
}

static void unmap_of_much_fences_by_the_batch(void **state)
{
	as->harts = 7;
	for (u64 i = 0; i < 512; i++) /* not the whole table, so page by page */
		enter(PAGE(i));
	unmap(PAGE(1), PAGE(512));
	assert_int_equal(shim_fences.remote, 4);
	/* A whole table is one item. */
	for (u64 i = 512; i < 1536; i++)
		enter(PAGE(i));
	shim_fences_reset();
	unmap(PAGE(512), PAGE(1536));
	assert_int_equal(shim_fences.remote, 1);
	unmap(PAGE(0), PAGE(1));
}

static void unmap_of_nothing_fences_nobody(void **state)
{
	as->harts = 7;
	enter(PAGE(0));
	unmap(PAGE(1), PAGE(100000));
	assert_int_equal(shim_fences.remote, 0);
}

static void tables_come_back_zero_and_are_not_cleared(void **state)
{
	enter(PAGE(0));
	enter(PAGE(77));
	unmap(PAGE(0), PAGE(100));
	struct page *table = ptable_alloc();
	assert_int_equal(table->present, 0);
	assert_int_equal(table->map, 0);
	assert_int_equal(table->count, 1);
	for (unsigned i = 0; i < PTES_PER_TABLE; i++)
		assert_true(pte_is_none(ptable_entries(table)[i]));
	/* Who writes to a stocked table is found out. */
	ptable_free(table);
	ptable_entries(table)[3].bits = 1;
	expect_panic(table = ptable_alloc());
	ptable_entries(table)[3].bits = 0;
	shim_locks_held = 0;
	pmm_put(table); /* the panic kept it from its owner */
}

static void walker_finds_what_is_wrong(void **state)
{
	map_anon(as, 0, 8, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 8; i++)
		store(as, PAGE(i), 1);
	pte_t *slot;
	assert_int_equal(ptable_own_path(as, PAGE(3), false, &slot), 0);
	const pte_t good = *slot;
	struct page *table = virt_to_page(slot);
	aspace_check(as);

	static const u64 flips[] = { PTE_A, PTE_D,   PTE_U,       PTE_G, PTE_R,
				     PTE_X, PTE_COW, PTE_COUNTED, PTE_V };
	for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
		slot->bits = good.bits ^ flips[i];
		expect_panic(aspace_check(as));
		as->lock.holder = NULL;
		*slot = good;
	}
	pmm_get(pte_page(good)); /* W over a frame somebody else holds */
	expect_panic(aspace_check(as));
	as->lock.holder = NULL;
	pmm_put(pte_page(good));
	table->present++;
	expect_panic(aspace_check(as));
	as->lock.holder = NULL;
	table->present--;
	table->map = 0;
	expect_panic(aspace_check(as));
	as->lock.holder = NULL;
	table->map = 1;
	const u8 counted = table->counted;
	table->counted = 0;
	expect_panic(aspace_check(as));
	as->lock.holder = NULL;
	shim_locks_held = 0;
	table->counted = counted;
	as->mapped_pages++;
	expect_panic(aspace_check(as));
	as->lock.holder = NULL;
	as->mapped_pages--;
	shim_locks_held = 0;
	aspace_check(as);
}

static void last_put_with_a_hart_inside_is_a_mistake(void **state)
{
	struct aspace *other = aspace_create();
	other->harts = 1;
	expect_panic(aspace_put(other));
	other->harts = 0;
	refcount_init(&other->refs, 1);
	aspace_put(other);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(path_is_made_only_when_asked_for),
		T(path_without_memory_fails_and_can_be_tried_again),
		T(inner_entries_are_frame_number_and_valid_only),
		T(root_has_the_kernel_half),
		T(no_space_has_an_asid),
		T(counts_and_map_follow_the_leaves),
		T(map_next_group_finds_every_bit),
		T(spans_visit_exactly_the_present_leaves),
		T(unmap_drops_tables_that_are_empty),
		T(unmap_fences_before_it_frees),
		T(unmap_of_much_fences_by_the_batch),
		T(unmap_of_nothing_fences_nobody),
		T(tables_come_back_zero_and_are_not_cleared),
		T(walker_finds_what_is_wrong),
		T(last_put_with_a_hart_inside_is_a_mistake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
