// SPDX-License-Identifier: MIT
/* modes: all */
/* What one process drops with MADV_DONTNEED reads as zeros there, also when nobody else has the
 * memory any more; the other process keeps it. */
#include "lib/forks.h"

#define TABLES 3
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   1000

static char *area;
static struct gate go;

static void expect_all_and_leave(void)
{
	gate_wait(&go);
	check_pages(area, PAGES, SEED);
}

/* Drops from the middle of the first table to the middle of the last, so one is dropped whole. */
static const size_t first = TABLE_PAGES / 2, count = 2 * TABLE_PAGES;

static void check_dropped(void)
{
	check_pages(area, first, SEED);
	check_zero(area + first * PAGE, count);
	check_pages(area + (first + count) * PAGE, PAGES - first - count, SEED + first + count);
}

static void drop(void)
{
	CHECK_EQ(madvise(area + first * PAGE, count * PAGE, MADV_DONTNEED), 0);
}

static void a_parent_drops_before_its_child_goes(void)
{
	mark_pages(area, PAGES, SEED);
	gate_init(&go);
	const pid_t pid = start_child(expect_all_and_leave);
	drop();
	gate_open(&go, 1);
	CHECK_EXITED(wait_for(pid), 0);
	check_dropped();
	mark_pages(area, PAGES, SEED);
	check_pages(area, PAGES, SEED);
	gate_close(&go);
}

static void drop_and_look(void)
{
	drop();
	check_dropped();
	mark_pages(area, PAGES, 7 * SEED);
	check_pages(area, PAGES, 7 * SEED);
}

static void a_child_drops_alone(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(drop_and_look);
	check_pages(area, PAGES, SEED);
}

static void drop_between_generations(void)
{
	drop();
	CHECK_CHILD(check_dropped);
	CHECK_CHILD(drop_and_look);
	check_dropped();
}

static void grandchildren_find_zeros(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(drop_between_generations);
	check_pages(area, PAGES, SEED);
}

static void all_of_it_may_go_at_once(void)
{
	mark_pages(area, PAGES, SEED);
	gate_init(&go);
	const pid_t pid = start_child(expect_all_and_leave);
	CHECK_EQ(madvise(area, PAGES * PAGE, MADV_DONTNEED), 0);
	gate_open(&go, 1);
	CHECK_EXITED(wait_for(pid), 0);
	check_zero(area, PAGES);
	gate_close(&go);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_parent_drops_before_its_child_goes),
		TEST(a_child_drops_alone),
		TEST(grandchildren_find_zeros),
		TEST(all_of_it_may_go_at_once),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
