// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* The case table of mm/vmm/fault.c: a test for each row, of that row's name. What else is to hold
 * is test_fault_rules.c's. */
#include "tests/host/vmm_fixture.h"

#include "mm/vmm/fault.h"
#include "mm/vmm/ptable.h"

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

static void fault_no_region(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(aspace_fault(as, PAGE(1), ACCESS_READ), -EFAULT);
	assert_int_equal(aspace_fault(as, PAGE(0) - 1, ACCESS_WRITE), -EFAULT);
	assert_int_equal(aspace_fault(as, 0, ACCESS_READ), -EFAULT);
	assert_int_equal(aspace_fault(as, ~0UL, ACCESS_READ), -EFAULT);
	assert_int_equal(aspace_fault(as, 0xffffffc000000000, ACCESS_READ), -EFAULT);
	assert_int_equal(shim_fences.local, 0);
}

static void fault_protection(void **state)
{
	map_anon(as, 0, 1, PROT_READ, MAP_PRIVATE);
	map_anon(as, 1, 1, PROT_NONE, MAP_PRIVATE);
	map_anon(as, 2, 1, PROT_EXEC, MAP_PRIVATE);
	map_anon(as, 3, 1, PROT_WRITE, MAP_PRIVATE);
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), -EACCES);
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_EXEC), -EACCES);
	assert_int_equal(aspace_fault(as, PAGE(1), ACCESS_READ), -EACCES);
	assert_int_equal(aspace_fault(as, PAGE(2), ACCESS_READ), -EACCES);
	assert_int_equal(aspace_fault(as, PAGE(2), ACCESS_EXEC), 0);
	/* Write brings read: the hardware has no write-only pages. */
	assert_int_equal(aspace_fault(as, PAGE(3), ACCESS_READ), 0);
	assert_int_equal(aspace_fault(as, PAGE(3), ACCESS_WRITE), 0);
}

static void fault_protection_is_never_taken_for_copy_on_write(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	assert_int_equal(aspace_protect(child, PAGE(0), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(user_store(child, PAGE(0), 2), -EACCES);
	aspace_check(child);
	aspace_put(child);
	assert_int_equal(load(as, PAGE(0)), 1);
}

static void fault_spurious(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	const pte_t before = leaf_at(as, PAGE(0));
	shim_fences_reset();
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), FAULT_SPURIOUS);
	assert_int_equal(leaf_at(as, PAGE(0)).bits, before.bits);
	assert_int_equal(shim_fences.local, 1);
	assert_int_equal(shim_fences.remote, 0);
}

/* Clear @bits behind the kernel's back, as nothing in it does. */
static void damage_leaf(uaddr_t va, u64 bits)
{
	pte_t *slot;
	assert_int_equal(ptable_own_path(as, va, false, &slot), 0);
	slot->bits &= ~bits;
}

static void fault_accessed_dirty(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	const pte_t whole = leaf_at(as, PAGE(0));
	static const u64 lost[] = { PTE_A, PTE_D, PTE_A | PTE_D };
	const u64 before = fault_entries_mended;
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		damage_leaf(PAGE(0), lost[i]);
		assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), FAULT_SPURIOUS);
		assert_int_equal(leaf_at(as, PAGE(0)).bits, whole.bits);
	}
	assert_int_equal(fault_entries_mended - before, ARRAY_SIZE(lost));
	/* A page that may not be written needs no D. */
	load(as, PAGE(1));
	damage_leaf(PAGE(1), PTE_A);
	assert_int_equal(aspace_fault(as, PAGE(1), ACCESS_READ), FAULT_SPURIOUS);
	assert_int_equal(leaf_at(as, PAGE(1)).bits & (PTE_A | PTE_D), PTE_A);
	/* Whole ones are left alone. */
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), FAULT_SPURIOUS);
	assert_int_equal(fault_entries_mended - before, ARRAY_SIZE(lost) + 1);
}

static void anon_zero(void **state)
{
	as->harts = 1;
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	const unsigned used = shim_frames_used();
	assert_int_equal(load(as, PAGE(0)), 0);
	assert_int_equal(frame_at(as, PAGE(0))->kind, PAGE_PINNED);
	assert_int_equal(load(as, PAGE(1)), 0);
	assert_ptr_equal(frame_at(as, PAGE(1)), frame_at(as, PAGE(0)));
	assert_int_equal(shim_frames_used(), used + 2); /* two tables, no frame */

	store(as, PAGE(2), 7);
	assert_int_equal(frame_at(as, PAGE(2))->kind, PAGE_ANON);
	assert_int_equal(load(as, PAGE(2)), 7);
	assert_int_equal(load(as, PAGE(2) + 8), 0);
	assert_int_equal(shim_fences.remote, 0);
	assert_int_equal(shim_fences.local, 3);
}

static void zero_page_gives_way_to_an_own_page(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(as, PAGE(0)), 0);
	struct page *zero = frame_at(as, PAGE(0));
	store(as, PAGE(0), 5);
	assert_ptr_not_equal(frame_at(as, PAGE(0)), zero);
	assert_int_equal(*(u64 *)page_to_virt(zero), 0);
	assert_int_equal(load(as, PAGE(0) + 8), 0);
}

static void cow_last_owner(void **state)
{
	as->harts = 3;
	map_anon(as, 0, 4, RW, MAP_PRIVATE);
	map_anon(as, 4, 4, RW | PROT_EXEC, MAP_PRIVATE); /* another region in the same group of
							    eight */
	for (u64 i = 0; i < 8; i++)
		store(as, PAGE(i), i);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	aspace_put(child);
	for (u64 i = 0; i < 8; i++)
		assert_true(leaf_at(as, PAGE(i)).bits & PTE_COW);

	shim_fences_reset();
	const unsigned used = shim_frames_used();
	struct page *frame = frame_at(as, PAGE(1));
	store(as, PAGE(1), 100);
	assert_ptr_equal(frame_at(as, PAGE(1)), frame);
	assert_int_equal(shim_frames_used(), used);
	/* Neighbours come along, to the end of the region and not further. */
	for (u64 i = 0; i < 4; i++)
		assert_int_equal(leaf_at(as, PAGE(i)).bits & (PTE_W | PTE_COW), PTE_W);
	for (u64 i = 4; i < 8; i++)
		assert_int_equal(leaf_at(as, PAGE(i)).bits & (PTE_W | PTE_COW), PTE_COW);
	/* W was only given. */
	assert_int_equal(shim_fences.remote, 0);
	assert_int_equal(shim_fences.local, 1);
	assert_int_equal(shim_fences.icache, 0);
}

static void cow_copy(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	store(as, PAGE(1), 2);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	store(child, PAGE(0), 10);
	assert_int_equal(load(as, PAGE(0)), 1);
	assert_int_equal(load(child, PAGE(0)), 10);
	assert_int_equal(load(child, PAGE(1)), 2);
	/* The neighbour is still shared, so it was not taken over. */
	assert_ptr_equal(frame_at(child, PAGE(1)), frame_at(as, PAGE(1)));
	store(as, PAGE(1), 20);
	assert_int_equal(load(child, PAGE(1)), 2);
	aspace_check(child);
	aspace_put(child);
}

static void file_read(void **state)
{
	map_file(as, 0, 4, RW, MAP_PRIVATE, &file.object, 2);
	map_file(as, 4, 4, RW, MAP_SHARED, &file.object, 2);
	assert_int_equal(load(as, PAGE(1)), FILE_WORD(3));
	assert_int_equal(load(as, PAGE(5)), FILE_WORD(3));
	assert_ptr_equal(frame_at(as, PAGE(1)), file.pages[3]);
	assert_int_equal(file.pages[3]->count, 1); /* the file's: leaves do not count */
	assert_int_equal(leaf_at(as, PAGE(1)).bits & (PTE_W | PTE_COW | PTE_COUNTED), PTE_COW);
	assert_int_equal(leaf_at(as, PAGE(5)).bits & (PTE_W | PTE_COW | PTE_COUNTED), 0);
	assert_int_equal(file.writes, 0);
}

/* Let the first ten pages of the file be in memory, of which nine are inside it. */
static void fill_file(void)
{
	map_file(as, 64, 10, RW, MAP_SHARED, &file.object, 0);
	for (u64 i = 0; i < 10; i++)
		(void)load(as, PAGE(64) + i * PAGE_SIZE);
	file.tells = true;
	file.size_pages = 9;
	file.reads = 0;
}

/* What is in memory of the same 128 KiB of addresses, within file and region. */
static void file_read_around(void **state)
{
	fill_file();
	map_file(as, 28, 10, RW, MAP_PRIVATE, &file.object, 2);
	store(as, PAGE(30), 42);
	assert_int_equal(as->resident_pages, 11);
	file.reads = 0;
	assert_int_equal(load(as, PAGE(29)), FILE_WORD(3));
	assert_true(pte_is_none(leaf_at(as, PAGE(27)))); /* no region */
	assert_ptr_equal(frame_at(as, PAGE(28)), file.pages[2]);
	assert_int_equal(load(as, PAGE(30)), 42);
	assert_ptr_equal(frame_at(as, PAGE(31)), file.pages[5]);
	assert_int_equal(leaf_at(as, PAGE(31)).bits & (PTE_W | PTE_COW | PTE_COUNTED), PTE_COW);
	assert_int_equal(file.pages[5]->count, 1);
	assert_true(pte_is_none(leaf_at(as, PAGE(32)))); /* the next 128 KiB */
	assert_int_equal(as->resident_pages, 14);
	assert_int_equal(load(as, PAGE(33)), FILE_WORD(7));
	assert_ptr_equal(frame_at(as, PAGE(34)), file.pages[8]);
	assert_true(pte_is_none(leaf_at(as, PAGE(35)))); /* past the end */
	file.size_pages = FAKE_FILE_PAGES;
	assert_int_equal(load(as, PAGE(35)), FILE_WORD(9));
	assert_true(pte_is_none(leaf_at(as, PAGE(36)))); /* not in memory */
	assert_int_equal(as->resident_pages, 18);
	assert_int_equal(file.reads, 0);
	assert_int_equal(load(as, PAGE(36)), FILE_WORD(10));
	assert_int_equal(file.reads, 1);
	/* What came along is written like what was read. */
	store(as, PAGE(34), 43);
	assert_int_equal(*(u64 *)page_to_virt(file.pages[8]), FILE_WORD(8));
	aspace_check(as);
}

/* The same of code, which is made fetchable once. */
static void file_read_around_code(void **state)
{
	fill_file();
	map_file(as, 1, 6, RX, MAP_PRIVATE, &file.object, 4);
	shim_fences_reset();
	assert_int_equal(user_fetch(as, PAGE(2)), 0);
	assert_ptr_equal(frame_at(as, PAGE(1)), file.pages[4]);
	assert_ptr_equal(frame_at(as, PAGE(5)), file.pages[8]);
	assert_int_equal(leaf_at(as, PAGE(5)).bits & (PTE_W | PTE_R | PTE_X), PTE_R | PTE_X);
	assert_true(pte_is_none(leaf_at(as, PAGE(6)))); /* past the end */
	assert_int_equal(shim_fences.icache, 1);
	assert_int_equal(file.reads, 0);
	assert_int_equal(as->resident_pages, 15);
	/* Reading what is constant there, too. */
	assert_int_equal(load(as, PAGE(5)), FILE_WORD(8));
	aspace_check(as);
}

static void file_private_write(void **state)
{
	map_file(as, 0, 4, RW, MAP_PRIVATE, &file.object, 0);
	store(as, PAGE(1), 42);
	assert_int_equal(frame_at(as, PAGE(1))->kind, PAGE_ANON);
	assert_int_equal(*(u64 *)page_to_virt(file.pages[1]), FILE_WORD(1));
	assert_int_equal(file.pages[1]->count, 1);
	assert_int_equal(file.writes, 0);
	/* Read first, written then. */
	assert_int_equal(load(as, PAGE(2)), FILE_WORD(2));
	store(as, PAGE(2), 43);
	assert_int_equal(*(u64 *)page_to_virt(file.pages[2]), FILE_WORD(2));
	assert_int_equal(file.pages[2]->count, 1);
}

/* The end of a program's data. */
static void file_private_write_up_to_a_byte(void **state)
{
	map_file(as, 0, 2, RW, MAP_PRIVATE, &file.object, 0);
	(void)load(as, PAGE(0));
	(void)load(as, PAGE(1));
	u8 *in_file = page_to_virt(file.pages[1]);
	memset(in_file + sizeof(u64), 0xee, PAGE_SIZE - sizeof(u64));
	assert_int_equal(aspace_unmap(as, PAGE(0), 2 * PAGE_SIZE), 0);

	map_file(as, 0, 2, RW | PROT_EXEC, MAP_PRIVATE, &file.object, 0);
	shim_fences_reset();
	assert_int_equal(aspace_clear_tail(as, PAGE(1) + sizeof(u64) + 1), 0);
	const u8 *own = page_to_virt(frame_at(as, PAGE(1)));
	assert_ptr_not_equal(own, in_file);
	assert_int_equal(*(const u64 *)own, FILE_WORD(1));
	assert_int_equal(own[sizeof(u64)], 0xee);
	for (size_t i = sizeof(u64) + 1; i < PAGE_SIZE; i++)
		assert_int_equal(own[i], 0);
	assert_int_equal(in_file[PAGE_SIZE - 1], 0xee);
	assert_int_equal(shim_fences.icache, 1);
	/* A page that is all of the file's. */
	store(as, PAGE(0) + sizeof(u64), 1);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
}

static void file_shared_write(void **state)
{
	map_file(as, 0, 4, RW, MAP_SHARED, &file.object, 0);
	store(as, PAGE(1), 42);
	assert_ptr_equal(frame_at(as, PAGE(1)), file.pages[1]);
	assert_int_equal(*(u64 *)page_to_virt(file.pages[1]), 42);
	assert_int_equal(file.writes, 1);
	assert_int_equal(file.pages[1]->count, 1);
	/* Read first: the write is still told to the object. */
	assert_int_equal(load(as, PAGE(2)), FILE_WORD(2));
	assert_int_equal(file.writes, 1);
	store(as, PAGE(2), 43);
	assert_int_equal(file.writes, 2);
	assert_int_equal(file.pages[2]->count, 1);
	assert_int_equal(leaf_at(as, PAGE(2)).bits & (PTE_W | PTE_COW | PTE_COUNTED), PTE_W);
}

/* Nobody asks which of its pages were written; where the region allows no write, there is none. */
static void shared_memory_may_be_written_from_its_first_read_on(void **state)
{
	map_anon(as, 0, 1, RW, MAP_SHARED);
	assert_int_equal(load(as, PAGE(0)), 0);
	assert_int_equal(frame_at(as, PAGE(0))->kind, PAGE_FILE);
	const pte_t leaf = leaf_at(as, PAGE(0));
	assert_int_equal(leaf.bits & (PTE_W | PTE_COW | PTE_COUNTED), PTE_W);
	store(as, PAGE(0), 42);
	assert_int_equal(leaf_at(as, PAGE(0)).bits, leaf.bits);
	assert_int_equal(as->events.n[EVENT_FAULTS_SPURIOUS], 0);

	map_anon(as, 1, 1, PROT_READ, MAP_SHARED);
	assert_int_equal(load(as, PAGE(1)), 0);
	assert_int_equal(leaf_at(as, PAGE(1)).bits & (PTE_W | PTE_COW | PTE_COUNTED), 0);
	assert_int_equal(user_store(as, PAGE(1), 1), -EACCES);
}

static void file_shared_write_may_change_the_frame(void **state)
{
	as->harts = 3;
	map_file(as, 0, 1, RW, MAP_SHARED, &file.object, 0);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
	/* A hole that was only read gets a page of its own now. */
	struct page *hole = file.pages[0];
	file.pages[0] = NULL;
	store(as, PAGE(0), 1);
	assert_ptr_equal(frame_at(as, PAGE(0)), file.pages[0]);
	assert_int_equal(shim_fences.remote, 1);
	assert_int_equal(hole->count, 1);
	pmm_put(hole);
}

static void file_refault(void **state)
{
	map_file(as, 0, 4, PROT_READ, MAP_PRIVATE, &file.object, 0);
	file.must_wait = true;
	assert_int_equal(load(as, PAGE(1)), FILE_WORD(1));
	assert_int_equal(file.waits, 1);
}

static void unmap_while_waiting(void)
{
	assert_int_equal(aspace_unmap(as, PAGE(0), 4 * PAGE_SIZE), 0);
}

static void file_refault_starts_from_the_region_again(void **state)
{
	map_file(as, 0, 4, PROT_READ, MAP_PRIVATE, &file.object, 0);
	file.must_wait = true;
	file.on_wait = unmap_while_waiting;
	assert_int_equal(aspace_fault(as, PAGE(1), ACCESS_READ), -EFAULT);
	assert_true(pte_is_none(leaf_at(as, PAGE(1))));
}

static void file_past_end(void **state)
{
	map_file(as, 0, 20, RW, MAP_SHARED, &file.object, 0);
	map_file(as, 20, 20, RW, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(aspace_fault(as, PAGE(16), ACCESS_READ), -EIO);
	assert_int_equal(aspace_fault(as, PAGE(16), ACCESS_WRITE), -EIO);
	assert_int_equal(aspace_fault(as, PAGE(36), ACCESS_READ), -EIO);
	assert_int_equal(aspace_fault(as, PAGE(36), ACCESS_WRITE), -EIO);
	assert_int_equal(aspace_fault(as, PAGE(15), ACCESS_READ), 0);
}

/* The kernel's part of oom_kills_one: the fault says so and leaves everything as it was. */
static void out_of_memory_is_reported_and_changes_nothing(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	map_file(as, 1, 1, RW, MAP_PRIVATE, &file.object, 0);
	for (int page = 0; page < 2; page++) {
		int n = 0;
		for (;; n++) {
			ptable_shrink();
			shim_fail_after = n;
			const int err = aspace_fault(as, PAGE(page), ACCESS_WRITE);
			if (err == 0)
				break;
			assert_int_equal(err, -ENOMEM);
			assert_true(pte_is_none(leaf_at(as, PAGE(page))));
			aspace_check(as);
		}
		assert_in_range(n, 1, 4);
		shim_fail_after = -1;
	}
}

static void cow_copy_without_memory_keeps_the_leaf(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	shim_fail_after = 0;
	assert_int_equal(user_store(child, PAGE(0), 2), -ENOMEM);
	assert_int_equal(load(child, PAGE(0)), 1);
	store(child, PAGE(0), 2);
	assert_int_equal(load(as, PAGE(0)), 1);
	aspace_put(child);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(fault_no_region),
		T(fault_protection),
		T(fault_protection_is_never_taken_for_copy_on_write),
		T(fault_spurious),
		T(fault_accessed_dirty),
		T(anon_zero),
		T(zero_page_gives_way_to_an_own_page),
		T(cow_last_owner),
		T(cow_copy),
		T(file_read),
		T(file_read_around),
		T(file_read_around_code),
		T(file_private_write),
		T(file_private_write_up_to_a_byte),
		T(file_shared_write),
		T(file_shared_write_may_change_the_frame),
		T(shared_memory_may_be_written_from_its_first_read_on),
		T(file_refault),
		T(file_refault_starts_from_the_region_again),
		T(file_past_end),
		T(out_of_memory_is_reported_and_changes_nothing),
		T(cow_copy_without_memory_keeps_the_leaf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
