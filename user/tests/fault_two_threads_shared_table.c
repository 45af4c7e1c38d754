// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* Threads that all at once touch what a fork has made common, while the other process goes or makes
 * it its own: no write is lost, and none is seen on the other side. */
#include "lib/forks.h"

#define TABLES  2
#define PAGES   (TABLES * TABLE_PAGES)
#define THREADS 3
#define ROUNDS  4UL
#define SEED    10000UL

static char *area;
static pthread_barrier_t together;
static unsigned long round_now;
static struct gate begun;

/* Each thread has every third page, so that all need every table at the same time. */
static void write_own_pages(size_t me)
{
	for (size_t i = me; i < PAGES; i += THREADS) {
		volatile unsigned long *word = (void *)(area + i * PAGE);
		CHECK_EQ(word[0], SEED * round_now + i);
		word[0] = SEED * (round_now + 1) + i;
		word[PAGE / sizeof(*word) - 1] = SEED * (round_now + 1) + i;
	}
}

static void check_own_pages(size_t me)
{
	for (size_t i = me; i < PAGES; i += THREADS)
		check_pages(area + i * PAGE, 1, SEED * (round_now + 1) + i);
}

static void *write_together(void *arg)
{
	const size_t me = (size_t)(intptr_t)arg;
	for (unsigned long i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&together); /* forked */
		if (me == 0)
			gate_open(&begun, 1);
		write_own_pages(me);
		check_own_pages(me);
		pthread_barrier_wait(&together); /* all written */
		check_own_pages((me + 1) % THREADS);
		pthread_barrier_wait(&together); /* all seen */
	}
	return NULL;
}

/* Comes when the threads have begun, and goes after some, few or all of the pages. */
static void child(void)
{
	gate_wait(&begun);
	if (round_now % 4 == 1)
		return;
	const size_t count = round_now % 4 == 2 ? 3 : PAGES;
	check_pages(area, count, SEED * round_now);
	if (round_now % 4 == 3)
		mark_pages(area, count, 7);
}

static void parent_threads_touch(void)
{
	pthread_t threads[THREADS];
	gate_init(&begun);
	mark_pages(area, PAGES, 0);
	CHECK_EQ(pthread_barrier_init(&together, NULL, THREADS + 1), 0);
	start_threads(threads, THREADS, write_together);
	for (round_now = 0; round_now < ROUNDS;) {
		const pid_t pid = start_child(child);
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		CHECK_EXITED(wait_for(pid), 0);
		check_pages(area, PAGES, SEED * (round_now + 1));
		round_now++;
		/* They wait for the next fork, and so see it. */
	}
	join_threads(threads, THREADS);
}

static void threads_of_a_parent_touch_together(void)
{
	CHECK_CHILD(parent_threads_touch);
}

/* ---- the other way round: the threads are the child's ---- */

static void *write_once(void *arg)
{
	const size_t me = (size_t)(intptr_t)arg;
	pthread_barrier_wait(&together);
	write_own_pages(me);
	check_own_pages(me);
	return NULL;
}

static void child_threads_touch(void)
{
	pthread_t threads[THREADS];
	CHECK_EQ(pthread_barrier_init(&together, NULL, THREADS), 0);
	start_threads(threads, THREADS, write_once);
	join_threads(threads, THREADS);
	check_pages(area, PAGES, SEED * (round_now + 1));
}

static void threads_of_two_children_touch_together(void)
{
	for (round_now = 0; round_now < ROUNDS / 2; round_now++) {
		mark_pages(area, PAGES, SEED * round_now);
		const pid_t first = start_child(child_threads_touch);
		const pid_t second = start_child(child_threads_touch);
		if (round_now % 2 == 0)
			mark_pages(area, PAGES, 8);
		CHECK_EXITED(wait_for(first), 0);
		CHECK_EXITED(wait_for(second), 0);
		check_pages(area, PAGES, round_now % 2 == 0 ? 8 : SEED * round_now);
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(threads_of_a_parent_touch_together),
		TEST(threads_of_two_children_touch_together),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
