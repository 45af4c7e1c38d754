// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* mremap: what grows, shrinks and moves keeps its contents, its sharing and its copy-on-write. */
#include "lib/test.h"

#include <sys/resource.h>

static char *fill(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		p[i * PAGE] = (char)(i + 1);
	return p;
}

static void expect_filled(const char *p, size_t first, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		CHECK_EQ(p[i * PAGE], (char)(first + i + 1));
}

/* Address space that nothing else uses: a hole of @pages pages. */
static char *hole(size_t pages)
{
	char *p = map_pages(pages, PROT_NONE);
	CHECK_EQ(munmap(p, pages * PAGE), 0);
	return p;
}

static void shrinking_unmaps_the_tail(void)
{
	char *p = fill(map_pages(4, PROT_READ | PROT_WRITE), 4);
	CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
	expect_filled(p, 0, 2);
	CHECK_EQ(touch_signal(p + 2 * PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK(mremap(p, 2 * PAGE, 2 * PAGE, 0) == p);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
}

static void growing_in_place_adds_zeros(void)
{
	char *p = hole(8);
	CHECK(mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p);
	fill(p, 2);
	CHECK(mremap(p, 2 * PAGE, 8 * PAGE, 0) == p);
	expect_filled(p, 0, 2);
	CHECK_EQ(p[7 * PAGE], 0);
	p[7 * PAGE] = 1;
	CHECK_EQ(munmap(p, 8 * PAGE), 0);
}

static void growing_after_a_neighbour_gave_it_pages(void)
{
	char *p = hole(10);
	CHECK(mmap(p + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p + 4 * PAGE);
	CHECK(mmap(p, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == p);
	CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	char *q = p + 2 * PAGE;
	CHECK(mremap(q, 6 * PAGE, 8 * PAGE, 0) == q);
	expect_filled(fill(q, 8), 0, 8);
	CHECK_EQ(munmap(p, 10 * PAGE), 0);
}

static void growing_into_a_neighbour_must_be_allowed_to_move(void)
{
	char *p = fill(map_pages(4, PROT_READ | PROT_WRITE), 4);
	CHECK_ERRNO(mremap(p, 2 * PAGE, 6 * PAGE, 0), ENOMEM);
	expect_filled(p, 0, 4);
	char *q = mremap(p, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	expect_filled(q, 0, 2);
	CHECK_EQ(q[5 * PAGE], 0);
	expect_filled(p + 2 * PAGE, 2, 2);
	CHECK_EQ(touch_signal(p, TOUCH_READ, NULL), SIGSEGV);
	munmap(q, 6 * PAGE);
	munmap(p + 2 * PAGE, 2 * PAGE);
}

static void moving_from_the_middle_leaves_both_sides(void)
{
	char *p = fill(map_pages(5, PROT_READ | PROT_WRITE), 5);
	char *to = hole(4);
	CHECK(mremap(p + PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	expect_filled(to, 1, 2);
	expect_filled(p, 0, 1);
	expect_filled(p + 3 * PAGE, 3, 2);
	CHECK_EQ(touch_signal(p + PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(touch_signal(p + 2 * PAGE, TOUCH_WRITE, NULL), SIGSEGV);
	munmap(to, 2 * PAGE);
	munmap(p, 5 * PAGE);
}

static void a_fixed_place_is_replaced(void)
{
	char *p = fill(map_pages(12, PROT_READ | PROT_WRITE), 12);
	/* Within one mapping, where source, target and the shrunk tail are its parts. */
	CHECK(mremap(p, 4 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 8 * PAGE) ==
	      p + 8 * PAGE);
	expect_filled(p + 8 * PAGE, 0, 2);
	expect_filled(p + 10 * PAGE, 10, 2);
	expect_filled(p + 4 * PAGE, 4, 4);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(touch_signal(p + i * PAGE, TOUCH_READ, NULL), SIGSEGV);
	munmap(p, 12 * PAGE);
}

static void moving_across_tables_keeps_every_page(void)
{
	const size_t pages = 1100; /* more than two tables of leaves */
	char *p = fill(map_pages(pages, PROT_READ | PROT_WRITE), pages);
	char *to = hole(pages + 600);
	to += 37 * PAGE;
	CHECK(mremap(p, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	expect_filled(to, 0, pages);
	fill(to, pages);
	CHECK_EQ(munmap(to, pages * PAGE), 0);
}

static char *shared_with_child;

static void child_sees_the_old_contents(void)
{
	char *to = mremap(shared_with_child, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED);
	CHECK_EQ(to[0], 1);
	to[0] = 77;
	CHECK_EQ(to[PAGE], 2);
}

static void a_moved_page_is_still_copied_on_write(void)
{
	shared_with_child = fill(map_pages(2, PROT_READ | PROT_WRITE), 2);
	CHECK_CHILD(child_sees_the_old_contents);
	expect_filled(shared_with_child, 0, 2);
	const pid_t child = start_child(child_sees_the_old_contents);
	char *to = mremap(shared_with_child, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  hole(2));
	CHECK(to != MAP_FAILED);
	to[0] = 55;
	CHECK_EXITED(wait_for(child), 0);
	CHECK_EQ(to[0], 55);
	CHECK_EQ(to[PAGE], 2);
	munmap(to, 2 * PAGE);
}

static void a_shared_mapping_moves_and_stays_shared(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	fill(p, 4);
	/* Old length 0: a second mapping of the same pages. */
	char *q = mremap(p + PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	expect_filled(q, 1, 2);
	q[0] = 99;
	CHECK_EQ(p[PAGE], 99);
	char *to = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole(4));
	CHECK(to != MAP_FAILED);
	to[2 * PAGE] = 88;
	CHECK_EQ(q[PAGE], 88);
	/* Longer than the object: past its end. */
	char *grown = mremap(to, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	CHECK(grown != MAP_FAILED);
	CHECK_EQ(grown[3 * PAGE], 4);
	CHECK_EQ(touch_signal(grown + 4 * PAGE, TOUCH_READ, NULL), SIGBUS);
	munmap(grown, 6 * PAGE);
	munmap(q, 2 * PAGE);
}

/* With old length 0 the new place may be the old one; it is emptied before it is looked for. */
static void a_second_mapping_in_place_of_the_first_is_none(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERRNO(mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p), EFAULT);
	CHECK_EQ(touch_signal(p, TOUCH_READ, NULL), SIGSEGV);
}

static void a_file_mapping_moves_with_its_offset_and_is_cut(void)
{
	const int fd = make_file("file", 6 * PAGE);
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	char *own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	CHECK(p != MAP_FAILED && own != MAP_FAILED);
	const char second = p[PAGE];
	own[PAGE] = 42;
	char *to = mremap(p + PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	char *own_to = mremap(own + PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED && own_to != MAP_FAILED);
	CHECK_EQ(to[0], second);
	CHECK_EQ(own_to[0], 42);
	to[0] = 43;
	char byte;
	CHECK_EQ(pread(fd, &byte, 1, 2 * PAGE), 1);
	CHECK_EQ(byte, 43);
	CHECK_EQ(to[3 * PAGE], own_to[3 * PAGE]);
	/* Cutting the file finds the mapping where it is now. */
	CHECK_EQ(ftruncate(fd, 3 * PAGE), 0);
	CHECK_EQ(to[0], 43);
	CHECK_EQ(touch_signal(to + PAGE, TOUCH_READ, NULL), SIGBUS);
	CHECK_EQ(touch_signal(own_to + PAGE, TOUCH_READ, NULL), SIGBUS);
	munmap(to, 4 * PAGE);
	munmap(own_to, 4 * PAGE);
	munmap(p, PAGE);
	munmap(own, PAGE);
	close(fd);
}

static void protection_moves_along(void)
{
	char *p = fill(map_pages(3, PROT_READ | PROT_WRITE), 3);
	CHECK_EQ(mprotect(p, 3 * PAGE, PROT_NONE), 0);
	char *to = mremap(p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole(3));
	CHECK(to != MAP_FAILED);
	CHECK_EQ(touch_signal(to, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(mprotect(to, 3 * PAGE, PROT_READ), 0);
	expect_filled(to, 0, 3);
	CHECK_EQ(touch_signal(to, TOUCH_WRITE, NULL), SIGSEGV);
	munmap(to, 3 * PAGE);
}

static void dontunmap_leaves_an_empty_mapping(void)
{
	char *p = fill(map_pages(3, PROT_READ | PROT_WRITE), 3);
	char *to = mremap(p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (to == MAP_FAILED && errno == EINVAL)
		test_skip("no MREMAP_DONTUNMAP here");
	CHECK(to != MAP_FAILED && to != p);
	expect_filled(to, 0, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_EQ(p[i * PAGE], 0);
	p[0] = 9;
	CHECK_EQ(to[0], 1);
	munmap(to, 3 * PAGE);
	munmap(p, 3 * PAGE);
}

static void wrong_arguments_change_nothing(void)
{
	char *p = fill(map_pages(4, PROT_READ | PROT_WRITE), 4);
	char *free = hole(4);
	const size_t two = 2 * PAGE;
	CHECK_ERRNO(mremap(p + 1, two, two, 0), EINVAL);
	CHECK_ERRNO(mremap(p, two, 0, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(mremap(p, two, two, 0x100), EINVAL);
	CHECK_ERRNO(mremap(p, two, two, MREMAP_FIXED, free), EINVAL);
	CHECK_ERRNO(mremap(p, two, two, MREMAP_MAYMOVE | MREMAP_FIXED, free + 1), EINVAL);
	CHECK_ERRNO(mremap(p, two, two, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL);
	CHECK_ERRNO(mremap(p, two, two, MREMAP_MAYMOVE | MREMAP_FIXED, KERNEL_LINEAR_ADDRESS),
		    EINVAL);
	CHECK_ERRNO(mremap(p, 0, two, MREMAP_MAYMOVE), EINVAL); /* private */
	CHECK_ERRNO(mremap(p, two, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP), EINVAL);
	CHECK_ERRNO(mremap(free, two, two, 0), EFAULT);
	CHECK_ERRNO(mremap(p + 3 * PAGE, two, 3 * PAGE, MREMAP_MAYMOVE), EFAULT);
	expect_filled(p, 0, 4);
	munmap(p, 4 * PAGE);
}

static void child_grows_past_its_limit(void)
{
	char *p = map_pages(4, PROT_READ | PROT_WRITE);
	struct rlimit limit = { 64UL << 20, 64UL << 20 };
	CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	CHECK_ERRNO(mremap(p, 4 * PAGE, 128UL << 20, MREMAP_MAYMOVE), ENOMEM);
	char *q = mremap(p, 4 * PAGE, 8UL << 20, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	/* What moves without growing needs nothing more. */
	limit = (struct rlimit){ 1UL << 20, 1UL << 20 };
	CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	CHECK(mremap(q, 8UL << 20, 4UL << 20, 0) == q);
	CHECK_ERRNO(mremap(q, 4UL << 20, 5UL << 20, MREMAP_MAYMOVE), ENOMEM);
}

static void the_limit_on_address_space_holds(void)
{
	CHECK_CHILD(child_grows_past_its_limit);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(shrinking_unmaps_the_tail),
		TEST(growing_in_place_adds_zeros),
		TEST(growing_after_a_neighbour_gave_it_pages),
		TEST(growing_into_a_neighbour_must_be_allowed_to_move),
		TEST(moving_from_the_middle_leaves_both_sides),
		TEST(a_fixed_place_is_replaced),
		TEST(moving_across_tables_keeps_every_page),
		TEST(a_moved_page_is_still_copied_on_write),
		TEST(a_shared_mapping_moves_and_stays_shared),
		TEST(a_second_mapping_in_place_of_the_first_is_none),
		TEST(a_file_mapping_moves_with_its_offset_and_is_cut),
		TEST(protection_moves_along),
		TEST(wrong_arguments_change_nothing),
		TEST(the_limit_on_address_space_holds),
		TEST(dontunmap_leaves_an_empty_mapping),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
