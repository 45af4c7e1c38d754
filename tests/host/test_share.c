// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* Tables that are shared: who makes them whose, what that costs, and that nothing of it shows. */
#include "tests/host/vmm_fixture.h"

#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

#define TABLE_PAGES 512

static struct aspace *parent;
static struct fake_file file;

static int setup(void **state)
{
	parent = vmm_setup_space(state, &file);
	return 0;
}

static int teardown(void **state)
{
	return vmm_teardown_space(state, parent, &file);
}

static struct aspace *fork_of(struct aspace *as)
{
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_TABLE, NULL, &child), 0);
	aspace_check(as);
	aspace_check(child);
	return child;
}

static pte_t root_entry(const struct aspace *as, u64 page)
{
	const pte_t *root = phys_to_virt(as->root << PAGE_SHIFT);
	return root[pt_index(PAGE(page), 2)];
}

static u64 events(const struct aspace *as, enum vmm_event event)
{
	return as->events.n[event];
}

/* A page in each of @tables tables, which holds its number. */
static void fill_tables(struct aspace *as, unsigned tables)
{
	map_anon(as, 0, tables * TABLE_PAGES, RW, MAP_PRIVATE);
	for (unsigned i = 0; i < tables; i++)
		store(as, PAGE(i * TABLE_PAGES), i);
}

static void fork_makes_one_name_more_and_copies_nothing(void **state)
{
	fill_tables(parent, 3);
	const unsigned frames = shim_frames_used();
	struct aspace *child = fork_of(parent);
	assert_int_equal(shim_frames_used(), frames + 1); /* its root */
	assert_true(pte_is_shared(root_entry(parent, 0)));
	assert_true(pte_is_shared(root_entry(child, 0)));
	assert_int_equal(pte_page(root_entry(child, 0))->count, 2);
	assert_int_equal(events(parent, EVENT_TABLES_SHARED), 1);
	assert_int_equal(aspace_resident_pages(child), 3);
	aspace_put(child);
}

static void untouched_tables_come_back_as_they_were(void **state)
{
	fill_tables(parent, 2);
	aspace_put(fork_of(parent));
	/* One fault, and all below is as before: no copy-on-write, and no fault for the second
	 * table. */
	store(parent, PAGE(0), 7);
	store(parent, PAGE(TABLE_PAGES), 8);
	assert_int_equal(events(parent, EVENT_TABLES_KEPT), 1);
	assert_int_equal(events(parent, EVENT_TABLES_COPIED), 0);
	assert_int_equal(events(parent, EVENT_PAGES_TAKEN), 0);
	assert_int_equal(load(parent, PAGE(0)), 7);
}

static void reading_makes_the_path_mine_and_no_more(void **state)
{
	fill_tables(parent, 3);
	struct aspace *child = fork_of(parent);
	assert_int_equal(load(child, PAGE(TABLE_PAGES)), 1);
	assert_int_equal(events(child, EVENT_TABLES_COPIED), 2);
	/* The frame of the table that was copied has two holders; the other tables have. */
	assert_int_equal(frame_at(child, PAGE(TABLE_PAGES))->count, 2);
	assert_int_equal(load(parent, PAGE(TABLE_PAGES)), 1);
	assert_int_equal(events(parent, EVENT_TABLES_KEPT), 2);
	assert_int_equal(events(parent, EVENT_TABLES_COPIED), 0);
	aspace_check(parent);
	aspace_check(child);
	aspace_put(child);
}

static void last_of_two_gets_the_table_without_a_copy(void **state)
{
	fill_tables(parent, 1);
	struct aspace *child = fork_of(parent);
	store(child, PAGE(0), 5);
	const unsigned frames = shim_frames_used();
	assert_int_equal(load(parent, PAGE(0)), 0);
	assert_int_equal(shim_frames_used(), frames);
	assert_int_equal(events(parent, EVENT_TABLES_KEPT), 2);
	/* The child has copied the page, so the parent is its last owner. */
	store(parent, PAGE(0), 6);
	assert_int_equal(shim_frames_used(), frames);
	assert_int_equal(events(parent, EVENT_PAGES_TAKEN), 1);
	assert_int_equal(load(child, PAGE(0)), 5);
	aspace_put(child);
}

static void generations_share_one_tree(void **state)
{
	fill_tables(parent, 2);
	struct aspace *child = fork_of(parent);
	struct aspace *grandchild = fork_of(child);
	assert_int_equal(pte_page(root_entry(parent, 0))->count, 3);
	store(child, PAGE(0), 10);
	store(grandchild, PAGE(TABLE_PAGES), 20);
	assert_int_equal(load(parent, PAGE(0)), 0);
	assert_int_equal(load(parent, PAGE(TABLE_PAGES)), 1);
	assert_int_equal(load(child, PAGE(TABLE_PAGES)), 1);
	assert_int_equal(load(grandchild, PAGE(0)), 0);
	aspace_put(child);
	aspace_check(parent);
	aspace_check(grandchild);
	store(grandchild, PAGE(0), 21);
	assert_int_equal(load(parent, PAGE(0)), 0);
	aspace_put(grandchild);
}

static void little_is_copied_where_both_go_on(void **state)
{
	static const u64 heavy = 0, light = 400000, elsewhere = 800000; /* entries of the root */
	map_anon(parent, heavy, 600, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 600; i++)
		store(parent, PAGE(heavy + i), i);
	map_anon(parent, light, 4, RW, MAP_PRIVATE);
	store(parent, PAGE(light), 1);
	map_anon(parent, elsewhere, 4, RW, MAP_PRIVATE);
	store(parent, PAGE(elsewhere), 1);
	const struct fork_place place = { .pc = PAGE(heavy), .sp = PAGE(light) };
	struct aspace *child;
	assert_int_equal(aspace_fork(parent, FORK_TABLE, &place, &child), 0);
	assert_true(pte_is_shared(root_entry(parent, heavy)));
	assert_true(pte_is_shared(root_entry(parent, elsewhere)));
	assert_true(pte_is_valid(root_entry(parent, light)));
	assert_true(pte_is_valid(root_entry(child, light)));
	assert_int_equal(load(child, PAGE(light)), 1);
	store(parent, PAGE(light), 2);
	assert_int_equal(load(child, PAGE(light)), 1);
	aspace_check(child);
	aspace_put(child);
}

/* Both write there first of all, and the child where it is to write its number: neither is to fault
 * for it. */
static void page_of_the_stack_is_the_childs_own_at_once(void **state)
{
	static const u64 stack = 400000;
	const struct fork_place place = { .pc = PAGE(0),
					  .sp = PAGE(stack) + 100,
					  .child_tid = PAGE(stack + 2) + 200 };
	map_anon(parent, stack, 4, RW, MAP_PRIVATE);
	store(parent, PAGE(stack), 1);
	store(parent, PAGE(stack + 1), 2);
	store(parent, PAGE(stack + 2), 5);
	for (int mode = FORK_PAGE; mode <= FORK_TABLE; mode++) {
		struct aspace *child;
		assert_int_equal(aspace_fork(parent, (enum fork_mode)mode, &place, &child), 0);
		assert_ptr_not_equal(frame_at(parent, PAGE(stack)), frame_at(child, PAGE(stack)));
		assert_true(leaf_at(parent, PAGE(stack)).bits & PTE_W);
		assert_true(leaf_at(child, PAGE(stack)).bits & PTE_W);
		assert_ptr_equal(frame_at(parent, PAGE(stack + 1)),
				 frame_at(child, PAGE(stack + 1)));
		assert_ptr_not_equal(frame_at(parent, PAGE(stack + 2)),
				     frame_at(child, PAGE(stack + 2)));
		assert_true(leaf_at(parent, PAGE(stack + 2)).bits & PTE_W);
		assert_true(leaf_at(child, PAGE(stack + 2)).bits & PTE_W);
		assert_int_equal(load(child, PAGE(stack + 2)), 5);
		store(parent, PAGE(stack), 3);
		assert_int_equal(load(child, PAGE(stack)), 1);
		store(parent, PAGE(stack), 1);
		aspace_check(parent);
		aspace_check(child);

		/* What somebody else holds, too, is left for the write. */
		struct aspace *other, *late;
		assert_int_equal(aspace_fork(child, (enum fork_mode)mode, NULL, &other), 0);
		(void)load(child, PAGE(stack));
		assert_int_equal(aspace_fork(child, (enum fork_mode)mode, &place, &late), 0);
		assert_int_equal(load(late, PAGE(stack)), 1);
		assert_false(leaf_at(late, PAGE(stack)).bits & PTE_W);
		store(child, PAGE(stack), 4);
		assert_int_equal(load(late, PAGE(stack)), 1);
		assert_int_equal(load(other, PAGE(stack)), 1);
		aspace_check(late);
		aspace_put(late);
		aspace_put(other);
		aspace_put(child);
	}
}

/* ---- edits ---- */

static void edit_of_one_does_not_show_in_the_other(void **state)
{
	fill_tables(parent, 3);
	store(parent, PAGE(5), 5);
	struct aspace *child = fork_of(parent);
	/* H12: the parent has nothing mapped that its hart could reach. */
	assert_int_equal(aspace_unmap(parent, PAGE(5), PAGE_SIZE), 0);
	assert_int_equal(aspace_protect(child, PAGE(0), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(load(child, PAGE(5)), 5);
	assert_int_equal(user_store(child, PAGE(0), 1), -EACCES);
	store(parent, PAGE(0), 9);
	assert_int_equal(load(child, PAGE(0)), 0);
	aspace_put(child);
	u64 value;
	assert_int_equal(user_load(parent, PAGE(5), &value), -EFAULT);
	map_anon(parent, 5, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(parent, PAGE(5)), 0);
}

static void unmapping_all_below_an_entry_copies_nothing(void **state)
{
	fill_tables(parent, 4);
	struct aspace *child = fork_of(parent);
	const unsigned frames = shim_frames_used();
	/* The whole of the first table; the middle one is to become the child's own for that. */
	assert_int_equal(aspace_unmap(child, AT, TABLE_PAGES * PAGE_SIZE), 0);
	assert_int_equal(events(child, EVENT_TABLES_COPIED), 1);
	assert_int_equal(aspace_resident_pages(child), 3);
	/* All the rest, which is less than the entry of the root spans. */
	ptable_shrink();
	assert_int_equal(aspace_unmap(child, AT, 4 * TABLE_PAGES * PAGE_SIZE), 0);
	assert_int_equal(events(child, EVENT_TABLES_COPIED), 1);
	assert_int_equal(aspace_resident_pages(child), 0);
	ptable_shrink();
	assert_int_equal(shim_frames_used(), frames);
	aspace_check(child);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(load(parent, PAGE(i * TABLE_PAGES)), i);
	aspace_put(child);
}

static void dontneed_reads_zero_in_one_only(void **state)
{
	fill_tables(parent, 2);
	store(parent, PAGE(1), 11);
	struct aspace *child = fork_of(parent);
	assert_int_equal(aspace_advise(child, PAGE(1), PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(
		aspace_advise(child, PAGE(TABLE_PAGES), TABLE_PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(load(child, PAGE(1)), 0);
	assert_int_equal(load(child, PAGE(TABLE_PAGES)), 0);
	assert_int_equal(load(parent, PAGE(1)), 11);
	assert_int_equal(load(parent, PAGE(TABLE_PAGES)), 1);
	aspace_check(child);
	aspace_put(child);
}

static void child_wants_no_part_of_a_shared_table(void **state)
{
	fill_tables(parent, 2);
	store(parent, PAGE(1), 1);
	store(parent, PAGE(2), 2);
	assert_int_equal(aspace_advise(parent, PAGE(1), PAGE_SIZE, MADV_DONTFORK), 0);
	assert_int_equal(aspace_advise(parent, PAGE(2), PAGE_SIZE, MADV_WIPEONFORK), 0);
	for (int n = 0;; n++) {
		struct aspace *child;
		ptable_shrink();
		shim_fail_after = n;
		const int err = aspace_fork(parent, FORK_TABLE, NULL, &child);
		aspace_check(parent);
		if (err != 0)
			continue;
		shim_fail_after = -1;
		assert_true(n > 5);
		u64 value;
		assert_int_equal(user_load(child, PAGE(1), &value), -EFAULT);
		assert_int_equal(load(child, PAGE(2)), 0);
		assert_int_equal(load(child, PAGE(0)), 0);
		aspace_check(child);
		aspace_put(child);
		break;
	}
	assert_int_equal(load(parent, PAGE(1)), 1);
	assert_int_equal(load(parent, PAGE(2)), 2);
}

/* ---- editing for all ---- */

static void truncation_edits_a_shared_table_in_place(void **state)
{
	map_file(parent, 0, 4, RW, MAP_SHARED, &file.object, 0);
	map_file(parent, 8, 4, RW, MAP_PRIVATE, &file.object, 0);
	store(parent, PAGE(8), 1);
	load(parent, PAGE(9));
	load(parent, PAGE(0));
	struct aspace *child = fork_of(parent);
	struct aspace *other = fork_of(child);
	const unsigned frames = shim_frames_used();
	shim_fail_after = 0; /* it needs no memory */
	vm_object_unmap_range(&file.object, 0, 1, true);
	assert_int_equal(shim_fail_after, 0);
	shim_fail_after = -1;
	assert_int_equal(shim_frames_used(), frames - 1); /* the private copy */
	assert_true(pte_is_shared(root_entry(parent, 0)));
	struct aspace *const all[] = { parent, child, other };
	for (unsigned i = 0; i < 3; i++) {
		aspace_check(all[i]);
		assert_int_equal(aspace_resident_pages(all[i]), 1);
	}
	aspace_put(other);
	aspace_put(child);
	assert_int_equal(load(parent, PAGE(8)), FILE_WORD(0));
}

/* ---- the rest ---- */

static void reading_from_outside_makes_nothing_mine(void **state)
{
	fill_tables(parent, 2);
	struct aspace *child = fork_of(parent);
	u64 words[2] = { 0, 0 };
	assert_int_equal(aspace_read(child, PAGE(TABLE_PAGES), words, sizeof(words)), 16);
	assert_int_equal(words[0], 1);
	assert_true(pte_is_shared(root_entry(child, 0)));
	/* Where nothing is, a fault serves. */
	assert_int_equal(aspace_read(child, PAGE(1), words, 8), 8);
	assert_int_equal(words[0], 0);
	assert_int_equal(aspace_read(child, PAGE(3 * TABLE_PAGES), words, 8), 0);
	assert_int_equal(aspace_read(child, ~0UL << 12, words, 8), 0);
	/* So does writing. */
	words[0] = 77;
	assert_int_equal(aspace_write(child, PAGE(TABLE_PAGES), words, 8), 8);
	assert_int_equal(load(parent, PAGE(TABLE_PAGES)), 1);
	assert_int_equal(load(child, PAGE(TABLE_PAGES)), 77);
	aspace_put(child);
}

static void every_mode_follows_every_other(void **state)
{
	fill_tables(parent, 2);
	struct aspace *children[FORK_MODES * FORK_MODES];
	unsigned n = 0;
	for (int first = 0; first < FORK_MODES; first++) {
		for (int then = 0; then < FORK_MODES; then++) {
			struct aspace *child;
			assert_int_equal(aspace_fork(parent, (enum fork_mode)first, NULL, &child),
					 0);
			assert_int_equal(
				aspace_fork(child, (enum fork_mode)then, NULL, &children[n]), 0);
			store(child, PAGE(0), 100 + n);
			assert_int_equal(load(children[n], PAGE(0)), 0);
			aspace_check(child);
			aspace_check(children[n]);
			aspace_put(child);
			n++;
		}
	}
	aspace_check(parent);
	for (unsigned i = 0; i < n; i++)
		aspace_put(children[i]);
	store(parent, PAGE(0), 1);
}

/* Without memory for the one page or the other the parent has what it had, and may write it. */
static void pages_copied_at_once_fail_clean(void **state)
{
	const struct fork_place place = { .sp = PAGE(0), .child_tid = PAGE(1) };
	struct aspace *child = NULL;
	map_anon(parent, 0, 2, RW, MAP_PRIVATE);
	store(parent, PAGE(0), 1);
	store(parent, PAGE(1), 2);
	ptable_shrink();
	int successes = 0;
	for (;; successes++) {
		const unsigned frames = shim_frames_used();
		shim_fail_after = successes;
		const int err = aspace_fork(parent, FORK_PAGE, &place, &child);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(shim_fail_after, -1);
		ptable_shrink();
		assert_int_equal(shim_frames_used(), frames);
		for (u64 i = 0; i < 2; i++) {
			assert_int_equal(frame_at(parent, PAGE(i))->count, 1);
			assert_int_equal(load(parent, PAGE(i)), i + 1);
			store(parent, PAGE(i), i + 1);
		}
		aspace_check(parent);
	}
	shim_fail_after = -1;
	/* A space, a root, a region, two tables, and the pages. */
	assert_int_equal(successes, 7);
	aspace_check(child);
	aspace_put(child);
}

static void making_mine_fails_clean(void **state)
{
	fill_tables(parent, 1);
	struct aspace *child = fork_of(parent);
	/* The middle table; that of leaves, when it is there; then the page. */
	static const int successes[] = { 0, 1, 1 };
	for (unsigned i = 0; i < ARRAY_SIZE(successes); i++) {
		ptable_shrink();
		shim_fail_after = successes[i];
		assert_int_equal(user_store(child, PAGE(0), 9), -ENOMEM);
		assert_int_equal(shim_fail_after, -1);
		aspace_check(child);
		aspace_check(parent);
	}
	store(child, PAGE(0), 9);
	assert_int_equal(load(parent, PAGE(0)), 0);
	aspace_put(child);
}

static void the_walker_finds_a_table_with_two_owners(void **state)
{
	fill_tables(parent, 1);
	struct page *middle = pte_page(root_entry(parent, 0));
	middle->count++;
	expect_panic(aspace_check(parent));
	mutex_unlock(&parent->lock);
	middle->count--;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(fork_makes_one_name_more_and_copies_nothing),
		TEST(untouched_tables_come_back_as_they_were),
		TEST(reading_makes_the_path_mine_and_no_more),
		TEST(last_of_two_gets_the_table_without_a_copy),
		TEST(generations_share_one_tree),
		TEST(little_is_copied_where_both_go_on),
		TEST(page_of_the_stack_is_the_childs_own_at_once),
		TEST(edit_of_one_does_not_show_in_the_other),
		TEST(unmapping_all_below_an_entry_copies_nothing),
		TEST(dontneed_reads_zero_in_one_only),
		TEST(child_wants_no_part_of_a_shared_table),
		TEST(truncation_edits_a_shared_table_in_place),
		TEST(reading_from_outside_makes_nothing_mine),
		TEST(every_mode_follows_every_other),
		TEST(pages_copied_at_once_fail_clean),
		TEST(making_mine_fails_clean),
		TEST(the_walker_finds_a_table_with_two_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
