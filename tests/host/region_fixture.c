// SPDX-License-Identifier: MIT
#include "tests/host/region_fixture.h"

#include "arch/riscv/cpu/layout.h"

struct aspace space;
struct list dead;

int region_setup(void **state)
{
	shim_memory_reset();
	region_init();
	object_init();
	memset(&space, 0, sizeof(space));
	space.limit_pages = ~0UL;
	space.brk_limit_bytes = ~0UL;
	space.mmap_top = USER_MAX;
	space.gaps[0].below = space.gaps[1].below = USER_MAX;
	list_init(&dead);
	return 0;
}

int region_teardown(void **state)
{
	for (struct region *r = region_first(&space); r != NULL; r = region_first(&space))
		region_remove(r, &dead);
	region_destroy_list(&dead);
	assert_int_equal(space.mapped_pages, 0);
	assert_int_equal(space.data_pages, 0);
	assert_int_equal(space.region_count, 0);
	assert_int_equal(shim_objects_used(), 0);
	assert_int_equal(shim_frames_used(), 0);
	assert_int_equal(shim_locks_held, 0);
	return 0;
}

struct region private_pages(u64 from, u64 to, u32 prot)
{
	return (struct region){
		.as = &space,
		.start = P(from),
		.end = P(to),
		.prot = prot,
		.max_prot = 7,
		.flags = MAP_PRIVATE,
	};
}

struct region *insert(const struct region *like)
{
	struct region *r = region_create(like);
	assert_non_null(r);
	region_insert(r);
	return r;
}

struct region *add(u64 from, u64 to, u32 prot, struct vm_object *object, u64 offset_pages)
{
	struct region like = private_pages(from, to, prot);
	like.object = object;
	like.offset_bytes = offset_pages * PAGE_SIZE;
	return insert(&like);
}

void check_tree(const struct aspace *as)
{
	const struct rb_node *node = rb_first(&as->regions);
	if (node == NULL)
		return;
	for (const struct region *r = region_first(as); r != NULL; r = r->next) {
		assert_ptr_equal(node, &r->node);
		node = rb_next(node);
	}
	assert_null(node);
}
