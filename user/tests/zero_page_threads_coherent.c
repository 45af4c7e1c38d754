// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* A page that was only read has its zeros from a common page; when a thread writes it, all threads
 * have the new one: nobody reads a zero after the word was said to be written. */
#include "lib/forks.h"

#define READERS 2
#define PAGES   TABLE_PAGES
#define ROUNDS  3UL
#define STEP    32UL /* pages from one that is written to the next */

static char *area;
static pthread_barrier_t together;
static unsigned long round_now;
static atomic_ulong *said; /* pages done with in this round */

static volatile unsigned long *word(size_t page)
{
	return (void *)(area + page * PAGE + 8 * (page % 500));
}

/* All pages have been read here, so each may be remembered as the zero page. */
static void *read_on(void *arg)
{
	for (unsigned long i = 1; i <= ROUNDS; i++) {
		for (size_t page = 0; page < PAGES; page++)
			CHECK_EQ(*word(page), 0);
		pthread_barrier_wait(&together);
		for (unsigned long least = 0; least < PAGES;) {
			least = atomic_load(said);
			for (size_t page = 0; page < least; page += STEP)
				if (*word(page) != i)
					test_fail(__FILE__, __LINE__, "page %zu of %lu: %lu", page,
						  least, *word(page));
			sched_yield();
		}
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together); /* dropped again */
	}
	return NULL;
}

static void expect_zeros(void)
{
	check_zero(area, PAGES);
	*word(0) = 1;
	check_zero(area + PAGE, PAGES - 1);
}

static void write_among_readers(void)
{
	pthread_t readers[READERS];
	said = map_shared_page();
	CHECK_EQ(pthread_barrier_init(&together, NULL, READERS + 1), 0);
	start_threads(readers, READERS, read_on);
	for (round_now = 1; round_now <= ROUNDS; round_now++) {
		pthread_barrier_wait(&together);
		/* Every other round the zeros are common with a child as well. */
		const pid_t pid = round_now % 2 == 0 ? start_child(expect_zeros) : 0;
		for (size_t page = 0; page < PAGES; page += STEP) {
			*word(page) = round_now;
			atomic_store(said, page + STEP);
		}
		pthread_barrier_wait(&together);
		if (pid != 0)
			CHECK_EXITED(wait_for(pid), 0);
		CHECK_EQ(madvise(area, PAGES * PAGE, MADV_DONTNEED), 0);
		atomic_store(said, 0);
		pthread_barrier_wait(&together);
	}
	join_threads(readers, READERS);
}

static void nobody_reads_zero_after_somebody_wrote(void)
{
	CHECK_CHILD(write_among_readers);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(nobody_reads_zero_after_somebody_wrote) };
	area = map_tables(PAGES / TABLE_PAGES);
	return test_run(cases, ARRAY_SIZE(cases));
}
