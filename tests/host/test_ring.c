/* SPDX-License-Identifier: MIT */
/* sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "lib/ring.h"

#define SIZE 8

static void a_new_ring_is_empty_and_takes_its_size(void **state)
{
	struct ring r;
	u8 buf[SIZE], byte;

	ring_init(&r, buf, SIZE);
	assert_true(ring_is_empty(&r));
	assert_false(ring_get(&r, &byte));
	for (u8 i = 0; i < SIZE; i++)
		assert_true(ring_put(&r, i));
	assert_false(ring_put(&r, 99));
	assert_int_equal(ring_used(&r), SIZE);
	assert_int_equal(ring_free(&r), 0);
	for (u8 i = 0; i < SIZE; i++) {
		assert_true(ring_get(&r, &byte));
		assert_int_equal(byte, i);
	}
	assert_false(ring_get(&r, &byte));
}

static void counters_may_wrap_around(void **state)
{
	struct ring r;
	u8 buf[SIZE], out[SIZE];

	ring_init(&r, buf, SIZE);
	r.head = UINT32_MAX - 2;
	r.tail = UINT32_MAX - 2;
	assert_int_equal(ring_write(&r, "abcdefgh", 8), 8);
	assert_int_equal(ring_free(&r), 0);
	assert_int_equal(ring_read(&r, out, 8), 8);
	assert_memory_equal(out, "abcdefgh", 8);
	assert_true(ring_is_empty(&r));
}

static void pieces_go_in_and_out_across_the_seam(void **state)
{
	struct ring r;
	u8 buf[SIZE], out[SIZE];

	ring_init(&r, buf, SIZE);
	for (u32 round = 0; round < 100; round++) {
		const u32 len = round % (SIZE + 1);

		assert_int_equal(ring_write(&r, "01234567", len), len);
		assert_int_equal(ring_read(&r, out, SIZE), len);
		assert_memory_equal(out, "01234567", len);
	}
	assert_int_equal(ring_write(&r, "0123456789", 10), SIZE);
	assert_int_equal(ring_read(&r, out, 3), 3);
	assert_int_equal(ring_write(&r, "abcdef", 6), 3);
	assert_int_equal(ring_read(&r, out, SIZE), SIZE);
	assert_memory_equal(out, "34567abc", SIZE);
	assert_int_equal(ring_write(&r, "xyz", 3), 3);
	ring_drop_all(&r);
	assert_true(ring_is_empty(&r));
}

#define TRANSFER_BYTES 200000U

static void *produce(void *arg)
{
	struct ring *const r = arg;

	for (u32 i = 0; i < TRANSFER_BYTES;) {
		if (ring_put(r, (u8)(i * 7)))
			i++;
		else
			(void)sched_yield(); /* the other may be waiting for this processor */
	}
	return NULL;
}

static void producer_and_consumer_need_no_lock(void **state)
{
	static u8 buf[64];
	struct ring r;
	pthread_t producer;

	ring_init(&r, buf, sizeof(buf));
	assert_int_equal(pthread_create(&producer, NULL, produce, &r), 0);
	for (u32 i = 0; i < TRANSFER_BYTES;) {
		u8 byte;

		if (!ring_get(&r, &byte)) {
			(void)sched_yield();
			continue;
		}
		assert_int_equal(byte, (u8)(i * 7));
		i++;
	}
	pthread_join(producer, NULL);
	assert_true(ring_is_empty(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_is_empty_and_takes_its_size),
		cmocka_unit_test(counters_may_wrap_around),
		cmocka_unit_test(pieces_go_in_and_out_across_the_seam),
		cmocka_unit_test(producer_and_consumer_need_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
