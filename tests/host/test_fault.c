// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* The case table of mm/vmm/fault.c: a test for each row, of that row's name, and what the rules of
 * docs/fork.md add. */
#include "tests/host/vmm_fixture.h"

#include "arch/riscv/cpu/layout.h"
#include "mm/vmm/fault.h"
#include "mm/vmm/ptable.h"

static struct aspace *as;
static struct fake_file file;

static int setup(void **state)
{
	vmm_setup(state);
	as = aspace_create();
	fake_file_init(&file);
	return 0;
}

static int teardown(void **state)
{
	aspace_check(as);
	as->harts = 0;
	aspace_put(as);
	fake_file_fini(&file);
	return vmm_teardown(state);
}

/* ---- the rows ---- */

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
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), 0);
	assert_int_equal(leaf_at(as, PAGE(0)).bits, before.bits);
	assert_int_equal(shim_fences.local, 1);
	assert_int_equal(shim_fences.remote, 0);
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
	assert_int_equal(file.pages[3]->count, 3);
	assert_int_equal(leaf_at(as, PAGE(1)).bits & (PTE_W | PTE_COW | PTE_KEEP), PTE_COW);
	assert_int_equal(leaf_at(as, PAGE(5)).bits & (PTE_W | PTE_COW | PTE_KEEP), PTE_KEEP);
	assert_int_equal(file.writes, 0);
}

/* Page after page: the second brings those in memory that follow, within file and region. */
static void file_read_ahead(void **state)
{
	file.tells = true;
	map_file(as, 0, 10, RW, MAP_PRIVATE, &file.object, 4);
	map_file(as, 20, 10, RW, MAP_SHARED, &file.object, 0);
	for (u64 i = 0; i < FAKE_FILE_PAGES; i++)
		(void)load(as, PAGE(20) + (i < 10 ? i : 9) * PAGE_SIZE);
	/* Pages 0 to 9 are there. */
	file.size_pages = 9;
	(void)load(as, PAGE(1));
	assert_true(pte_is_none(leaf_at(as, PAGE(2)))); /* the one before was not read */
	store(as, PAGE(3), 42);                         /* nor this */
	assert_int_equal(as->resident_pages, 12);
	const unsigned reads = file.reads;
	assert_int_equal(load(as, PAGE(2)), FILE_WORD(6));
	assert_int_equal(file.reads, reads);
	assert_int_equal(load(as, PAGE(3)), 42);
	assert_ptr_equal(frame_at(as, PAGE(4)), file.pages[8]);
	assert_int_equal(leaf_at(as, PAGE(4)).bits & (PTE_W | PTE_COW | PTE_KEEP), PTE_COW);
	assert_int_equal(file.pages[8]->count, 3);
	assert_int_equal(file.pages[7]->count, 2);      /* the file and the other region */
	assert_true(pte_is_none(leaf_at(as, PAGE(5)))); /* past the end */
	assert_int_equal(as->resident_pages, 14);
	file.size_pages = FAKE_FILE_PAGES;
	assert_int_equal(load(as, PAGE(5)), FILE_WORD(9));
	assert_true(pte_is_none(leaf_at(as, PAGE(6)))); /* not in memory */
	aspace_check(as);
}

/* Code: what is in memory of the same 16 KiB of addresses, within file and region. */
static void file_read_around_code(void **state)
{
	file.tells = true;
	map_file(as, 20, 10, RW, MAP_SHARED, &file.object, 0);
	for (u64 i = 0; i < 10; i++)
		(void)load(as, PAGE(20) + i * PAGE_SIZE);
	/* Pages 0 to 9 are there. */
	file.size_pages = 9;
	map_file(as, 1, 6, RX, MAP_PRIVATE, &file.object, 4);
	file.reads = 0;
	shim_fences_reset();
	assert_int_equal(user_fetch(as, PAGE(2)), 0);
	assert_true(pte_is_none(leaf_at(as, PAGE(0)))); /* no region */
	assert_ptr_equal(frame_at(as, PAGE(1)), file.pages[4]);
	assert_ptr_equal(frame_at(as, PAGE(3)), file.pages[6]);
	assert_int_equal(leaf_at(as, PAGE(3)).bits & (PTE_W | PTE_R | PTE_X), PTE_R | PTE_X);
	assert_true(pte_is_none(leaf_at(as, PAGE(4)))); /* the next 16 KiB */
	assert_int_equal(shim_fences.icache, 1);
	assert_int_equal(file.reads, 0);
	assert_int_equal(as->resident_pages, 13);
	/* Reading what is constant there, too. */
	assert_int_equal(load(as, PAGE(5)), FILE_WORD(8));
	assert_ptr_equal(frame_at(as, PAGE(4)), file.pages[7]);
	assert_true(pte_is_none(leaf_at(as, PAGE(6)))); /* past the end */
	file.size_pages = FAKE_FILE_PAGES;
	assert_int_equal(user_fetch(as, PAGE(6)), 0);
	assert_int_equal(file.reads, 0);
	assert_int_equal(as->resident_pages, 16);
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
	assert_int_equal(file.pages[1]->count, 2);
	/* Read first: the write is still told to the object. */
	assert_int_equal(load(as, PAGE(2)), FILE_WORD(2));
	assert_int_equal(file.writes, 1);
	store(as, PAGE(2), 43);
	assert_int_equal(file.writes, 2);
	assert_int_equal(file.pages[2]->count, 2);
	assert_int_equal(leaf_at(as, PAGE(2)).bits & (PTE_W | PTE_COW | PTE_KEEP),
			 PTE_W | PTE_KEEP);
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

/* ---- what docs/fork.md adds ---- */

static void cow_private_file_modified(void **state)
{
	map_file(as, 0, 2, RW, MAP_PRIVATE, &file.object, 0);
	store(as, PAGE(0), 42); /* .data, changed before the fork */
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	store(child, PAGE(0) + 8, 1);
	assert_int_equal(load(child, PAGE(0)), 42);
	store(as, PAGE(0) + 8, 2);
	assert_int_equal(load(as, PAGE(0)), 42);
	assert_int_equal(load(child, PAGE(0) + 8), 1);
	aspace_check(child);
	aspace_put(child);
}

static void cow_private_file_evicted(void **state)
{
	map_file(as, 0, 1, RW, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
	/* The page cache lets go: the leaf is the only holder, and still it is no anonymous frame.
	 */
	struct page *page = file.pages[0];
	file.pages[0] = NULL;
	pmm_put(page);
	assert_int_equal(page->count, 1);
	pmm_get(page); /* somebody's read of the device in flight */
	pmm_put(page);
	store(as, PAGE(0), 1);
	assert_ptr_not_equal(frame_at(as, PAGE(0)), page);
	assert_int_equal(load(as, PAGE(0)), 1);
}

static struct page *frame_before;
static bool leaf_was_none, frame_was_alive;

static void look_during_fence(u64 harts)
{
	leaf_was_none = pte_is_none(leaf_at(as, PAGE(0)));
	frame_was_alive = frame_before->kind != PAGE_FREE;
	assert_int_equal(harts, 6); /* the others, not this one */
}

static void cow_threads_coherent(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	as->harts = 7;
	frame_before = frame_at(as, PAGE(0));
	shim_fences_reset();
	shim_on_fence = look_during_fence;
	store(as, PAGE(0), 2);
	assert_int_equal(shim_fences.remote, 1);
	assert_true(leaf_was_none);
	assert_true(frame_was_alive);
	aspace_put(child);
}

static void zero_page_threads_coherent(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(as, PAGE(0)), 0);
	as->harts = 7;
	frame_before = frame_at(as, PAGE(0));
	shim_fences_reset();
	shim_on_fence = look_during_fence;
	store(as, PAGE(0), 2);
	assert_int_equal(shim_fences.remote, 1);
	assert_true(leaf_was_none);
}

static void cow_copy_on_one_hart_needs_no_remote_fence(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(as, PAGE(0)), 0);
	as->harts = 1;
	shim_fences_reset();
	store(as, PAGE(0), 2);
	assert_int_equal(shim_fences.remote, 0);
	assert_int_not_equal(shim_fences.local, 0);
}

static void every_leaf_has_accessed_and_dirty(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	map_file(as, 2, 2, RW, MAP_SHARED, &file.object, 0);
	load(as, PAGE(0));
	store(as, PAGE(1), 1);
	load(as, PAGE(2));
	store(as, PAGE(3), 1);
	for (u64 i = 0; i < 4; i++) {
		const pte_t e = leaf_at(as, PAGE(i));
		assert_true(e.bits & PTE_A);
		assert_true(!(e.bits & PTE_W) || (e.bits & PTE_D));
	}
	pte_t slot = pte_none();
	expect_panic(ptable_store(&slot, (pte_t){ 1 << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_U }));
	expect_panic(ptable_store(&slot, (pte_t){ 1 << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_W |
						  PTE_U | PTE_A }));
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
		assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), 0);
		assert_int_equal(leaf_at(as, PAGE(0)).bits, whole.bits);
	}
	assert_int_equal(fault_entries_mended - before, ARRAY_SIZE(lost));
	/* A page that may not be written needs no D. */
	load(as, PAGE(1));
	damage_leaf(PAGE(1), PTE_A);
	assert_int_equal(aspace_fault(as, PAGE(1), ACCESS_READ), 0);
	assert_int_equal(leaf_at(as, PAGE(1)).bits & (PTE_A | PTE_D), PTE_A);
	/* Whole ones are left alone. */
	assert_int_equal(aspace_fault(as, PAGE(0), ACCESS_WRITE), 0);
	assert_int_equal(fault_entries_mended - before, ARRAY_SIZE(lost) + 1);
}

static void fresh_code_is_made_fetchable_once(void **state)
{
	/* A page of a file: the owner says when it was written. */
	map_file(as, 0, 4, RX, MAP_PRIVATE, &file.object, 0);
	vm_object_mark_written(&file.object);
	assert_int_equal(user_fetch(as, PAGE(0)), 0);
	assert_int_equal(shim_fences.icache, 1);
	assert_int_equal(user_fetch(as, PAGE(1)), 0);
	assert_int_equal(shim_fences.icache, 1);
	vm_object_mark_written(&file.object);
	assert_int_equal(user_fetch(as, PAGE(2)), 0);
	assert_int_equal(shim_fences.icache, 2);

	/* A private copy of code. */
	map_file(as, 4, 4, RW | PROT_EXEC, MAP_PRIVATE, &file.object, 0);
	store(as, PAGE(4), 1);
	assert_int_equal(shim_fences.icache, 3);
	assert_int_equal(load(as, PAGE(5)), FILE_WORD(1));
	assert_int_equal(shim_fences.icache, 3);
	store(as, PAGE(5), 1);
	assert_int_equal(shim_fences.icache, 4);

	/* The kernel writes into it. */
	const u64 word = 7;
	assert_int_equal(aspace_write(as, PAGE(5), &word, sizeof(word)), sizeof(word));
	assert_int_equal(shim_fences.icache, 5);

	/* It moves, so it may be in another line of a cache. */
	const struct remap_args move = {
		.addr = PAGE(5),
		.old_len_bytes = PAGE_SIZE,
		.new_addr = PAGE(20),
		.new_len_bytes = PAGE_SIZE,
		.flags = MREMAP_MAYMOVE | MREMAP_FIXED,
	};
	assert_int_equal(aspace_remap(as, &move), PAGE(20));
	assert_int_equal(shim_fences.icache, 6);

	/* Data alone costs nothing. */
	map_anon(as, 8, 1, RW, MAP_PRIVATE);
	store(as, PAGE(8), 1);
	assert_int_equal(aspace_write(as, PAGE(8), &word, sizeof(word)), sizeof(word));
	assert_int_equal(shim_fences.icache, 6);
}

static void owner_that_never_tells_is_never_believed(void **state)
{
	map_file(as, 0, 4, RX, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(user_fetch(as, PAGE(0)), 0);
	assert_int_equal(user_fetch(as, PAGE(1)), 0);
	/* Each time for what is in memory around the page, and for the page, which is not. */
	assert_int_equal(shim_fences.icache, 4);
}

static void stack_grows_to_its_limit_and_keeps_a_guard(void **state)
{
	as->stack_limit_bytes = 2000 * PAGE_SIZE;
	map_anon(as, 3000, 10, RW, MAP_PRIVATE | MAP_GROWSDOWN | MAP_STACK);
	store(as, PAGE(2900), 1);
	assert_int_equal(as->mapped_pages, 110);
	assert_int_equal(as->data_pages, 0);
	/* The limit on the whole space holds for stacks too. */
	as->limit_pages = 110;
	assert_int_equal(user_store(as, PAGE(2899), 1), -EFAULT);
	as->limit_pages = ~0UL;
	assert_int_equal(user_store(as, PAGE(1009), 1), -EFAULT);
	map_anon(as, 1900, 1, RW, MAP_PRIVATE);
	assert_int_equal(user_store(as, PAGE(1901 + 255), 1), -EFAULT);
	store(as, PAGE(1901 + 256), 1);
}

static void reading_another_space_serves_faults(void **state)
{
	map_anon(as, 0, 2, RW, MAP_PRIVATE);
	map_file(as, 2, 1, PROT_READ, MAP_PRIVATE, &file.object, 5);
	const char text[] = "across a page";
	assert_int_equal(aspace_write(as, PAGE(1) - 6, text, sizeof(text)), sizeof(text));
	char back[sizeof(text)];
	assert_int_equal(aspace_read(as, PAGE(1) - 6, back, sizeof(back)), sizeof(back));
	assert_string_equal(back, text);
	u64 word = 0;
	assert_int_equal(aspace_read(as, PAGE(2), &word, sizeof(word)), sizeof(word));
	assert_int_equal(word, FILE_WORD(5));
	/* Up to what cannot be served, and no further. */
	u8 buf[64];
	assert_int_equal(aspace_read(as, PAGE(3) - 16, buf, sizeof(buf)), 16);
	assert_int_equal(aspace_write(as, PAGE(2) - 16, buf, sizeof(buf)), 16);
	assert_int_equal(aspace_resident_pages(as), 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(fault_no_region),
		T(fault_protection),
		T(fault_protection_is_never_taken_for_copy_on_write),
		T(fault_spurious),
		T(anon_zero),
		T(zero_page_gives_way_to_an_own_page),
		T(cow_last_owner),
		T(cow_copy),
		T(file_read),
		T(file_read_ahead),
		T(file_read_around_code),
		T(file_private_write),
		T(file_private_write_up_to_a_byte),
		T(file_shared_write),
		T(file_shared_write_may_change_the_frame),
		T(file_refault),
		T(file_refault_starts_from_the_region_again),
		T(file_past_end),
		T(out_of_memory_is_reported_and_changes_nothing),
		T(cow_copy_without_memory_keeps_the_leaf),
		T(cow_private_file_modified),
		T(cow_private_file_evicted),
		T(cow_threads_coherent),
		T(zero_page_threads_coherent),
		T(cow_copy_on_one_hart_needs_no_remote_fence),
		T(every_leaf_has_accessed_and_dirty),
		T(fault_accessed_dirty),
		T(fresh_code_is_made_fetchable_once),
		T(owner_that_never_tells_is_never_believed),
		T(stack_grows_to_its_limit_and_keeps_a_guard),
		T(reading_another_space_serves_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
