// SPDX-License-Identifier: MIT
/* sources: tests/host/shim/panic.c */
/* One word between threads of the host: who has it is alone, and sees what was done before. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/bare_lock.h"

#define THREADS 4
#define ROUNDS  3000000

static struct bare_lock lock;
static pthread_barrier_t all_are_there;
/* under lock, and deliberately not atomic */
static unsigned long first, second;

static void who_has_it_keeps_others_out(void **state)
{
	struct bare_lock l = { 0 };
	(void)state;
	assert_false(bare_is_taken(&l));
	assert_true(bare_try_lock(&l));
	assert_true(bare_is_taken(&l));
	assert_false(bare_try_lock(&l));
	bare_unlock(&l);
	assert_false(bare_is_taken(&l));
	bare_lock(&l);
	assert_false(bare_try_lock(&l));
	bare_unlock(&l);
}

static void *count(void *arg)
{
	unsigned long *differences = arg;
	(void)pthread_barrier_wait(&all_are_there);
	for (int i = 0; i < ROUNDS; i++) {
		bare_lock(&lock);
		*differences += first != second;
		first++;
		second = first;
		bare_unlock(&lock);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	pthread_t threads[THREADS];
	unsigned long differences[THREADS] = { 0 };
	(void)state;
	assert_int_equal(pthread_barrier_init(&all_are_there, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &differences[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(differences[i], 0);
	}
	assert_int_equal(first, (unsigned long)THREADS * ROUNDS);
	assert_int_equal(second, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_it_keeps_others_out),
		cmocka_unit_test(nothing_is_lost_between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
