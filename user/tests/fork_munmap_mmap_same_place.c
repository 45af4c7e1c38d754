// SPDX-License-Identifier: MIT
/* modes: all */
/* What is mapped where something was unmapped after a fork is new, whoever is left to own the old
 * pages; the other process keeps those. */
#include "lib/forks.h"

#define TABLES 3
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   3000

static char *area;
static struct gate go, ready;

/* In pages: within a table, a table, from the middle of one to the middle of another, all. */
static const struct range {
	size_t first, count;
} ranges[] = {
	{ 10, 200 },
	{ TABLE_PAGES, TABLE_PAGES },
	{ TABLE_PAGES / 2, 2 * TABLE_PAGES },
	{ 0, PAGES },
};

static void check_around(const struct range *r)
{
	const size_t end = r->first + r->count;
	check_pages(area, r->first, SEED);
	check_pages(area + end * PAGE, PAGES - end, SEED + end);
}

static void unmap(const struct range *r)
{
	CHECK_EQ(munmap(area + r->first * PAGE, r->count * PAGE), 0);
}

static void map_again(const struct range *r)
{
	char *p = area + r->first * PAGE;
	CHECK(mmap(p, r->count * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
}

static void check_nothing_there(const struct range *r)
{
	int code = 0;
	CHECK_EQ(touch_signal(area + r->first * PAGE, TOUCH_READ, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_MAPERR);
	CHECK_EQ(touch_signal(area + (r->first + r->count - 1) * PAGE, TOUCH_WRITE, &code),
		 SIGSEGV);
}

static void expect_old(void)
{
	gate_open(&ready, 1);
	gate_wait(&go);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 2 * SEED);
	check_pages(area, PAGES, 2 * SEED);
}

static void a_parent_maps_anew(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		const struct range *r = &ranges[i];
		mark_pages(area, PAGES, SEED);
		const pid_t pid = start_child(expect_old);
		gate_wait(&ready);
		unmap(r);
		gate_open(&go, 1);
		CHECK_EXITED(wait_for(pid), 0);
		/* Its table is this process's alone now, with what was in it. */
		check_nothing_there(r);
		map_again(r);
		check_zero(area + r->first * PAGE, r->count);
		check_around(r);
	}
}

static const struct range *range;

static void map_anew_and_look(void)
{
	map_again(range); /* over what is there */
	check_zero(area + range->first * PAGE, range->count);
	check_around(range);
	mark_pages(area + range->first * PAGE, range->count, 9 * SEED);
	check_around(range);
	check_pages(area + range->first * PAGE, range->count, 9 * SEED);
}

static void a_child_maps_anew(void)
{
	mark_pages(area, PAGES, SEED);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		range = &ranges[i];
		CHECK_CHILD(map_anew_and_look);
		check_pages(area, PAGES, SEED);
	}
}

static void map_anew_between_generations(void)
{
	map_again(range);
	CHECK_CHILD(map_anew_and_look);
	check_zero(area + range->first * PAGE, range->count);
	check_around(range);
}

static void grandchildren_map_anew(void)
{
	mark_pages(area, PAGES, SEED);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		range = &ranges[i];
		CHECK_CHILD(map_anew_between_generations);
		check_pages(area, PAGES, SEED);
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_parent_maps_anew),
		TEST(a_child_maps_anew),
		TEST(grandchildren_map_anew),
	};
	area = map_tables(TABLES);
	gate_init(&go);
	gate_init(&ready);
	return test_run(cases, ARRAY_SIZE(cases));
}
