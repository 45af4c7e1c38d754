// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* The way a data base saves itself: a child reads all of the memory of one moment, while the
 * threads of the parent go on writing it. */
#include "lib/forks.h"

#define TABLES  6
#define PAGES   (TABLES * TABLE_PAGES)
#define WRITERS 2
#define SAVES   4
#define TOTAL   1000000UL

static char *area;
static atomic_bool stop;

/* A page is an account: who writes moves money between two of a writer's own, under its lock. */
static pthread_mutex_t locks[WRITERS];
static atomic_ulong moves;

static volatile unsigned long *account(size_t i)
{
	return (void *)(area + i * PAGE + 128);
}

static unsigned long sum_of(size_t writer)
{
	unsigned long sum = 0;
	for (size_t i = writer; i < PAGES; i += WRITERS)
		sum += *account(i);
	return sum;
}

static void *move_money(void *arg)
{
	const size_t me = (size_t)(intptr_t)arg;
	unsigned long state = me + 1;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		const size_t from = random_next(&state) % (PAGES / WRITERS) * WRITERS + me;
		const size_t to = random_next(&state) % (PAGES / WRITERS) * WRITERS + me;
		pthread_mutex_lock(&locks[me]);
		const unsigned long amount = *account(from) / 2;
		*account(from) -= amount;
		*account(to) += amount;
		pthread_mutex_unlock(&locks[me]);
		atomic_fetch_add(&moves, 1);
	}
	return NULL;
}

static void save(void)
{
	for (size_t writer = 0; writer < WRITERS; writer++)
		CHECK_EQ(sum_of(writer), TOTAL);
	/* The sum of what is saved is that of the moment, also when read again. */
	for (size_t writer = 0; writer < WRITERS; writer++)
		CHECK_EQ(sum_of(writer), TOTAL);
}

static void save_while_writing(void)
{
	pthread_t threads[WRITERS];
	for (size_t writer = 0; writer < WRITERS; writer++) {
		CHECK_EQ(pthread_mutex_init(&locks[writer], NULL), 0);
		for (size_t i = writer; i < PAGES; i += WRITERS)
			*account(i) = TOTAL / (PAGES / WRITERS);
		*account(writer) += TOTAL - sum_of(writer);
	}
	start_threads(threads, WRITERS, move_money);
	pid_t last = 0;
	for (int i = 0; i < SAVES; i++) {
		const unsigned long before = atomic_load(&moves);
		while (atomic_load(&moves) == before)
			sched_yield();
		/* The picture is of a moment when nobody is in the middle of a transfer. */
		for (int w = 0; w < WRITERS; w++)
			pthread_mutex_lock(&locks[w]);
		const pid_t next = start_child(save);
		for (int w = 0; w < WRITERS; w++)
			pthread_mutex_unlock(&locks[w]);
		if (last != 0)
			CHECK_EXITED(wait_for(last), 0);
		last = next;
	}
	CHECK_EXITED(wait_for(last), 0);
	atomic_store(&stop, true);
	join_threads(threads, WRITERS);
	for (size_t writer = 0; writer < WRITERS; writer++)
		CHECK_EQ(sum_of(writer), TOTAL);
}

static void what_is_saved_adds_up(void)
{
	CHECK_CHILD(save_while_writing);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(what_is_saved_adds_up) };
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
