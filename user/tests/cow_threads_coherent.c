// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/*
 * A page that is copied for one thread is copied for all: nobody reads the old one after anybody
 * has written the new one. A writer writes n, then says in shared memory that it did; who has read
 * there that it did must not find less.
 */
#include "lib/forks.h"

#define THREADS 3
#define PAGES   TABLE_PAGES
#define WORDS   8
#define FORKS   6

static char *area;
static atomic_bool stop;

/* Nothing of fork's copies: what has been written to the word by now. */
static atomic_ulong *said;

static volatile unsigned long *word(size_t i)
{
	return (void *)(area + i * (PAGES / WORDS) * PAGE);
}

/* Thread t writes the words whose number is t in turn, and reads all: so the page of each has one
 * that writes and others that only read. */
static void *write_and_read(void *arg)
{
	const size_t me = (size_t)(intptr_t)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		for (size_t i = me; i < WORDS; i += THREADS) {
			const unsigned long next = *word(i) + 1;
			*word(i) = next;
			atomic_store(&said[i], next);
		}
		for (size_t i = 0; i < WORDS; i++) {
			const unsigned long least = atomic_load(&said[i]);
			const unsigned long seen = *word(i);
			if (seen < least)
				test_fail(__FILE__, __LINE__, "word %zu: %lu, but %lu was written",
					  i, seen, least);
		}
	}
	return NULL;
}

static void hold_a_picture(void)
{
	unsigned long seen[WORDS];
	for (size_t i = 0; i < WORDS; i++)
		seen[i] = *word(i);
	for (int round = 0; round < 4; round++) {
		sched_yield();
		for (size_t i = 0; i < WORDS; i++)
			CHECK_EQ(*word(i), seen[i]);
	}
}

static void fork_among_them(void)
{
	pthread_t threads[THREADS];
	mark_pages(area, PAGES, 0);
	for (size_t i = 0; i < WORDS; i++)
		*word(i) = 0;
	said = map_shared_page();
	start_threads(threads, THREADS, write_and_read);
	pid_t last = 0;
	for (int i = 0; i < FORKS; i++) {
		/* One picture is held while the next is taken: frames have two and three names. */
		const pid_t next = start_child(hold_a_picture);
		if (last != 0)
			CHECK_EXITED(wait_for(last), 0);
		last = next;
	}
	CHECK_EXITED(wait_for(last), 0);
	atomic_store(&stop, true);
	join_threads(threads, THREADS);
	for (size_t i = 0; i < WORDS; i++)
		CHECK_EQ(*word(i), said[i]);
}

static void nobody_reads_the_old_page_after_somebody_wrote_the_new(void)
{
	CHECK_CHILD(fork_among_them);
}

/* ---- the same word, raised in turns ---- */

#define TURNS 60UL

static atomic_ulong *turn_in_area;

static void *take_turns(void *arg)
{
	const unsigned long me = (unsigned long)(intptr_t)arg;
	for (unsigned long n = me; n < TURNS; n += THREADS) {
		while (atomic_load(turn_in_area) != n)
			sched_yield();
		atomic_store(turn_in_area, n + 1);
	}
	return NULL;
}

static void nothing(void)
{
}

static void take_turns_among_forks(void)
{
	pthread_t threads[THREADS];
	turn_in_area = (void *)area;
	mark_pages(area, PAGES, 0);
	start_threads(threads, THREADS, take_turns);
	while (atomic_load(turn_in_area) < TURNS)
		CHECK_CHILD(nothing);
	join_threads(threads, THREADS);
}

static void threads_that_take_turns_go_on_through_forks(void)
{
	CHECK_CHILD(take_turns_among_forks);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(nobody_reads_the_old_page_after_somebody_wrote_the_new),
		TEST(threads_that_take_turns_go_on_through_forks),
	};
	area = map_tables(PAGES / TABLE_PAGES);
	return test_run(cases, ARRAY_SIZE(cases));
}
