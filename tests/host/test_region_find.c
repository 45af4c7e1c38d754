// SPDX-License-Identifier: MIT
/* sources: mm/vmm/region.c mm/vmm/region_find.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c
 * lib/rbtree.c lib/string.c tests/host/region_fixture.c tests/host/shim/machine.c
 * tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* Regions are found by the chain and by the tree, and so are fork's copies. */
#include "tests/host/region_fixture.h"

#include "lib/abi/errno.h"

static void same_region(const struct region *r, const struct region *copy, struct aspace *to)
{
	assert_ptr_equal(copy->as, to);
	assert_ptr_equal(copy->object, r->object);
	assert_int_equal(copy->start, r->start);
	assert_int_equal(copy->end, r->end);
	assert_int_equal(copy->touched_start, r->touched_start);
	assert_int_equal(copy->touched_end, r->touched_end);
	assert_int_equal(copy->offset_bytes, r->offset_bytes);
	assert_int_equal(copy->prot, r->prot);
	assert_int_equal(copy->max_prot, r->max_prot);
	assert_int_equal(copy->flags, r->flags & ~(u32)REGION_LOCKED);
}

/* Even numbers only, so that none continues another; runs of one object, longer than one hold. */
static void fill(unsigned count, struct vm_object *const objects[3])
{
	for (unsigned i = 0; i < count; i++) {
		const unsigned n = i * 7 % count; /* in no order */
		struct vm_object *o = objects[(n < 30 ? n / 3 : n / 70) % 3];
		struct region *r = add(2 * n, 2 * n + 1, PROT_READ | n % 2, o, o != NULL ? n : 0);
		region_touch(r, r->start, r->end);
		region_set_flags(r, MAP_PRIVATE | (n % 3 == 0 ? REGION_LOCKED : 0) |
					    (n == 5 ? REGION_DONT_FORK : 0));
	}
}

/* By the chain or by the tree, each of the @count that fill() made, and what is between. */
static void check_found(struct aspace *as, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const unsigned n = i * 11 % count;
		as->last_region = NULL;
		assert_int_equal(region_find_from(as, P(2 * n))->start, P(2 * n));
		assert_int_equal(region_find(as, P(2 * n))->start, P(2 * n));
		assert_null(region_find(as, P(2 * n + 1)));
		const struct region *above = region_find_from(as, P(2 * n + 1));
		assert_true(n + 1 == count ? above == NULL : above->start == P(2 * n + 2));
	}
}

static u32 listed(const struct vm_object *o)
{
	u32 count = 0;
	list_for_each(r, &o->regions, struct region, object_node)
		count++;
	return count;
}

static void copies_are_found_and_hold_their_objects(void **state)
{
	struct vm_object *objects[3] = { NULL, vm_object_create_anonymous(500),
					 vm_object_create_anonymous(500) };
	const unsigned counts[] = { 0, 1, 2, 3, 8, 20, 71, 250 };
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		static struct aspace copies;
		u32 flags = 0;
		memset(&copies, 0, sizeof(copies));
		fill(counts[i], objects);
		const unsigned used = shim_objects_used();
		const u32 refs[2] = { refcount_read(&objects[1]->refs),
				      refcount_read(&objects[2]->refs) };
		/* Without memory for the last of them. */
		if (counts[i] != 0) {
			shim_fail_after = (int)counts[i] - 1;
			assert_int_equal(region_copy_all(&space, &copies, &flags), -ENOMEM);
			assert_null(region_first(&copies));
			region_destroy_all(&copies);
			assert_int_equal(shim_objects_used(), used);
			assert_int_equal(refcount_read(&objects[1]->refs), refs[0]);
		}
		assert_int_equal(region_copy_all(&space, &copies, &flags), 0);
		/* Some have a tree by now, the copies never. */
		assert_null(copies.regions.node);
		const struct region *copy = region_first(&copies), *prev = NULL;
		for (struct region *r = region_first(&space); r != NULL; r = r->next) {
			assert_non_null(copy);
			same_region(r, copy, &copies);
			assert_ptr_equal(copy->prev, prev);
			prev = copy;
			copy = copy->next;
		}
		assert_null(copy);
		assert_ptr_equal(copies.highest_region, prev);
		check_found(&copies, counts[i]);
		assert_int_equal((flags & REGION_DONT_FORK) != 0, counts[i] > 5);
		assert_int_equal(copies.region_count, counts[i]);
		assert_int_equal(copies.mapped_pages, space.mapped_pages);
		assert_int_equal(copies.data_pages, space.data_pages);
		assert_int_equal(shim_objects_used(), used + counts[i]);
		for (int o = 0; o < 2; o++) {
			const u32 mappers = refs[o] - 1;
			assert_int_equal(refcount_read(&objects[o + 1]->refs), 1 + 2 * mappers);
			assert_int_equal(listed(objects[o + 1]), 2 * mappers);
		}
		region_destroy_all(&copies);
		assert_int_equal(shim_objects_used(), used);
		for (int o = 0; o < 2; o++)
			assert_int_equal(refcount_read(&objects[o + 1]->refs), refs[o]);
		memset(&copies, 0, sizeof(copies));
		for (struct region *r = region_first(&space); r != NULL; r = region_first(&space))
			region_remove(r, &dead);
		region_destroy_list(&dead);
	}
	vm_object_put(objects[1]);
	vm_object_put(objects[2]);
}

/* More than that. */
#define MANY 40

static void remove_all_but(u64 left)
{
	while (space.region_count > left) {
		u64 n = (u64)random() % space.region_count;
		struct region *r = region_first(&space);
		while (n-- != 0)
			r = r->next;
		region_remove(r, &dead);
		check_tree(&space);
	}
	region_destroy_list(&dead);
}

static void a_tree_is_made_for_many_and_kept_until_none_is_left(void **state)
{
	struct vm_object *const none[3] = { NULL, NULL, NULL };
	srandom(1);
	for (unsigned round = 0; round < 50; round++) {
		fill(FEW, none);
		check_found(&space, FEW);
		assert_null(space.regions.node);
		remove_all_but(0);
		fill(MANY, none);
		check_found(&space, MANY);
		assert_non_null(space.regions.node);
		check_tree(&space);
		remove_all_but((u64)random() % FEW + 1);
		assert_non_null(space.regions.node);
		for (struct region *r = region_first(&space); r != NULL; r = r->next) {
			space.last_region = NULL;
			assert_ptr_equal(region_find(&space, r->start), r);
		}
		remove_all_but(0);
		assert_null(space.regions.node);
		assert_null(space.first_region);
		assert_null(space.highest_region);
		assert_null(space.last_region);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, region_setup, region_teardown)
	const struct CMUnitTest tests[] = {
		T(copies_are_found_and_hold_their_objects),
		T(a_tree_is_made_for_many_and_kept_until_none_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
