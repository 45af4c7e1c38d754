// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* mmap, munmap, mprotect, brk, madvise as Linux has them. */
#include "tests/host/vmm_fixture.h"

#include "arch/riscv/cpu/layout.h"
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

static s64 map(uaddr_t addr, u64 len, u32 prot, u32 flags)
{
	const struct map_args args = { .addr = addr,
				       .len_bytes = len,
				       .prot = prot,
				       .flags = flags };
	return aspace_map(as, &args);
}

/* ---- mmap ---- */

static void mmap_refuses_what_linux_refuses(void **state)
{
	const u32 anon = MAP_PRIVATE | MAP_ANONYMOUS;
	assert_int_equal(map(0, 0, RW, anon), -EINVAL);
	assert_int_equal(map(0, PAGE_SIZE, RW, MAP_ANONYMOUS), -EINVAL);
	assert_int_equal(map(0, PAGE_SIZE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE), -EINVAL);
	assert_int_equal(map(0, PAGE_SIZE, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN),
			 -EINVAL);
	assert_int_equal(map(0, ~0UL, RW, anon), -ENOMEM);
	assert_int_equal(map(0, ~0UL - PAGE_SIZE, RW, anon), -ENOMEM);
	assert_int_equal(map(0, USER_MAX, RW, anon), -ENOMEM);
	assert_int_equal(map(PAGE(0) + 1, PAGE_SIZE, RW, anon | MAP_FIXED), -EINVAL);
	assert_int_equal(map(USER_MAX, PAGE_SIZE, RW, anon | MAP_FIXED), -ENOMEM);
	assert_int_equal(map(~0UL & PAGE_MASK, PAGE_SIZE, RW, anon | MAP_FIXED), -ENOMEM);
	assert_int_equal(map(0, PAGE_SIZE, RW, anon | MAP_FIXED), -EPERM);

	struct map_args args = { .len_bytes = PAGE_SIZE,
				 .prot = RW,
				 .flags = MAP_SHARED,
				 .object = &file.object,
				 .max_prot = PROT_READ };
	assert_int_equal(aspace_map(as, &args), -EACCES);
	args.max_prot = RW;
	args.offset_bytes = 1;
	assert_int_equal(aspace_map(as, &args), -EINVAL);
	args.offset_bytes = ~0UL & PAGE_MASK;
	assert_int_equal(aspace_map(as, &args), -EOVERFLOW);
	args.offset_bytes = 0;
	args.flags = MAP_PRIVATE | MAP_GROWSDOWN;
	assert_int_equal(aspace_map(as, &args), -EINVAL);
	assert_int_equal(as->region_count, 0);
}

static void mmap_goes_down_from_the_top_and_unites(void **state)
{
	assert_int_equal(map(0, 1, RW, MAP_PRIVATE), PAGE(999));
	assert_int_equal(map(0, 2 * PAGE_SIZE, RW, MAP_PRIVATE), PAGE(997));
	assert_int_equal(as->region_count, 1);
	assert_int_equal(map(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE), PAGE(996));
	assert_int_equal(as->region_count, 2);
	assert_int_equal(aspace_unmap(as, PAGE(998), PAGE_SIZE), 0);
	assert_int_equal(map(0, PAGE_SIZE, PROT_NONE, MAP_PRIVATE), PAGE(998));
}

static void mmap_takes_a_hint_if_it_is_free(void **state)
{
	assert_int_equal(map(PAGE(10) + 1, PAGE_SIZE, RW, MAP_PRIVATE), PAGE(11));
	assert_int_equal(map(PAGE(11), PAGE_SIZE, RW, MAP_PRIVATE), PAGE(999));
	assert_int_equal(map(PAGE(10), 2 * PAGE_SIZE, RW, MAP_PRIVATE), PAGE(997));
	assert_int_equal(map(1, PAGE_SIZE, RW, MAP_PRIVATE), USER_MIN);
	assert_int_equal(map(USER_MAX - PAGE_SIZE, 2 * PAGE_SIZE, RW, MAP_PRIVATE), PAGE(995));
}

static void mmap_fixed_replaces_and_noreplace_does_not(void **state)
{
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	store(as, PAGE(1), 1);
	store(as, PAGE(3), 3);
	assert_int_equal(map(PAGE(1), PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED_NOREPLACE), -EEXIST);
	assert_int_equal(load(as, PAGE(1)), 1);
	assert_int_equal(map(PAGE(1), 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED), PAGE(1));
	assert_int_equal(load(as, PAGE(1)), 0);
	assert_int_equal(load(as, PAGE(3)), 3);
	assert_int_equal(as->region_count, 3);
	assert_int_equal(as->mapped_pages, 4);
	assert_int_equal(map(PAGE(4), PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED_NOREPLACE), PAGE(4));
}

static void mmap_fixed_that_fails_has_unmapped_nothing(void **state)
{
	map_anon(as, 0, 8, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 8; i++)
		store(as, PAGE(i), i);
	as->limit_pages = 8;
	assert_int_equal(map(PAGE(2), 8 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED), -ENOMEM);
	/* What is replaced does not count against the limit. */
	as->limit_pages = 10;
	int n = 0;
	for (;; n++) {
		shim_fail_after = n;
		const s64 at = map(PAGE(2), 2 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED);
		if (at == (s64)PAGE(2))
			break;
		assert_int_equal(at, -ENOMEM);
		aspace_check(as);
		for (u64 i = 0; i < 8; i++)
			assert_int_equal(load(as, PAGE(i)), i);
	}
	assert_int_equal(n, 3); /* the object, the region, the other half of the old one */
}

static void mmap_keeps_limits(void **state)
{
	as->limit_pages = 10;
	as->brk_limit_bytes = 5 * PAGE_SIZE;
	assert_int_equal(map(0, 11 * PAGE_SIZE, PROT_READ, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(0, 6 * PAGE_SIZE, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(0, 6 * PAGE_SIZE, RW, MAP_SHARED), PAGE(994));
	assert_int_equal(map(0, 4 * PAGE_SIZE, RW, MAP_PRIVATE), PAGE(990));
	assert_int_equal(map(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE), -ENOMEM);
	as->region_count += REGIONS_MAX;
	as->limit_pages = ~0UL;
	assert_int_equal(map(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE), -ENOMEM);
	as->region_count -= REGIONS_MAX;
}

static void mmap_populate_leaves_nothing_to_fault(void **state)
{
	assert_int_equal(map(PAGE(0), 4 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_POPULATE), PAGE(0));
	assert_int_equal(aspace_resident_pages(as), 4);
	for (u64 i = 0; i < 4; i++)
		assert_true(leaf_at(as, PAGE(i)).bits & PTE_W);
}

static bool ends_at_once(void)
{
	return true;
}

static void populate_goes_on_for_handlers_and_stops_for_the_end(void **state)
{
	const u64 len = 4 * PAGE_SIZE;
	assert_int_equal(map(PAGE(0), len, RW, MAP_PRIVATE), PAGE(0));
	thread_current()->interrupted = true;
	assert_int_equal(aspace_lock(as, PAGE(0), len, false), 0);
	assert_int_equal(aspace_resident_pages(as), 4);
	aspace_user_is_ending = ends_at_once;
	assert_int_equal(map(PAGE(8), len, RW, MAP_PRIVATE | MAP_POPULATE), PAGE(8));
	assert_int_equal(aspace_resident_pages(as), 5);
	aspace_user_is_ending = NULL;
	thread_current()->interrupted = false;
}

static void vdso_is_mapped_and_never_counted(void **state)
{
	static u8 image[2 * PAGE_SIZE] __aligned(4096);
	*(u64 *)&image[PAGE_SIZE] = 77;
	const uaddr_t at = PAGE(998);
	struct vm_object *object = vm_object_create_image(image, 2);
	const struct map_args args = { .addr = at,
				       .len_bytes = 2 * PAGE_SIZE,
				       .prot = PROT_READ | PROT_EXEC,
				       .max_prot = PROT_READ | PROT_EXEC,
				       .object = object };
	assert_int_equal(aspace_build(as, &args), 0);
	vm_object_put(object); /* the region has its own */
	assert_int_equal(load(as, at + PAGE_SIZE), 77);
	assert_int_equal(user_fetch(as, at), 0);
	assert_int_equal(shim_fences.icache, 0);
	assert_int_equal(user_store(as, at, 1), -EACCES);
	assert_int_equal(aspace_protect(as, at, PAGE_SIZE, RW), -EACCES);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_COPY, NULL, &child), 0);
	assert_ptr_equal(frame_at(child, at), frame_at(as, at));
	assert_int_equal(frame_at(as, at)->kind, PAGE_PINNED);
	aspace_put(child);
	assert_int_equal(aspace_advise(as, at, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(user_fetch(as, at), 0);
}

/* ---- munmap ---- */

static void munmap_checks_its_range(void **state)
{
	assert_int_equal(aspace_unmap(as, PAGE(0) + 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(aspace_unmap(as, PAGE(0), 0), -EINVAL);
	assert_int_equal(aspace_unmap(as, PAGE(0), USER_MAX), -EINVAL);
	assert_int_equal(aspace_unmap(as, ~0UL & PAGE_MASK, PAGE_SIZE), -EINVAL);
	assert_int_equal(aspace_unmap(as, PAGE(0), ~0UL), -EINVAL);
	assert_int_equal(aspace_unmap(as, PAGE(0), PAGE_SIZE), 0);
}

static void munmap_takes_pages_and_leaves_the_rest(void **state)
{
	as->harts = 3;
	map_anon(as, 0, 6, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 6; i++)
		store(as, PAGE(i), i);
	shim_fences_reset();
	fence_watch();
	shim_frames_freed = 0;
	assert_int_equal(aspace_unmap(as, PAGE(2), PAGE_SIZE + 1), 0);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(frames_freed_at_fence, 0);
	assert_int_equal(shim_frames_freed, 2);
	assert_int_equal(aspace_fault(as, PAGE(2), ACCESS_READ), -EFAULT);
	assert_int_equal(aspace_fault(as, PAGE(3), ACCESS_READ), -EFAULT);
	assert_int_equal(load(as, PAGE(1)), 1);
	assert_int_equal(load(as, PAGE(4)), 4);
	map_anon(as, 2, 2, RW, MAP_PRIVATE);
	assert_int_equal(load(as, PAGE(2)), 0);
	assert_int_equal(as->region_count, 1);
}

static void munmap_drops_the_object_after_the_lock(void **state)
{
	map_file(as, 0, 4, RW, MAP_SHARED, &file.object, 0);
	store(as, PAGE(0), 1);
	vm_object_get(&file.object);
	assert_int_equal(aspace_unmap(as, PAGE(0), 4 * PAGE_SIZE), 0);
	assert_int_equal(refcount_read(&file.object.refs), 2);
	assert_true(list_is_empty(&file.object.regions));
	assert_int_equal(file.pages[0]->count, 1);
	vm_object_put(&file.object);
}

/* ---- mprotect ---- */

/* Even where a read has it from the start. */
static void mprotect_takes_w_of_shared_memory_until_the_next_write(void **state)
{
	map_anon(as, 0, 1, RW, MAP_SHARED);
	assert_int_equal(load(as, PAGE(0)), 0);
	const pte_t leaf = leaf_at(as, PAGE(0));
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(leaf_at(as, PAGE(0)).bits & PTE_W, 0);
	assert_int_equal(user_store(as, PAGE(0), 1), -EACCES);
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, RW), 0);
	store(as, PAGE(0), 2);
	assert_int_equal(leaf_at(as, PAGE(0)).bits, leaf.bits);
}

static void mprotect_checks_its_arguments(void **state)
{
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	assert_int_equal(aspace_protect(as, PAGE(0) + 1, PAGE_SIZE, RW), -EINVAL);
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, 0x80), -EINVAL);
	assert_int_equal(aspace_protect(as, PAGE(0), 0, RW), 0);
	assert_int_equal(aspace_protect(as, PAGE(0), ~0UL, RW), -ENOMEM);
	assert_int_equal(aspace_protect(as, PAGE(8), PAGE_SIZE, RW), -ENOMEM);
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, PROT_READ | PROT_GROWSDOWN),
			 -EINVAL);
}

static void mprotect_stops_at_a_gap_with_the_part_before_changed(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	map_anon(as, 3, 1, RW, MAP_PRIVATE);
	assert_int_equal(aspace_protect(as, PAGE(1), 3 * PAGE_SIZE, PROT_READ), -ENOMEM);
	assert_int_equal(user_store(as, PAGE(0), 1), 0);
	assert_int_equal(user_store(as, PAGE(1), 1), -EACCES);
	assert_int_equal(user_store(as, PAGE(3), 1), 0);
	struct map_args args = { .addr = PAGE(2),
				 .len_bytes = PAGE_SIZE,
				 .prot = PROT_READ,
				 .flags = MAP_SHARED | MAP_FIXED,
				 .object = &file.object,
				 .max_prot = PROT_READ };
	assert_int_equal(aspace_map(as, &args), PAGE(2));
	assert_int_equal(aspace_protect(as, PAGE(1), 3 * PAGE_SIZE, RW), -EACCES);
	assert_int_equal(user_store(as, PAGE(1), 1), 0);
	assert_int_equal(user_store(as, PAGE(2), 1), -EACCES);
}

static void mprotect_takes_with_a_fence_and_gives_without(void **state)
{
	as->harts = 3;
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 4; i++)
		store(as, PAGE(i), i);
	shim_fences_reset();
	assert_int_equal(aspace_protect(as, PAGE(0), 4 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(as->data_pages, 0);
	assert_int_equal(aspace_protect(as, PAGE(0), 4 * PAGE_SIZE, RW), 0);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(as->data_pages, 4);
	assert_int_equal(as->region_count, 1);
	/* W comes back with the write that wants it, without a copy. */
	const unsigned used = shim_frames_used();
	store(as, PAGE(1), 10);
	assert_int_equal(shim_frames_used(), used);
	assert_int_equal(load(as, PAGE(1)), 10);
	assert_int_equal(load(as, PAGE(2)), 2);
	/* Pages that are not there cost nothing. */
	map_anon(as, 8, 4, RW, MAP_PRIVATE);
	assert_int_equal(aspace_protect(as, PAGE(8), 4 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(shim_fences.remote, 1);
}

static void mprotect_none_keeps_the_frame(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	store(as, PAGE(0), 5);
	struct page *frame = frame_at(as, PAGE(0));
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, PROT_NONE), 0);
	assert_false(pte_is_valid(leaf_at(as, PAGE(0))));
	assert_ptr_equal(frame_at(as, PAGE(0)), frame);
	assert_int_equal(aspace_resident_pages(as), 1);
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_READ), -EACCES);
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(load(as, PAGE(0)), 5);
	assert_int_equal(as->region_count, 2);
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(aspace_unmap(as, PAGE(0), PAGE_SIZE), 0);
}

static void mprotect_write_on_a_file_page_still_copies(void **state)
{
	map_file(as, 0, 1, PROT_READ, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
	assert_int_equal(aspace_protect(as, PAGE(0), PAGE_SIZE, RW), 0);
	store(as, PAGE(0), 1);
	assert_int_equal(*(u64 *)page_to_virt(file.pages[0]), FILE_WORD(0));
	/* And on a shared one the object is told. */
	map_file(as, 1, 1, PROT_READ, MAP_SHARED, &file.object, 1);
	assert_int_equal(load(as, PAGE(1)), FILE_WORD(1));
	assert_int_equal(aspace_protect(as, PAGE(1), PAGE_SIZE, RW), 0);
	assert_int_equal(file.writes, 0);
	store(as, PAGE(1), 1);
	assert_int_equal(file.writes, 1);
}

static void mprotect_exec_makes_code_fetchable_once(void **state)
{
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	for (u64 i = 0; i < 4; i++)
		store(as, PAGE(i), i);
	assert_int_equal(aspace_protect(as, PAGE(0), 4 * PAGE_SIZE, RX), 0);
	assert_int_equal(shim_fences.icache, 1);
	assert_int_equal(user_fetch(as, PAGE(2)), 0);
	assert_int_equal(aspace_protect(as, PAGE(0), 4 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(shim_fences.icache, 1);
}

static void mprotect_without_memory_leaves_a_whole_region(void **state)
{
	map_anon(as, 0, 9, RW, MAP_PRIVATE);
	for (int n = 0; n < 2; n++) {
		shim_fail_after = n;
		assert_int_equal(aspace_protect(as, PAGE(3), PAGE_SIZE, PROT_READ), -ENOMEM);
		assert_int_equal(as->region_count, 1);
		store(as, PAGE(3), 1);
	}
	assert_int_equal(aspace_protect(as, PAGE(3), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(as->region_count, 3);
}

static void mprotect_growsdown_reaches_the_start_of_the_stack(void **state)
{
	map_anon(as, 10, 10, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	assert_int_equal(aspace_protect(as, PAGE(18), PAGE_SIZE, RW | PROT_EXEC | PROT_GROWSDOWN),
			 0);
	assert_int_equal(user_fetch(as, PAGE(10)), 0);
	assert_int_equal(user_fetch(as, PAGE(18)), 0);
	assert_int_equal(user_fetch(as, PAGE(19)), -EACCES);
}

/* ---- brk ---- */

static void brk_grows_and_shrinks(void **state)
{
	assert_int_equal(aspace_brk(as, PAGE(5)), 0); /* no program yet */
	as->brk_start = as->brk_end = PAGE(0);
	assert_int_equal(aspace_brk(as, 0), PAGE(0));
	assert_int_equal(aspace_brk(as, PAGE(2) + 100), PAGE(2) + 100);
	store(as, PAGE(2) + 8, 1);
	assert_int_equal(aspace_brk(as, PAGE(4)), PAGE(4));
	assert_int_equal(as->region_count, 1);
	assert_int_equal(load(as, PAGE(2) + 8), 1);
	assert_int_equal(aspace_brk(as, PAGE(1)), PAGE(1));
	assert_int_equal(user_store(as, PAGE(2), 1), -EFAULT);
	assert_int_equal(aspace_brk(as, PAGE(3)), PAGE(3));
	assert_int_equal(load(as, PAGE(2) + 8), 0);
	assert_int_equal(user_fetch(as, PAGE(0)), -EACCES);
}

static void brk_stays_where_it_cannot_move(void **state)
{
	as->brk_start = as->brk_end = PAGE(0);
	assert_int_equal(aspace_brk(as, PAGE(2)), PAGE(2));
	assert_int_equal(aspace_brk(as, PAGE(0) - 1), PAGE(2));
	map_anon(as, 6, 1, RW, MAP_PRIVATE);
	assert_int_equal(aspace_brk(as, PAGE(6)), PAGE(2)); /* a page stays between */
	assert_int_equal(aspace_brk(as, PAGE(5)), PAGE(5));
	assert_int_equal(aspace_brk(as, PAGE(9)), PAGE(5));
	assert_int_equal(aspace_brk(as, ~0UL), PAGE(5));
	assert_int_equal(aspace_brk(as, USER_MAX), PAGE(5));
	as->brk_limit_bytes = PAGE_SIZE * 3;
	assert_int_equal(aspace_brk(as, PAGE(1)), PAGE(1));
	assert_int_equal(aspace_brk(as, PAGE(4)), PAGE(1));
	/* A heap that has a region becomes larger without memory. */
	shim_fail_after = 0;
	assert_int_equal(aspace_brk(as, PAGE(2)), PAGE(2));
	shim_fail_after = -1;
	assert_int_equal(aspace_brk(as, PAGE(0)), PAGE(0));
	shim_fail_after = 0;
	assert_int_equal(aspace_brk(as, PAGE(2)), PAGE(0));
}

/* ---- madvise ---- */

static void dontneed_drops_private_contents(void **state)
{
	as->harts = 3;
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	map_file(as, 4, 4, RW, MAP_PRIVATE, &file.object, 0);
	map_anon(as, 8, 4, RW, MAP_SHARED);
	for (u64 i = 0; i < 12; i++)
		store(as, PAGE(i), 100 + i);
	shim_fences_reset();
	fence_watch();
	shim_frames_freed = 0;
	assert_int_equal(aspace_advise(as, PAGE(1), 9 * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(frames_freed_at_fence, 0);
	assert_int_equal(load(as, PAGE(0)), 100);
	assert_int_equal(load(as, PAGE(1)), 0);
	assert_int_equal(load(as, PAGE(4)), FILE_WORD(0));
	assert_int_equal(load(as, PAGE(8)), 108);
	assert_int_equal(load(as, PAGE(10)), 110);
}

static void fork_dontneed(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	assert_int_equal(aspace_advise(as, PAGE(0), PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(load(as, PAGE(0)), 0);
	assert_int_equal(load(child, PAGE(0)), 1);
	aspace_put(child);
	assert_int_equal(load(as, PAGE(0)), 0);
}

static void madvise_answers_as_linux_does(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	map_anon(as, 3, 1, RW, MAP_PRIVATE);
	map_file(as, 4, 1, RW, MAP_PRIVATE, &file.object, 0);
	store(as, PAGE(3), 1);
	assert_int_equal(aspace_advise(as, PAGE(0), PAGE_SIZE, 12345), -EINVAL);
	assert_int_equal(aspace_advise(as, PAGE(0) + 1, PAGE_SIZE, MADV_NORMAL), -EINVAL);
	assert_int_equal(aspace_advise(as, PAGE(0), ~0UL, MADV_NORMAL), -EINVAL);
	assert_int_equal(aspace_advise(as, PAGE(0), 0, MADV_DONTNEED), 0);
	assert_int_equal(aspace_advise(as, PAGE(0), 2 * PAGE_SIZE, MADV_WILLNEED), 0);
	/* A gap is told of, and what lies behind it is done. */
	assert_int_equal(aspace_advise(as, PAGE(0), 4 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	assert_int_equal(load(as, PAGE(3)), 0);
	assert_int_equal(aspace_advise(as, PAGE(4), 2 * PAGE_SIZE, MADV_NORMAL), -ENOMEM);
	assert_int_equal(aspace_advise(as, PAGE(3), 2 * PAGE_SIZE, MADV_FREE), -EINVAL);
	assert_int_equal(aspace_advise(as, USER_MAX, PAGE_SIZE, MADV_NORMAL), -ENOMEM);
}

/* ---- looking at regions ---- */

static struct {
	unsigned count;
	uaddr_t last_end;
} listed;

static void list_one(const struct region_info *info, void *arg)
{
	assert_ptr_equal(arg, &listed);
	assert_true(info->start >= listed.last_end);
	listed.last_end = info->end;
	listed.count++;
}

static void regions_are_listed_in_order(void **state)
{
	map_anon(as, 30, 1, RW, MAP_PRIVATE);
	map_file(as, 10, 2, RX, MAP_PRIVATE, &file.object, 0);
	map_anon(as, 20, 1, RW, MAP_SHARED);
	aspace_for_each_region(as, list_one, &listed);
	assert_int_equal(listed.count, 3);
}

static void a_region_is_found_by_any_address_in_it(void **state)
{
	struct region_info info = { .start = 1 };
	map_anon(as, 30, 1, RW, MAP_PRIVATE);
	map_file(as, 10, 2, RX, MAP_PRIVATE, &file.object, 0);
	assert_true(aspace_region_at(as, PAGE(12) - 1, &info));
	assert_int_equal(info.start, PAGE(10));
	assert_int_equal(info.end, PAGE(12));
	assert_ptr_equal(info.object, &file.object);
	assert_false(aspace_region_at(as, PAGE(12), &info));
	assert_true(aspace_region_at(as, PAGE(30), &info));
	assert_null(info.object);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mmap_refuses_what_linux_refuses),
		T(mmap_goes_down_from_the_top_and_unites),
		T(mmap_takes_a_hint_if_it_is_free),
		T(mmap_fixed_replaces_and_noreplace_does_not),
		T(mmap_fixed_that_fails_has_unmapped_nothing),
		T(mmap_keeps_limits),
		T(mmap_populate_leaves_nothing_to_fault),
		T(populate_goes_on_for_handlers_and_stops_for_the_end),
		T(vdso_is_mapped_and_never_counted),
		T(munmap_checks_its_range),
		T(munmap_takes_pages_and_leaves_the_rest),
		T(munmap_drops_the_object_after_the_lock),
		T(mprotect_checks_its_arguments),
		T(mprotect_takes_w_of_shared_memory_until_the_next_write),
		T(mprotect_stops_at_a_gap_with_the_part_before_changed),
		T(mprotect_takes_with_a_fence_and_gives_without),
		T(mprotect_none_keeps_the_frame),
		T(mprotect_write_on_a_file_page_still_copies),
		T(mprotect_exec_makes_code_fetchable_once),
		T(mprotect_without_memory_leaves_a_whole_region),
		T(mprotect_growsdown_reaches_the_start_of_the_stack),
		T(brk_grows_and_shrinks),
		T(brk_stays_where_it_cannot_move),
		T(dontneed_drops_private_contents),
		T(fork_dontneed),
		T(madvise_answers_as_linux_does),
		T(regions_are_listed_in_order),
		T(a_region_is_found_by_any_address_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
