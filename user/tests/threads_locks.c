// SPDX-License-Identifier: MIT
/* Locks of the C library on futexes: contention, conditions, barriers, owners that die. */
/* oracle: linux-system */
#include "lib/test.h"

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#define THREADS 4
#define ROUNDS  1000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long protected; /* by mutex */

static void *add(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		protected++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void contend(void)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, add, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_EQ(protected, THREADS * ROUNDS);
}

static void a_mutex_lets_in_one_at_a_time(void)
{
	CHECK_CHILD(contend);
}

static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *arg)
{
	const int mine = (int)(intptr_t)arg;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 30; i++) {
		while (turn != mine)
			pthread_cond_wait(&turned, &mutex);
		turn = (turn + 1) % THREADS;
		pthread_cond_broadcast(&turned);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void go_around(void)
{
	pthread_t threads[THREADS];
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, take_turns, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void conditions_wake_whose_turn_it_is(void)
{
	CHECK_CHILD(go_around);
}

static void time_out(void)
{
	struct timespec soon;
	CHECK_EQ(clock_gettime(CLOCK_REALTIME, &soon), 0);
	soon.tv_nsec += 5000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_cond_timedwait(&turned, &mutex, &soon), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

static void a_timed_wait_ends(void)
{
	CHECK_CHILD(time_out);
}

/* ---- owners that die -------------------------------------------------------------------- */

static pthread_mutex_t *robust;

static void make_robust(int shared)
{
	pthread_mutexattr_t attr;
	robust = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(robust != MAP_FAILED);
	CHECK_EQ(pthread_mutexattr_init(&attr), 0);
	CHECK_EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	CHECK_EQ(pthread_mutexattr_setpshared(&attr, shared), 0);
	CHECK_EQ(pthread_mutex_init(robust, &attr), 0);
}

static atomic_bool is_held;

static void *die_holding(void *arg)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	CHECK_EQ(pthread_mutex_lock(robust), 0);
	atomic_store(&is_held, true);
	nanosleep(&moment, NULL); /* let the other one go to sleep */
	return arg;
}

static void outlive_owner(void)
{
	pthread_t thread;
	make_robust(PTHREAD_PROCESS_PRIVATE);
	CHECK_EQ(pthread_create(&thread, NULL, die_holding, NULL), 0);
	while (!atomic_load(&is_held))
		sched_yield();
	CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(robust), 0);
	CHECK_EQ(pthread_mutex_unlock(robust), 0);
	CHECK_EQ(pthread_mutex_lock(robust), 0);
	CHECK_EQ(pthread_mutex_unlock(robust), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void a_threads_death_is_told_to_who_waits(void)
{
	CHECK_CHILD(outlive_owner);
}

static void be_killed_holding(void)
{
	CHECK_EQ(pthread_mutex_lock(robust), 0);
	raise(SIGKILL);
}

static void a_processs_death_is_told_to_who_comes_later(void)
{
	make_robust(PTHREAD_PROCESS_SHARED);
	CHECK_KILLED(run_in_child(be_killed_holding), SIGKILL);
	CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(robust), 0);
	CHECK_EQ(pthread_mutex_unlock(robust), 0);
}

static atomic_uint word;

static long futex(int operation, unsigned wake, uintptr_t move)
{
	return syscall(SYS_futex, &word, operation, wake, move, &word, 0);
}

static void *sleep_on_word(void *arg)
{
	while (atomic_load(&word) == 0)
		(void)futex(FUTEX_WAIT_PRIVATE, 0, 0);
	return arg;
}

static void no_more_are_woken_than_asked_for(void)
{
	pthread_t threads[3];
	CHECK_EQ(futex(FUTEX_WAKE_PRIVATE, 1, 0), 0);
	CHECK_ERRNO(futex(FUTEX_WAKE_PRIVATE | FUTEX_CLOCK_REALTIME, 1, 0), ENOSYS);
	CHECK_ERRNO(futex(FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME, 1, 0), ENOSYS);
	CHECK_ERRNO(syscall(SYS_futex, (char *)&word + 2, FUTEX_REQUEUE_PRIVATE, 0, 0, &word, 0),
		    EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, sleep_on_word, NULL), 0);
	/* They go back to sleep, for the word stays 0. */
	for (int i = 0; i < 500; i++) {
		CHECK_EQ(futex(FUTEX_CMP_REQUEUE_PRIVATE, 0, 0), 0);
		const long woken = futex(FUTEX_WAKE_PRIVATE, 2, 0);
		CHECK(woken >= 0 && woken <= 2);
		sched_yield();
	}
	atomic_store(&word, 1);
	CHECK(futex(FUTEX_WAKE_PRIVATE, 1000, 0) <= 3);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_mutex_lets_in_one_at_a_time),
		TEST(conditions_wake_whose_turn_it_is),
		TEST(a_timed_wait_ends),
		TEST(no_more_are_woken_than_asked_for),
		TEST(a_threads_death_is_told_to_who_waits),
		TEST(a_processs_death_is_told_to_who_comes_later),
	};
	(void)argc;
	(void)argv;
	return test_run(cases, ARRAY_SIZE(cases));
}
