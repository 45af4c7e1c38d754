// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* A space that exec builds, in which nobody runs yet. */
#include "tests/host/vmm_fixture.h"

#include "arch/riscv/cpu/layout.h"
#include "mm/vmm/ptable.h"
#include "mm/vmm/region.h"

static struct aspace *as;
static struct fake_file file;

static int setup(void **state)
{
	as = vmm_setup_space(state, &file);
	as->mmap_top = PAGE(1000);
	return 0;
}

static int teardown(void **state)
{
	return vmm_teardown_space(state, as, &file);
}

/* As for segments of a program that both need the page where they meet. */
static void what_is_built_later_stands_above_what_was_there(void **state)
{
	const struct map_args text = { .addr = PAGE(4),
				       .len_bytes = 3 * PAGE_SIZE,
				       .prot = PROT_READ | PROT_EXEC,
				       .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
				       .object = &file.object };
	const struct map_args data = { .addr = PAGE(6),
				       .len_bytes = 2 * PAGE_SIZE,
				       .prot = RW,
				       .flags = MAP_GROWSDOWN };
	uaddr_t room;
	as->limit_pages = 4;
	as->brk_limit_bytes = PAGE_SIZE; /* a stack is no data */
	assert_int_equal(aspace_build(as, &text), 0);
	assert_int_equal(aspace_build(as, &data), 0);
	assert_int_equal(as->mapped_pages, 4);
	assert_int_equal(as->data_pages, 0);
	struct region_info info;
	assert_true(aspace_region_at(as, PAGE(5), &info));
	assert_int_equal(info.end, PAGE(6));
	assert_true(aspace_region_at(as, PAGE(6), &info));
	assert_int_equal(info.flags, MAP_PRIVATE | MAP_GROWSDOWN);
	assert_int_equal(user_store(as, PAGE(6), 5), 0);
	assert_int_equal(aspace_find_room(as, PAGE_SIZE + 1, &room), 0);
	assert_int_equal(room, PAGE(998));
}

static void what_is_built_stays_in_bounds_and_limits(void **state)
{
	struct map_args args = { .len_bytes = PAGE_SIZE, .prot = RW };
	assert_int_equal(aspace_build(as, &args), -EPERM);
	args.addr = USER_MAX;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	args.addr = ~0UL & PAGE_MASK;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	args.addr = PAGE(1);
	args.len_bytes = USER_MAX;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	args.len_bytes = 2 * PAGE_SIZE;
	as->limit_pages = 1;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	as->limit_pages = 2;
	as->brk_limit_bytes = PAGE_SIZE;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	as->brk_limit_bytes = 2 * PAGE_SIZE;
	shim_fail_after = 0;
	assert_int_equal(aspace_build(as, &args), -ENOMEM);
	shim_fail_after = -1;
	assert_int_equal(as->region_count, 0);
	assert_int_equal(aspace_build(as, &args), 0);
}

/* What exec brings in before anybody runs there. */
static void a_page_of_a_new_space_needs_no_fence(void **state)
{
	map_file(as, 0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, &file.object, 0);
	shim_fences_reset();
	assert_int_equal(aspace_build_page(as, PAGE(0), ACCESS_EXEC), 0);
	assert_int_equal(aspace_build_page(as, PAGE(1), ACCESS_EXEC), -EFAULT);
	assert_ptr_equal(frame_at(as, PAGE(0)), file.pages[0]);
	assert_int_equal(shim_fences.local + shim_fences.remote, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_built_later_stands_above_what_was_there),
		T(what_is_built_stays_in_bounds_and_limits),
		T(a_page_of_a_new_space_needs_no_fence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
