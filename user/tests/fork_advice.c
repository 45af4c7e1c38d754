// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* MADV_DONTFORK and MADV_WIPEONFORK amid memory that a fork shares: the child has nothing or zeros
 * there, its children too, and the parent keeps all. */
#include "lib/forks.h"

#define TABLES 4
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   11000UL

static char *area;

/* In pages: within a table, over the border of two, a whole one. */
static const struct range {
	size_t first, count;
} ranges[] = {
	{ 20, 100 },
	{ TABLE_PAGES - 50, 100 },
	{ 2 * TABLE_PAGES, TABLE_PAGES },
};

static void advise(int advice)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		CHECK_EQ(madvise(area + ranges[i].first * PAGE, ranges[i].count * PAGE, advice), 0);
}

static void check_between(unsigned long seed)
{
	size_t from = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		check_pages(area + from * PAGE, ranges[i].first - from, seed + from);
		from = ranges[i].first + ranges[i].count;
	}
	check_pages(area + from * PAGE, PAGES - from, seed + from);
}

static void check_wiped(void)
{
	check_between(SEED);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		check_zero(area + ranges[i].first * PAGE, ranges[i].count);
}

static void look_at_wiped(void)
{
	check_wiped();
	mark_pages(area, PAGES, 2 * SEED);
	check_pages(area, PAGES, 2 * SEED);
	/* The advice is inherited, so what it has written its children have not. */
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		check_between(2 * SEED);
		check_zero(area + 2 * TABLE_BYTES, TABLE_PAGES);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	check_pages(area, PAGES, 2 * SEED);
}

static void what_is_to_be_wiped_is_zeros_in_the_child_alone(void)
{
	mark_pages(area, PAGES, SEED);
	advise(MADV_WIPEONFORK);
	for (int i = 0; i < 2; i++) {
		CHECK_CHILD(look_at_wiped);
		check_pages(area, PAGES, SEED);
	}
	advise(MADV_KEEPONFORK);
}

static void check_missing(void)
{
	int code = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		const size_t last = ranges[i].first + ranges[i].count - 1;
		CHECK_EQ(touch_signal(area + ranges[i].first * PAGE, TOUCH_READ, &code), SIGSEGV);
		CHECK_EQ(code, SEGV_MAPERR);
		CHECK_EQ(touch_signal(area + last * PAGE, TOUCH_WRITE, &code), SIGSEGV);
	}
	check_between(SEED);
}

static void look_at_missing(void)
{
	check_missing();
	CHECK_CHILD(check_missing);
	/* There is room for something else. */
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		char *p = area + ranges[i].first * PAGE;
		CHECK(mmap(p, ranges[i].count * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p);
	}
	check_wiped();
	mark_pages(area, PAGES, 3 * SEED);
	check_pages(area, PAGES, 3 * SEED);
}

static void what_is_not_for_forks_is_the_parents_alone(void)
{
	mark_pages(area, PAGES, SEED);
	advise(MADV_DONTFORK);
	for (int i = 0; i < 2; i++) {
		CHECK_CHILD(look_at_missing);
		check_pages(area, PAGES, SEED);
	}
	mark_pages(area, PAGES, 4 * SEED);
	check_pages(area, PAGES, 4 * SEED);
	advise(MADV_DOFORK);
}

static void look_at_all(void)
{
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 5 * SEED);
}

static void advice_taken_back_is_none(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(look_at_all);
	check_pages(area, PAGES, SEED);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(what_is_to_be_wiped_is_zeros_in_the_child_alone),
		TEST(what_is_not_for_forks_is_the_parents_alone),
		TEST(advice_taken_back_is_none),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
