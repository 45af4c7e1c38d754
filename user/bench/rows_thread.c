// SPDX-License-Identifier: MIT
/* Threads by libc's functions, and the futex that they are made of. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES 50

/* ---- lives ------------------------------------------------------------------------------ */

static void *give_back(void *argument)
{
	return argument;
}

static uint64_t create_join(const struct row *row)
{
	int failed = 0;
	char token;
	uint64_t others = 0;
	const uint64_t took = counter_loop(row->times, {
		pthread_t thread;
		void *given = NULL;
		failed |= pthread_create(&thread, NULL, give_back, &token);
		failed |= pthread_join(thread, &given);
		others |= (uint64_t)given ^ (uint64_t)&token;
	});
	VERIFY(failed == 0 && others == 0);
	return took;
}

/* ---- futex ------------------------------------------------------------------------------ */

/* Two words, in memory that both sides share: each side waits for its own to become full. */
struct table {
	unsigned there, back;
	int flag; /* FUTEX_PRIVATE_FLAG between threads */
};

static void fill(unsigned *word, int flag)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	VERIFY(syscall(SYS_futex, word, FUTEX_WAKE | flag, 1, NULL, NULL, 0) >= 0);
}

static void wait_and_empty(unsigned *word, int flag)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		if (syscall(SYS_futex, word, FUTEX_WAIT | flag, 0, NULL, NULL, 0) != 0)
			VERIFY(errno == EAGAIN);
	*word = 0;
}

/* The other side; it never ends but with the process. */
static void *answer(void *argument)
{
	struct table *const table = argument;
	for (;;) {
		wait_and_empty(&table->there, table->flag);
		shared->children++;
		fill(&table->back, table->flag);
	}
	return NULL;
}

static struct table *table;

static void setup_thread(const struct row *row)
{
	static struct table here = { .flag = FUTEX_PRIVATE_FLAG };
	pthread_t thread;
	(void)row;
	table = &here;
	VERIFY(pthread_create(&thread, NULL, answer, table) == 0);
}

static void setup_process(const struct row *row)
{
	(void)row;
	table = (struct table *)shared->room;
	if (process_fork() == 0)
		answer(table);
}

static uint64_t ask(const struct row *row)
{
	const uint64_t before = shared->children;
	const uint64_t took = counter_loop(row->times, {
		fill(&table->there, table->flag);
		wait_and_empty(&table->back, table->flag);
	});
	VERIFY(shared->children == before + row->times);
	return took;
}

static uint64_t wake_nobody(const struct row *row)
{
	static unsigned word;
	long woken = 0;
	const uint64_t took =
		counter_loop(row->times, woken += syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1,
							  NULL, NULL, 0));
	VERIFY(woken == 0);
	return took;
}

static const struct row rows[] = {
	{ .name = "thread_create_join", .round = create_join, .times = 10 },
	{ .name = "futex_round_trip", .setup = setup_thread, .round = ask, .times = TIMES },
	{ .name = "futex_round_trip_processes",
	  .setup = setup_process,
	  .round = ask,
	  .times = TIMES },
	{ .name = "futex_wake_nobody", .round = wake_nobody, .times = 2 * TIMES },
};

const struct group group_thread = { "thread", rows, ARRAY_SIZE(rows) };
