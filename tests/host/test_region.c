// SPDX-License-Identifier: MIT
/* sources: mm/vmm/region.c mm/vmm/region_find.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c
 * lib/rbtree.c lib/string.c tests/host/region_fixture.c tests/host/shim/machine.c
 * tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/panic.c
 */
/* The set of regions: cutting, uniting, gaps and sums, also at random against a plain array of
 * pages. */
#include "tests/host/region_fixture.h"

#include "arch/riscv/cpu/layout.h"
#include "lib/abi/errno.h"

static struct region *add_stack(u64 from, u64 to)
{
	struct region like = private_pages(from, to, PROT_READ | PROT_WRITE);
	like.flags |= MAP_GROWSDOWN;
	return insert(&like);
}

static int punch(u64 from, u64 to)
{
	struct region *r = region_find_from(&space, P(from));
	return r != NULL && r->start < P(to) ? region_punch(r, P(from), P(to), &dead) : 0;
}

static void find_tells_containing_and_following(void **state)
{
	struct region *a = add(2, 4, PROT_READ, NULL, 0);
	struct region *b = add(6, 7, PROT_READ, NULL, 0);
	assert_null(region_find(&space, P(1)));
	assert_ptr_equal(region_find(&space, P(2)), a);
	assert_ptr_equal(region_find(&space, P(4) - 1), a);
	assert_null(region_find(&space, P(4)));
	assert_ptr_equal(region_find_from(&space, P(4)), b);
	assert_ptr_equal(region_find_from(&space, 0), a);
	assert_null(region_find_from(&space, P(7)));
}

static void find_forgets_a_removed_region(void **state)
{
	struct region *a = add(2, 4, PROT_READ, NULL, 0);
	assert_ptr_equal(region_find(&space, P(2)), a);
	region_remove(a, &dead);
	assert_null(region_find(&space, P(2)));
}

static void split_keeps_offset_and_sums(void **state)
{
	struct vm_object *o = vm_object_create_anonymous(100);
	struct region *a = add(0, 10, PROT_READ | PROT_WRITE, o, 5);
	struct region *b = region_split(a, P(4));
	assert_int_equal(a->end, P(4));
	assert_int_equal(b->start, P(4));
	assert_int_equal(b->end, P(10));
	assert_int_equal(region_index(b, P(4)), 9);
	assert_int_equal(space.mapped_pages, 10);
	assert_int_equal(space.data_pages, 10);
	assert_int_equal(space.region_count, 2);
	assert_int_equal(refcount_read(&o->refs), 3);

	assert_ptr_equal(region_merge(b), a);
	assert_int_equal(a->end, P(10));
	assert_int_equal(space.region_count, 1);
	assert_int_equal(refcount_read(&o->refs), 2);
	vm_object_put(o);
}

/* Pages of @r that region_is_touched() tells of, a bit for each from BASE on. */
static u64 touched(const struct region *r)
{
	u64 pages = 0;
	for (u64 i = (r->start - BASE) / PAGE_SIZE; i < (r->end - BASE) / PAGE_SIZE; i++)
		if (region_is_touched(r, P(i), P(i + 1)))
			pages |= BIT(i);
	return pages;
}

static void touched_pages_stay_so_in_whatever_region(void **state)
{
	const u32 prot = PROT_READ | PROT_WRITE;
	struct region *a = add(0, 10, prot, NULL, 0);
	assert_int_equal(touched(a), 0);
	assert_false(region_range_is_touched(a, P(0), P(10)));
	region_touch(a, P(3), P(4));
	region_touch(a, P(6), P(7));
	assert_int_equal(touched(a), 0x78);
	assert_false(region_range_is_touched(a, P(7), P(10)));

	struct region *b = region_split(a, P(5));
	assert_int_equal(touched(a), 0x18);
	assert_int_equal(touched(b), 0x60);
	assert_true(region_range_is_touched(a, P(0), P(10)));
	assert_ptr_equal(region_merge(b), a);
	assert_int_equal(touched(a), 0x78);

	/* The border between two moves. */
	b = region_protect(a, P(5), P(10), PROT_READ);
	assert_ptr_equal(region_protect(b, P(5), P(7), prot), a);
	assert_int_equal(touched(a), 0x78);
	assert_ptr_equal(region_protect(a, P(4), P(7), PROT_READ), b);
	assert_int_equal(touched(b), 0x70);
}

static void what_comes_anew_is_untouched(void **state)
{
	const u32 prot = PROT_READ | PROT_WRITE;
	struct region *a = add(4, 8, prot, NULL, 0);
	region_touch(a, P(4), P(8));
	struct region like = private_pages(8, 12, prot);
	assert_ptr_equal(region_add(&like), a);
	like = private_pages(0, 4, prot);
	assert_ptr_equal(region_add(&like), a);
	assert_int_equal(touched(a), 0xf0);
	assert_int_equal(region_punch(a, P(6), P(12), &dead), 0);
	assert_int_equal(region_punch(a, P(0), P(5), &dead), 0);
	assert_int_equal(touched(a), 0x20);
	like = private_pages(0, 5, prot);
	assert_ptr_equal(region_add(&like), a);
	like = private_pages(6, 12, prot);
	assert_ptr_equal(region_add(&like), a);
	assert_int_equal(touched(a), 0x20);
}

static void split_fails_without_memory_or_room(void **state)
{
	struct region *a = add(0, 10, PROT_READ, NULL, 0);
	shim_fail_after = 0;
	assert_null(region_split(a, P(5)));
	space.region_count += REGIONS_MAX;
	assert_null(region_split(a, P(5)));
	space.region_count -= REGIONS_MAX;
	assert_int_equal(a->end, P(10));
}

static void merge_needs_equal_neighbours(void **state)
{
	struct vm_object *o = vm_object_create_anonymous(100);
	add(0, 1, PROT_READ, NULL, 0);
	struct region *other_prot = add(1, 2, PROT_WRITE, NULL, 0);
	assert_ptr_equal(region_merge(other_prot), other_prot);
	struct region *other_source = add(2, 3, PROT_WRITE, o, 0);
	assert_ptr_equal(region_merge(other_source), other_source);
	struct region *gap_in_offset = add(3, 4, PROT_WRITE, o, 2);
	assert_ptr_equal(region_merge(gap_in_offset), gap_in_offset);
	struct region *not_adjacent = add(5, 6, PROT_WRITE, o, 4);
	assert_ptr_equal(region_merge(not_adjacent), not_adjacent);
	assert_int_equal(space.region_count, 5);
	/* Fits between the last two, by address and offset. */
	assert_ptr_equal(region_merge(add(4, 5, PROT_WRITE, o, 3)), gap_in_offset);
	assert_int_equal(gap_in_offset->end, P(6));
	assert_int_equal(space.region_count, 4);
	vm_object_put(o);
}

static void add_makes_neighbours_larger(void **state)
{
	struct vm_object *o = vm_object_create_anonymous(100);
	struct region *low = add(0, 2, PROT_WRITE, o, 10);
	struct region like = private_pages(4, 6, PROT_WRITE);
	like.object = o;
	like.offset_bytes = 14 * PAGE_SIZE;
	struct region *high = region_add(&like);
	assert_ptr_not_equal(high, low);
	assert_int_equal(refcount_read(&o->refs), 3);

	like.start = P(3);
	like.end = P(4);
	like.offset_bytes = 13 * PAGE_SIZE;
	shim_fail_after = 0; /* nothing is allocated */
	assert_ptr_equal(region_add(&like), high);
	assert_int_equal(high->start, P(3));
	assert_int_equal(region_index(high, P(5)), 15);
	like.start = P(2);
	like.end = P(3);
	like.offset_bytes = 12 * PAGE_SIZE;
	assert_ptr_equal(region_add(&like), low); /* and fills the gap */
	assert_int_equal(low->end, P(6));
	assert_int_equal(space.region_count, 1);
	assert_int_equal(space.data_pages, 6);
	assert_int_equal(refcount_read(&o->refs), 2);

	/* Next to it in memory, but not in the object. */
	like.start = P(6);
	like.end = P(7);
	assert_null(region_add(&like));
	shim_fail_after = -1;
	assert_ptr_not_equal(region_add(&like), low);
	assert_int_equal(space.region_count, 2);
	vm_object_put(o);
}

static void protect_moves_the_border_to_a_neighbour(void **state)
{
	struct vm_object *o = vm_object_create_anonymous(100);
	struct region *low = add(0, 4, PROT_READ, o, 0);
	struct region *high = add(4, 8, PROT_READ | PROT_WRITE, o, 4);
	shim_fail_after = 0; /* nothing is allocated */
	assert_ptr_equal(region_protect(low, P(2), P(4), PROT_READ | PROT_WRITE), high);
	assert_int_equal(low->end, P(2));
	assert_int_equal(high->start, P(2));
	assert_int_equal(region_index(high, P(5)), 5);
	assert_int_equal(space.data_pages, 6);
	assert_ptr_equal(region_protect(high, P(2), P(5), PROT_READ), low);
	assert_int_equal(high->start, P(5));
	assert_int_equal(region_index(high, P(5)), 5);
	assert_int_equal(space.data_pages, 3);
	/* A part of its own. */
	assert_null(region_protect(low, P(1), P(2), PROT_NONE));
	assert_int_equal(space.region_count, 2);
	shim_fail_after = -1;
	struct region *part = region_protect(low, P(1), P(2), PROT_NONE);
	assert_int_equal(part->start, P(1));
	assert_int_equal(part->end, P(2));
	assert_int_equal(space.region_count, 4);
	/* The same again: it goes back into what is on both sides of it. */
	assert_ptr_equal(region_protect(part, P(1), P(2), PROT_READ), low);
	assert_int_equal(low->end, P(5));
	assert_int_equal(space.region_count, 2);
	vm_object_put(o);
}

/* Whose borders move has no place in an object that would move along. */
static void anonymous_regions_have_no_offset(void **state)
{
	struct region *low = add(0, 4, PROT_READ, NULL, 0);
	struct region *high = add(4, 8, PROT_READ | PROT_WRITE, NULL, 0);
	assert_ptr_equal(region_protect(low, P(2), P(4), PROT_READ | PROT_WRITE), high);
	assert_int_equal(high->start, P(2));
	assert_int_equal(high->offset_bytes, 0);
	assert_ptr_equal(region_protect(high, P(2), P(5), PROT_READ), low);
	assert_int_equal(high->offset_bytes, 0);
	assert_int_equal(region_split(high, P(6))->offset_bytes, 0);
	assert_int_equal(punch(4, 7), 0);
	assert_int_equal(region_find(&space, P(7))->offset_bytes, 0);
}

static void punch_cuts_both_edges(void **state)
{
	add(0, 10, PROT_READ, NULL, 0);
	add(12, 14, PROT_WRITE, NULL, 0);
	add(15, 20, PROT_READ, NULL, 0);
	assert_int_equal(punch(5, 17), 0);
	assert_int_equal(space.region_count, 2);
	assert_int_equal(space.mapped_pages, 8);
	assert_int_equal(region_first(&space)->end, P(5));
	assert_int_equal(region_first(&space)->next->start, P(17));
}

static void punch_in_the_middle_may_lack_memory(void **state)
{
	struct region *a = add(0, 10, PROT_READ, NULL, 0);
	shim_fail_after = 0;
	assert_int_equal(punch(5, 6), -ENOMEM);
	assert_int_equal(a->end, P(10));
	assert_int_equal(space.mapped_pages, 10);
	assert_int_equal(punch(5, 6), 0);
	assert_int_equal(space.region_count, 2);
	assert_int_equal(space.mapped_pages, 9);
}

static void gap_is_the_highest_that_fits(void **state)
{
	uaddr_t at;
	space.mmap_top = P(100);
	add(90, 95, PROT_READ, NULL, 0);
	add(80, 82, PROT_READ, NULL, 0);
	assert_int_equal(region_find_gap(&space, 5 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(95));
	assert_int_equal(region_find_gap(&space, 6 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(84));
	assert_int_equal(region_find_gap(&space, 9 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(71));
	assert_int_equal(region_find_gap(&space, P(80), &at), -ENOMEM);
	/* What was found and not used is found again; what was taken is passed by. */
	assert_int_equal(region_find_gap(&space, 5 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(95));
	add(95, 100, PROT_READ, NULL, 0);
	region_note_gap_taken(&space, P(95), 5 * PAGE_SIZE);
	assert_int_equal(region_find_gap(&space, 5 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(85));
	assert_int_equal(region_find_gap(&space, 4 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(86));
}

static void gap_reopens_after_removal(void **state)
{
	uaddr_t at;
	space.mmap_top = P(100);
	struct region *high = add(90, 100, PROT_READ, NULL, 0);
	add(50, 60, PROT_READ, NULL, 0);
	assert_int_equal(region_find_gap(&space, 31 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(19));
	add(19, 50, PROT_READ, NULL, 0);
	region_note_gap_taken(&space, P(19), 31 * PAGE_SIZE);
	region_remove(high, &dead);
	assert_int_equal(region_find_gap(&space, 31 * PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(69));
}

static void gap_keeps_a_guard_below_a_stack(void **state)
{
	uaddr_t at;
	space.mmap_top = P(2000);
	add_stack(1990, 2000);
	assert_int_equal(region_find_gap(&space, PAGE_SIZE, &at), 0);
	assert_int_equal(at, P(1990 - 256 - 1));
	assert_true(region_range_is_free(&space, P(1000), P(1990 - 256)));
	assert_false(region_range_is_free(&space, P(1000), P(1990 - 255)));
}

/* So that fork finds them below an entry of the root that is not touched for the small ones. */
static void large_gaps_are_a_gib_lower_while_there_is_room(void **state)
{
	const uaddr_t low = 7 * GIGAPAGE_SIZE, page_of_low = (low - P(0)) / PAGE_SIZE;
	uaddr_t at;
	space.mmap_top = 8 * GIGAPAGE_SIZE;
	assert_int_equal(region_find_gap(&space, PAGE_SIZE, &at), 0);
	assert_int_equal(at, space.mmap_top - PAGE_SIZE);
	assert_int_equal(region_find_gap(&space, REGION_LARGE_BYTES, &at), 0);
	assert_int_equal(at, low - REGION_LARGE_BYTES);
	/* Each kind remembers its own. */
	add(page_of_low - 512, page_of_low, PROT_READ, NULL, 0);
	region_note_gap_taken(&space, at, REGION_LARGE_BYTES);
	assert_int_equal(region_find_gap(&space, PAGE_SIZE, &at), 0);
	assert_int_equal(at, space.mmap_top - PAGE_SIZE);
	assert_int_equal(region_find_gap(&space, 3 * REGION_LARGE_BYTES, &at), 0);
	assert_int_equal(at, low - 4 * REGION_LARGE_BYTES);
	add((USER_MIN - P(0)) / PAGE_SIZE, page_of_low - 512, PROT_READ | PROT_WRITE, NULL, 0);
	assert_int_equal(region_find_gap(&space, 3 * REGION_LARGE_BYTES, &at), 0);
	assert_int_equal(at, space.mmap_top - 3 * REGION_LARGE_BYTES);
	assert_int_equal(region_find_gap(&space, GIGAPAGE_SIZE + PAGE_SIZE, &at), -ENOMEM);
}

static void gap_ends_at_the_lowest_user_page(void **state)
{
	uaddr_t at;
	assert_int_equal(region_find_gap(&space, USER_MAX - USER_MIN, &at), 0);
	assert_int_equal(at, USER_MIN);
	assert_int_equal(region_find_gap(&space, USER_MAX - USER_MIN + PAGE_SIZE, &at), -ENOMEM);
}

static void limits_count_pages_and_data(void **state)
{
	add(0, 10, PROT_READ | PROT_WRITE, NULL, 0);
	add(10, 20, PROT_READ, NULL, 0);
	add_stack(30, 40);
	assert_int_equal(space.mapped_pages, 30);
	assert_int_equal(space.data_pages, 10);
	space.limit_pages = 31;
	space.brk_limit_bytes = 12 * PAGE_SIZE;
	assert_true(region_limits_allow(&space, 1, 0));
	assert_false(region_limits_allow(&space, 2, 0));
	assert_true(region_limits_allow(&space, 0, 2));
	assert_false(region_limits_allow(&space, 0, 3));
	const struct region_sum sum = region_sum_range(&space, P(5), P(31));
	assert_int_equal(sum.pages, 16);
	assert_int_equal(sum.data_pages, 5);
}

/* ---- at random ---- */

#define PAGES 64

/* What a page should be: 0 nothing, else 1 + prot. */
static unsigned model[PAGES];

static void compare_with_model(void)
{
	u64 pages = 0, data = 0, count = 0;
	for (unsigned i = 0; i < PAGES; i++) {
		const struct region *r = region_find(&space, P(i));
		assert_int_equal(r != NULL ? r->prot + 1 : 0, model[i]);
		if (r == NULL)
			continue;
		pages++;
		data += (r->prot & PROT_WRITE) != 0;
		/* Always united: a new region begins where something changes. */
		count += i == 0 || model[i - 1] != model[i];
	}
	assert_int_equal(space.mapped_pages, pages);
	assert_int_equal(space.data_pages, data);
	assert_int_equal(space.region_count, count);
}

static void model_gap(u64 len, bool *found, uaddr_t *at)
{
	*found = false;
	for (unsigned start = 0; start + len <= PAGES; start++) {
		bool is_free = true;
		for (unsigned i = start; i < start + len; i++)
			is_free &= model[i] == 0;
		if (is_free) {
			*found = true;
			*at = P(start);
		}
	}
}

static void map(u64 from, u64 to, u32 prot)
{
	const struct region like = private_pages(from, to, prot);
	const struct region *r = region_add(&like);
	assert_non_null(r);
	assert_true(r->start <= like.start && like.end <= r->end);
}

static void protect_in_model(unsigned from, unsigned to, u32 prot)
{
	struct region *r = region_find(&space, P(from));
	if (r == NULL || r->prot == prot)
		return;
	const uaddr_t end = MIN(P(to), r->end);
	r = region_protect(r, P(from), end, prot);
	assert_true(r->start <= P(from) && end <= r->end);
	for (unsigned i = from; P(i) < end; i++)
		model[i] = 1 + prot;
}

static void random_changes_agree_with_an_array(void **state)
{
	srandom(1);
	memset(model, 0, sizeof(model));
	/* Nothing below BASE is of interest. */
	struct region like = private_pages(0, 1, 7);
	like.start = USER_MIN;
	like.end = BASE;
	like.flags = MAP_SHARED;
	const struct region *floor = insert(&like);
	const u64 floor_pages = region_pages(floor);
	unsigned rounds_with_tree[2] = { 0 }, rounds_without[2] = { 0 };
	space.mmap_top = P(PAGES);

	for (unsigned round = 0; round < 20000; round++) {
		/* Now and then as fork leaves them. */
		if (random() % 8 == 0)
			space.regions.node = NULL;
		const bool is_many = space.region_count > FEW;
		rounds_with_tree[is_many] += space.regions.node != NULL;
		rounds_without[is_many] += space.regions.node == NULL;
		const unsigned a = (unsigned)random() % PAGES;
		const unsigned b = a + 1 + (unsigned)random() % (PAGES - a > 12 ? 12 : PAGES - a);
		const u32 prot = (u32)random() % 4;
		/* By turns they become many and few. */
		switch (round % 200 < 150 ? random() % 3 : 1) {
		case 0: /* map over */
			assert_int_equal(punch(a, b), 0);
			map(a, b, prot);
			for (unsigned i = a; i < b; i++)
				model[i] = 1 + prot;
			break;
		case 1: /* unmap */
			assert_int_equal(punch(a, b), 0);
			for (unsigned i = a; i < b; i++)
				model[i] = 0;
			break;
		case 2: /* change the protection of one region, as far as it goes */
			protect_in_model(a, b, prot);
			break;
		}
		region_destroy_list(&dead);
		check_tree(&space);
		space.mapped_pages -= floor_pages;
		space.region_count--;
		compare_with_model();
		space.mapped_pages += floor_pages;
		space.region_count++;

		const u64 len = 1 + (u64)random() % 20;
		uaddr_t expected = 0, at = 0;
		bool found;
		model_gap(len, &found, &expected);
		const int err = region_find_gap(&space, len * PAGE_SIZE, &at);
		assert_int_equal(err, found ? 0 : -ENOMEM);
		if (!found)
			continue;
		assert_int_equal(at, expected);
		if (random() % 2 == 0)
			continue;
		/* As mmap does: take it, and remember. */
		map((at - BASE) / PAGE_SIZE, (at - BASE) / PAGE_SIZE + len, prot);
		region_note_gap_taken(&space, at, len * PAGE_SIZE);
		for (u64 i = 0; i < len; i++)
			model[(at - BASE) / PAGE_SIZE + i] = 1 + prot;
	}
	for (int is_many = 0; is_many < 2; is_many++) {
		assert_true(rounds_with_tree[is_many] > 100);
		assert_true(rounds_without[is_many] > 100);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, region_setup, region_teardown)
	const struct CMUnitTest tests[] = {
		T(find_tells_containing_and_following),
		T(find_forgets_a_removed_region),
		T(split_keeps_offset_and_sums),
		T(touched_pages_stay_so_in_whatever_region),
		T(what_comes_anew_is_untouched),
		T(split_fails_without_memory_or_room),
		T(merge_needs_equal_neighbours),
		T(add_makes_neighbours_larger),
		T(protect_moves_the_border_to_a_neighbour),
		T(anonymous_regions_have_no_offset),
		T(punch_cuts_both_edges),
		T(punch_in_the_middle_may_lack_memory),
		T(gap_is_the_highest_that_fits),
		T(gap_reopens_after_removal),
		T(gap_keeps_a_guard_below_a_stack),
		T(large_gaps_are_a_gib_lower_while_there_is_room),
		T(gap_ends_at_the_lowest_user_page),
		T(limits_count_pages_and_data),
		T(random_changes_agree_with_an_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
