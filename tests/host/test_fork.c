// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* fork in every mode: isolation, the moment of the fence, and failure in every allocation. */
#include "tests/host/vmm_fixture.h"

#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

static struct aspace *parent;
static struct fake_file file;
static const struct fork_place *fork_place; /* for all forks of a test */

static int setup(void **state)
{
	fork_place = NULL;
	parent = vmm_setup_space(state, &file);
	return 0;
}

static int teardown(void **state)
{
	return vmm_teardown_space(state, parent, &file);
}

/* Every mode, and mode table twice: the second time with copies of what is light. */
#define FORK_WAYS (FORK_MODES + 1)
static enum fork_mode use_way(int way)
{
	static const struct fork_place place = { .pc = PAGE(0), .sp = PAGE(400000) };
	fork_place = way == FORK_MODES ? &place : NULL;
	return way == FORK_MODES ? FORK_TABLE : (enum fork_mode)way;
}
#define for_each_mode(mode) \
	for (int way = 0, mode; way < FORK_WAYS && (mode = (int)use_way(way), true); way++)

static struct aspace *fork_space(enum fork_mode mode)
{
	struct aspace *child;
	assert_int_equal(aspace_fork(parent, mode, fork_place, &child), 0);
	aspace_check(parent);
	aspace_check(child);
	return child;
}

static void child_and_parent_do_not_see_each_others_writes(void **state)
{
	for_each_mode(mode)
	{
		map_anon(parent, 0, 8, RW, MAP_PRIVATE);
		for (u64 i = 0; i < 4; i++)
			store(parent, PAGE(i), i);
		struct aspace *child = fork_space(mode);
		store(parent, PAGE(0), 100);
		store(child, PAGE(1), 101);
		store(parent, PAGE(5), 105);
		assert_int_equal(load(child, PAGE(0)), 0);
		assert_int_equal(load(parent, PAGE(1)), 1);
		assert_int_equal(load(child, PAGE(5)), 0);
		assert_int_equal(load(child, PAGE(2)), 2);
		aspace_check(child);
		aspace_check(parent);
		aspace_put(child);
		assert_int_equal(load(parent, PAGE(2)), 2);
		assert_int_equal(load(parent, PAGE(0)), 100);
	}
}

static void child_outlives_its_parent(void **state)
{
	for_each_mode(mode)
	{
		struct aspace *grandparent = parent;
		map_anon(parent, 0, 4, RW, MAP_PRIVATE);
		store(parent, PAGE(0), 1);
		struct aspace *child = fork_space(mode);
		aspace_put(grandparent);
		parent = child;
		assert_int_equal(load(child, PAGE(0)), 1);
		store(child, PAGE(0), 2);
	}
}

static void child_inherits_regions_and_limits(void **state)
{
	map_anon(parent, 0, 8, RW, MAP_PRIVATE);
	map_anon(parent, 10, 2, PROT_NONE, MAP_PRIVATE);
	map_file(parent, 20, 2, RX, MAP_PRIVATE, &file.object, 1);
	parent->brk_start = PAGE(100);
	parent->brk_end = PAGE(100);
	assert_int_equal(aspace_brk(parent, PAGE(100) + 5), PAGE(100) + 5);
	parent->stack_limit_bytes = 12345;
	struct aspace *child = fork_space(FORK_PAGE);
	assert_int_equal(child->region_count, 4);
	assert_int_equal(child->mapped_pages, 13);
	assert_int_equal(child->data_pages, 9);
	assert_int_equal(child->stack_limit_bytes, 12345);
	assert_int_equal(aspace_brk(child, 0), PAGE(100) + 5);
	assert_int_equal(refcount_read(&file.object.refs), 3);
	aspace_put(child);
	assert_int_equal(refcount_read(&file.object.refs), 2);
}

static void shared_mappings_stay_shared(void **state)
{
	for_each_mode(mode)
	{
		map_anon(parent, 0, 4, RW, MAP_SHARED);
		map_file(parent, 4, 4, RW, MAP_SHARED, &file.object, 0);
		store(parent, PAGE(0), 1);
		store(parent, PAGE(4), 2);
		struct aspace *child = fork_space(mode);
		store(child, PAGE(0), 10);
		store(child, PAGE(1), 11);
		store(child, PAGE(4), 12);
		assert_int_equal(load(parent, PAGE(0)), 10);
		assert_int_equal(load(parent, PAGE(1)), 11);
		assert_int_equal(load(parent, PAGE(4)), 12);
		aspace_put(child);
		assert_int_equal(aspace_unmap(parent, PAGE(0), 8 * PAGE_SIZE), 0);
	}
}

static void fork_shared_mapping_in_same_table(void **state)
{
	map_anon(parent, 0, 1, RW, MAP_PRIVATE);
	map_anon(parent, 1, 1, RW, MAP_SHARED);
	store(parent, PAGE(0), 1);
	store(parent, PAGE(1), 1);
	struct aspace *child = fork_space(FORK_PAGE);
	assert_int_equal(leaf_at(parent, PAGE(0)).bits & (PTE_W | PTE_COW), PTE_COW);
	assert_int_equal(leaf_at(parent, PAGE(1)).bits & (PTE_W | PTE_COW | PTE_COUNTED), PTE_W);
	store(child, PAGE(0), 2);
	store(child, PAGE(1), 2);
	assert_int_equal(load(parent, PAGE(0)), 1);
	assert_int_equal(load(parent, PAGE(1)), 2);
	aspace_put(child);
}

/* Whole groups of leaves of a file's pages, and one with a page of the process' own. */
static void file_pages_come_to_the_child_uncounted(void **state)
{
	for_each_mode(mode)
	{
		map_file(parent, 0, FAKE_FILE_PAGES, RW, MAP_PRIVATE, &file.object, 0);
		map_file(parent, 16, 8, RW, MAP_SHARED, &file.object, 0);
		store(parent, PAGE(8), 1);
		for (u64 i = 0; i < 24; i++)
			(void)load(parent, PAGE(i));
		store(parent, PAGE(17), FILE_WORD(1));
		struct aspace *child = fork_space(mode);
		store(child, PAGE(1), 2);
		store(child, PAGE(8), 3);
		store(child, PAGE(17), 4);
		assert_int_equal(load(parent, PAGE(1)), 4); /* as the file has it */
		assert_int_equal(load(parent, PAGE(8)), 1);
		assert_int_equal(load(parent, PAGE(9)), FILE_WORD(9));
		assert_int_equal(load(parent, PAGE(17)), 4);
		assert_int_equal(load(child, PAGE(1)), 2);
		assert_int_equal(load(child, PAGE(2)), FILE_WORD(2));
		store(child, PAGE(17), FILE_WORD(1));
		aspace_check(parent);
		aspace_put(child);
		for (u64 i = 0; i < FAKE_FILE_PAGES; i++)
			assert_int_equal(file.pages[i]->count, 1);
		assert_int_equal(aspace_unmap(parent, PAGE(0), 24 * PAGE_SIZE), 0);
	}
}

static void pages_without_access_survive(void **state)
{
	for_each_mode(mode)
	{
		map_anon(parent, 0, 1, RW, MAP_PRIVATE);
		store(parent, PAGE(0), 7);
		assert_int_equal(aspace_protect(parent, PAGE(0), PAGE_SIZE, PROT_NONE), 0);
		struct aspace *child = fork_space(mode);
		assert_int_equal(aspace_protect(parent, PAGE(0), PAGE_SIZE, RW), 0);
		store(parent, PAGE(0), 8);
		assert_int_equal(aspace_protect(child, PAGE(0), PAGE_SIZE, PROT_READ), 0);
		assert_int_equal(load(child, PAGE(0)), 7);
		aspace_put(child);
	}
}

static void zero_page_is_not_counted(void **state)
{
	map_anon(parent, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(parent, PAGE(0)), 0);
	const u32 count = frame_at(parent, PAGE(0))->count;
	for_each_mode(mode)
	{
		struct aspace *child = fork_space(mode);
		assert_int_equal(load(parent, PAGE(0)), 0);
		assert_int_equal(load(child, PAGE(0)), 0);
		assert_ptr_equal(frame_at(child, PAGE(0)), frame_at(parent, PAGE(0)));
		assert_int_equal(frame_at(parent, PAGE(0))->count, count);
		store(child, PAGE(0), 1);
		assert_int_equal(load(parent, PAGE(0)), 0);
		aspace_put(child);
	}
}

/* ---- the fence ---- */

static unsigned fences_seen, frames_at_fence;

static void look_at_the_parent(u64 harts)
{
	fences_seen++;
	frames_at_fence = shim_frames_used();
	assert_int_equal(harts, 5);
	/* Nobody can get W back before the child is the picture: the lock is held, W is off
	 * everywhere. */
	assert_non_null(parent->lock.holder);
	for (u64 i = 0; i < 4; i++)
		assert_false(leaf_at(parent, PAGE(i)).bits & PTE_W);
	/* Nobody finds the child by the objects it maps. */
	list_for_each(r, &file.object.regions, struct region, object_node) {
		if (r->as != parent)
			assert_int_equal(refcount_read(&r->as->refs), 0);
	}
}

static void watched_fork(enum fork_mode mode)
{
	map_anon(parent, 0, 4, RW, MAP_PRIVATE);
	map_file(parent, 4, 4, PROT_READ, MAP_PRIVATE, &file.object, 0);
	for (u64 i = 0; i < 4; i++)
		store(parent, PAGE(i), i);
	parent->harts = 5;
	shim_fences_reset();
	fences_seen = 0;
	shim_on_fence = look_at_the_parent;
	aspace_put(fork_space(mode));
	assert_int_equal(fences_seen, 1);
}

static void fork_page_fences_all_harts_once_before_it_publishes(void **state)
{
	watched_fork(FORK_PAGE);
}

static void fork_copy_copies_no_page_before_the_fence(void **state)
{
	ptable_shrink();
	const unsigned before = shim_frames_used();
	watched_fork(FORK_COPY);
	/* Parent's two tables and four pages; of the child only the root. */
	assert_int_equal(frames_at_fence, before + 2 + 4 + 1);
	/* The parent writes on without a fault. */
	for (u64 i = 0; i < 4; i++)
		assert_true(leaf_at(parent, PAGE(i)).bits & PTE_W);
}

static void fork_that_takes_nothing_fences_nobody(void **state)
{
	map_anon(parent, 0, 4, RW, MAP_PRIVATE);
	store(parent, PAGE(0), 1);
	parent->harts = 5;
	shim_fences_reset();
	struct aspace *first = fork_space(FORK_PAGE);
	assert_int_equal(shim_fences.remote, 1);
	struct aspace *second = fork_space(FORK_PAGE);
	assert_int_equal(shim_fences.remote, 1);
	aspace_put(first);
	aspace_put(second);
}

static void copied_code_is_made_fetchable_once(void **state)
{
	map_anon(parent, 0, 4, RW | PROT_EXEC, MAP_PRIVATE);
	for (u64 i = 0; i < 4; i++)
		store(parent, PAGE(i), i);
	shim_fences_reset();
	aspace_put(fork_space(FORK_PAGE));
	assert_int_equal(shim_fences.icache, 0);
	aspace_put(fork_space(FORK_COPY));
	assert_int_equal(shim_fences.icache, 1);
}

/* ---- failure ---- */

/* Memory in several tables, of every kind; pages that were written hold their number. */
static void furnish_parent(void)
{
	map_anon(parent, 0, 8, RW, MAP_PRIVATE);
	map_anon(parent, 600, 8, RW, MAP_PRIVATE);
	map_anon(parent, 400000, 2, RW, MAP_PRIVATE); /* another entry of the root */
	map_file(parent, 20, 4, RW, MAP_PRIVATE, &file.object, 0);
	map_file(parent, 30, 4, RW, MAP_SHARED, &file.object, 0);
	map_anon(parent, 40, 4, RW, MAP_SHARED);
	static const u64 written[] = { 0, 1, 5, 600, 601, 400001, 20, 30, 40 };
	for (size_t i = 0; i < ARRAY_SIZE(written); i++)
		store(parent, PAGE(written[i]), written[i]);
	load(parent, PAGE(2));
	load(parent, PAGE(22));
}

static void check_furniture(struct aspace *as)
{
	assert_int_equal(load(as, PAGE(5)), 5);
	assert_int_equal(load(as, PAGE(601)), 601);
	assert_int_equal(load(as, PAGE(400001)), 400001);
	assert_int_equal(load(as, PAGE(20)), 20);
	assert_int_equal(load(as, PAGE(21)), FILE_WORD(1));
	assert_int_equal(load(as, PAGE(40)), 40);
}

static bool some_leaf_lost_write(void)
{
	struct leaf_span span;
	for (uaddr_t at = 0; ptable_next_span(parent, &at, PAGE(500000), &span);)
		for_each_present(i, &span)
		{
			if ((span.entries[i].bits & PTE_COW) &&
			    pte_page(span.entries[i])->kind == PAGE_ANON)
				return true;
		}
	return false;
}

static bool some_table_is_shared(void)
{
	struct leaf_span span;
	for (uaddr_t at = 0; ptable_next_span(parent, &at, PAGE(500000), &span);)
		if (span.shared)
			return true;
	return false;
}

static void fork_fail_then_fork(void **state)
{
	for_each_mode(mode)
	{
		furnish_parent();
		parent->harts = 3;
		int n = 0;
		for (;; n++) {
			/* Take everything over again, so that each fork has W to take. */
			furnish_parent();
			ptable_shrink();
			const unsigned frames = shim_frames_used();
			const unsigned objects = shim_objects_used();
			const u32 refs = refcount_read(&file.object.refs);
			shim_fences_reset();
			shim_fail_after = n;
			struct aspace *child = NULL;
			const int err = aspace_fork(parent, mode, fork_place, &child);
			if (err == 0) {
				shim_fail_after = -1;
				check_furniture(child);
				aspace_put(child);
				break;
			}
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(shim_fail_after, -1);
			assert_null(child);
			if (some_leaf_lost_write() || some_table_is_shared())
				assert_int_equal(shim_fences.remote, 1);
			ptable_shrink();
			assert_int_equal(shim_frames_used(), frames);
			assert_int_equal(shim_objects_used(), objects);
			assert_int_equal(refcount_read(&file.object.refs), refs);
			assert_int_equal(shim_locks_held, 0);
			aspace_check(parent);
			check_furniture(parent);
		}
		/* A space, a root, six regions, and tables below two entries of the root; pages
		 * when copied. */
		const int expected[] = { 8 + 5 + 7, 8 + 5, 8, 8 + 5 };
		assert_int_equal(n, expected[way]);
		check_furniture(parent);
	}
}

/* ---- generations ---- */

static void chain_of_generations_keeps_what_each_wrote(void **state)
{
	enum { GENERATIONS = 20 };
	struct aspace *chain[GENERATIONS];
	map_anon(parent, 0, GENERATIONS, RW, MAP_PRIVATE);
	for (u64 i = 0; i < GENERATIONS; i++) {
		struct aspace *from = i == 0 ? parent : chain[i - 1];
		assert_int_equal(
			aspace_fork(from, (enum fork_mode)(i % FORK_MODES), NULL, &chain[i]), 0);
		store(chain[i], PAGE(i), 1000 + i);
	}
	for (u64 i = 0; i < GENERATIONS; i++) {
		for (u64 k = 0; k < GENERATIONS; k++)
			assert_int_equal(load(chain[i], PAGE(k)), k <= i ? 1000 + k : 0);
		aspace_check(chain[i]);
	}
	for (u64 i = 0; i < GENERATIONS; i++)
		aspace_put(chain[i * 7 % GENERATIONS]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(child_and_parent_do_not_see_each_others_writes),
		T(child_outlives_its_parent),
		T(child_inherits_regions_and_limits),
		T(shared_mappings_stay_shared),
		T(fork_shared_mapping_in_same_table),
		T(file_pages_come_to_the_child_uncounted),
		T(pages_without_access_survive),
		T(zero_page_is_not_counted),
		T(fork_page_fences_all_harts_once_before_it_publishes),
		T(fork_copy_copies_no_page_before_the_fence),
		T(fork_that_takes_nothing_fences_nobody),
		T(copied_code_is_made_fetchable_once),
		T(fork_fail_then_fork),
		T(chain_of_generations_keeps_what_each_wrote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
