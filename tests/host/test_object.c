// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* Memory objects: shared anonymous memory, and truncation, which goes from an object to all who map
 * it. */
#include "tests/host/vmm_fixture.h"

#include "mm/vmm/ptable_stock.h"

static struct aspace *as;
static struct fake_file file;

static int setup(void **state)
{
	as = vmm_setup_space(state, &file);
	return 0;
}

static int teardown(void **state)
{
	return vmm_teardown_space(state, as, &file);
}

static void shared_anonymous_memory_of_any_size(void **state)
{
	const u64 sizes[] = { 1, 512, 513, 600000 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const u64 last = sizes[i] - 1;
		map_anon(as, 0, sizes[i], RW, MAP_SHARED);
		store(as, PAGE(0), 1);
		store(as, PAGE(last), 2);
		assert_int_equal(load(as, PAGE(last / 2) + 8), 0);
		/* The leaves go, the memory stays. */
		assert_int_equal(aspace_advise(as, PAGE(0), sizes[i] * PAGE_SIZE, MADV_DONTNEED),
				 0);
		assert_int_equal(load(as, PAGE(last)), 2);
		assert_int_equal(load(as, PAGE(0)), last == 0 ? 2 : 1);
		assert_int_equal(aspace_unmap(as, PAGE(0), sizes[i] * PAGE_SIZE), 0);
	}
}

static void shared_anonymous_memory_runs_out(void **state)
{
	map_anon(as, 0, 513, RW, MAP_SHARED);
	int n = 0;
	for (;; n++) {
		ptable_shrink();
		shim_fail_after = n;
		const int err = aspace_fault(as, PAGE(0), ACCESS_WRITE);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
	}
	assert_int_equal(n, 3); /* tables once made stay: then two nodes and the page */
}

static void truncation_takes_pages_from_every_space(void **state)
{
	struct aspace *other = aspace_create();
	map_file(as, 0, 8, RW, MAP_SHARED, &file.object, 4);
	map_file(as, 20, 8, RW, MAP_PRIVATE, &file.object, 4);
	map_file(other, 0, 8, PROT_READ, MAP_PRIVATE, &file.object, 0);
	as->harts = 1;
	other->harts = 2;
	store(as, PAGE(0), 1);
	store(as, PAGE(4), 1);
	load(as, PAGE(24));
	store(as, PAGE(25), 9); /* page 9, a private copy */
	load(other, PAGE(3));
	load(other, PAGE(7));
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);

	shim_fences_reset();
	fence_watch();
	shim_frames_freed = 0;
	file.size_pages = 6;
	vm_object_unmap_range(&file.object, 6, ~0UL, true);
	assert_int_equal(shim_fences.remote, 2);
	assert_int_equal(shim_frames_freed, 1); /* the private copy; the file has its own still */
	for (unsigned i = 6; i < FAKE_FILE_PAGES; i++)
		if (file.pages[i] != NULL)
			assert_int_equal(file.pages[i]->count, 1);
	assert_int_equal(aspace_fault(as, PAGE(4), ACCESS_READ), -EIO);
	assert_int_equal(aspace_fault(child, PAGE(24), ACCESS_READ), -EIO);
	assert_int_equal(aspace_fault(other, PAGE(7), ACCESS_READ), -EIO);
	assert_int_equal(load(as, PAGE(0)), 1);
	assert_int_equal(load(other, PAGE(3)), FILE_WORD(3));
	assert_int_equal(aspace_fault(as, PAGE(25), ACCESS_READ), -EIO);
	aspace_check(child);
	aspace_check(other);
	aspace_put(child);
	other->harts = 0;
	aspace_put(other);
}

/* Or else it takes as long as the square of the number of times that one program maps a file. */
static void truncation_looks_at_each_space_once(void **state)
{
	enum { MAPPINGS = 8, SPACES = 2 };
	for (u64 i = 0; i < MAPPINGS; i++)
		map_file(as, 2 * i, 1, RW, MAP_SHARED, &file.object, i);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_TABLE, NULL, &child), 0);
	for (unsigned walk = 0; walk < 2; walk++) {
		for (u64 i = 0; i < MAPPINGS; i++) {
			assert_int_equal(load(as, PAGE(2 * i)), FILE_WORD(i));
			assert_int_equal(load(child, PAGE(2 * i)), FILE_WORD(i));
		}
		const unsigned taken = shim_mutexes_taken;
		vm_object_unmap_range(&file.object, 0, ~0UL, true);
		assert_int_equal(shim_mutexes_taken - taken, SPACES);
		assert_int_equal(aspace_resident_pages(as), 0);
		assert_int_equal(aspace_resident_pages(child), 0);
	}
	aspace_put(child);
}

static void mappers_are_counted_up_to_a_bound(void **state)
{
	map_file(as, 0, 2, RW, MAP_SHARED, &file.object, 0);
	map_file(as, 2, 1, RW, MAP_SHARED, &file.object, 1);
	assert_int_equal(vm_object_count_mappers(&file.object, 0, 1), 1);
	assert_int_equal(vm_object_count_mappers(&file.object, 1, 3), 2);
	assert_int_equal(vm_object_count_mappers(&file.object, 2, 3), 1); /* nobody */
	for (u64 i = 0; i < VM_OBJECT_REGIONS_LOOKED_AT; i++)
		map_file(as, 3 + i, 1, RW, MAP_SHARED, &file.object, 1);
	assert_int_equal(vm_object_count_mappers(&file.object, 1, 2), VM_OBJECT_REGIONS_LOOKED_AT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(shared_anonymous_memory_of_any_size),     T(shared_anonymous_memory_runs_out),
		T(truncation_takes_pages_from_every_space), T(truncation_looks_at_each_space_once),
		T(mappers_are_counted_up_to_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
