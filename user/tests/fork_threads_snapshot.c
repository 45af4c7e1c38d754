// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/*
 * A fork among writing threads is a picture of one moment. A writer raises x, then y, so that at
 * any moment y <= x <= y + 1, wherever in memory x and y are; a child looks.
 */
#include "lib/forks.h"

#define TABLES  4
#define PAGES   (TABLES * TABLE_PAGES)
#define WRITERS 3
#define FORKS   9
#define LOOKS   4

static char *area;
static atomic_bool stop;

/* Pages of x and y: in one table, in two, in both orders. */
static const struct pair {
	size_t x, y;
} pairs[WRITERS] = {
	{ 7, 8 },
	{ 100, 3 * TABLE_PAGES + 5 },
	{ 2 * TABLE_PAGES + 9, TABLE_PAGES - 1 },
};

static volatile unsigned long *word(size_t page)
{
	return (void *)(area + page * PAGE + 64);
}

static void *raise_pair(void *arg)
{
	const struct pair *p = &pairs[(intptr_t)arg];
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		++*word(p->x);
		atomic_thread_fence(memory_order_seq_cst);
		++*word(p->y);
		atomic_thread_fence(memory_order_seq_cst);
	}
	return NULL;
}

/* The picture hangs still, whatever goes on where it was taken. */
static void look(void)
{
	unsigned long seen[WRITERS][2];
	for (size_t i = 0; i < WRITERS; i++) {
		/* Whichever is touched first makes its table this process's own. */
		seen[i][1] = *word(pairs[i].y);
		seen[i][0] = *word(pairs[i].x);
		CHECK(seen[i][1] <= seen[i][0] && seen[i][0] <= seen[i][1] + 1);
	}
	for (int round = 0; round < LOOKS; round++) {
		sched_yield();
		for (size_t i = 0; i < WRITERS; i++) {
			CHECK_EQ(*word(pairs[i].x), seen[i][0]);
			CHECK_EQ(*word(pairs[i].y), seen[i][1]);
		}
	}
	check_pages(area, 1, 1);
}

/* What a child writes stays with it, and its children see that. */
static void write_over(void)
{
	look();
	for (size_t i = 0; i < WRITERS; i++)
		*word(pairs[i].x) = *word(pairs[i].y) = 1000000000;
	CHECK_CHILD(look);
	for (size_t i = 0; i < WRITERS; i++)
		CHECK_EQ(*word(pairs[i].x), 1000000000);
}

static void *fork_on(void *arg)
{
	for (int i = 0; i < FORKS; i++)
		CHECK_CHILD(i % 3 == 0 ? write_over : look);
	return NULL;
}

static void wait_for_writers(void)
{
	for (size_t i = 0; i < WRITERS; i++)
		while (*word(pairs[i].y) == 0)
			sched_yield();
}

static void fork_among_writers(void)
{
	pthread_t writers[WRITERS];
	mark_pages(area, PAGES, 1);
	start_threads(writers, WRITERS, raise_pair);
	wait_for_writers();
	fork_on(NULL);
	atomic_store(&stop, true);
	join_threads(writers, WRITERS);
	for (size_t i = 0; i < WRITERS; i++)
		CHECK(*word(pairs[i].x) == *word(pairs[i].y) && *word(pairs[i].x) < 1000000000);
}

static void a_child_sees_one_moment(void)
{
	CHECK_CHILD(fork_among_writers);
}

/* Two threads that fork at once, so that tables are shared by many and made somebody's meanwhile.
 */
static void fork_twice_among_writers(void)
{
	pthread_t writers[WRITERS], forkers[2];
	mark_pages(area, PAGES, 1);
	start_threads(writers, WRITERS, raise_pair);
	wait_for_writers();
	start_threads(forkers, 2, fork_on);
	join_threads(forkers, 2);
	atomic_store(&stop, true);
	join_threads(writers, WRITERS);
}

static void so_do_children_of_two_forks_at_once(void)
{
	CHECK_CHILD(fork_twice_among_writers);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_sees_one_moment),
		TEST(so_do_children_of_two_forks_at_once),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
