// SPDX-License-Identifier: MIT
/* sources: mm/vmm/aspace.c mm/vmm/check.c mm/vmm/fault.c mm/vmm/fence.c mm/vmm/events.c
 * mm/vmm/fork.c mm/vmm/mapping.c mm/vmm/range.c mm/vmm/remap.c mm/vmm/advise.c mm/vmm/object.c
 * mm/vmm/ptable.c mm/vmm/ptable_stock.c mm/vmm/region.c mm/vmm/region_find.c mm/vmm/rmap.c
 * mm/vmm/unmap.c lib/rbtree.c lib/bits.c lib/string.c tests/host/vmm_fixture.c
 * tests/host/shim/machine.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* What faults keep besides the case table (test_fault.c): the rules of docs/fork.md, code that can
 * be fetched, stacks that grow, and other spaces' memory. */
#include "tests/host/vmm_fixture.h"

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

/* A program's first writes are to its data, which is behind its text; but not all are (H22). */
static void private_copy_among_text_is_counted(void **state)
{
	map_file(as, 0, 16, RW, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
	assert_int_equal(load(as, PAGE(1)), FILE_WORD(1));
	store(as, PAGE(15), 1);
	store(as, PAGE(0), 42);
	aspace_check(as);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	aspace_check(child);
	assert_int_equal(frame_at(as, PAGE(0))->count, 2);
	assert_int_equal(frame_at(as, PAGE(15))->count, 2);
	assert_int_equal(file.pages[1]->count, 1);
	aspace_put(child);
	assert_int_equal(frame_at(as, PAGE(0))->count, 1);
	assert_int_equal(frame_at(as, PAGE(15))->count, 1);
	assert_int_equal(load(as, PAGE(0)), 42);
}

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
	map_file(as, 0, 2, RW, MAP_PRIVATE, &file.object, 0);
	assert_int_equal(load(as, PAGE(0)), FILE_WORD(0));
	/* One holder, as an anonymous frame of one leaf has: but that is the file. */
	struct page *page = file.pages[0];
	assert_int_equal(page->count, 1);
	store(as, PAGE(0), 1);
	assert_ptr_not_equal(frame_at(as, PAGE(0)), page);
	assert_int_equal(load(as, PAGE(0)), 1);
	assert_int_equal(page->count, 1);
	assert_int_equal(*(u64 *)page_to_virt(page), FILE_WORD(0));
	/* It leaves memory: the copy stays, and nobody else has it. */
	assert_int_equal(load(as, PAGE(1)), FILE_WORD(1));
	struct page *next = file.pages[1];
	vm_object_unmap_range(&file.object, 0, 2, false);
	assert_int_equal(load(as, PAGE(0)), 1);
	assert_true(pte_is_none(leaf_at(as, PAGE(1))));
	file.pages[1] = NULL;
	pmm_put(next);
	assert_int_equal(next->kind, PAGE_FREE);
}

static struct page *frame_before;
static bool leaf_was_none, frame_was_alive;

static void look_during_fence(u64 harts)
{
	leaf_was_none = pte_is_none(leaf_at(as, PAGE(0)));
	frame_was_alive = frame_before->kind != PAGE_FREE;
	assert_int_equal(harts, 6); /* the others, not this one */
}

/* The page changes its frame: what others may find in the moment of the fence. */
static void store_while_others_look(void)
{
	as->harts = 7;
	frame_before = frame_at(as, PAGE(0));
	shim_fences_reset();
	shim_on_fence = look_during_fence;
	store(as, PAGE(0), 2);
	assert_int_equal(shim_fences.remote, 1);
	assert_true(leaf_was_none);
}

static void cow_threads_coherent(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	store(as, PAGE(0), 1);
	struct aspace *child;
	assert_int_equal(aspace_fork(as, FORK_PAGE, NULL, &child), 0);
	store_while_others_look();
	assert_true(frame_was_alive);
	aspace_put(child);
}

static void zero_page_threads_coherent(void **state)
{
	map_anon(as, 0, 1, RW, MAP_PRIVATE);
	assert_int_equal(load(as, PAGE(0)), 0);
	store_while_others_look();
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
		T(private_copy_among_text_is_counted),
		T(cow_private_file_modified),
		T(cow_private_file_evicted),
		T(cow_threads_coherent),
		T(zero_page_threads_coherent),
		T(cow_copy_on_one_hart_needs_no_remote_fence),
		T(every_leaf_has_accessed_and_dirty),
		T(fresh_code_is_made_fetchable_once),
		T(owner_that_never_tells_is_never_believed),
		T(stack_grows_to_its_limit_and_keeps_a_guard),
		T(reading_another_space_serves_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
