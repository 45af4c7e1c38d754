// SPDX-License-Identifier: MIT
/* sources: kernel/sched/runqueue.c kernel/sched/loadavg.c lib/rbtree.c tests/host/shim/panic.c */
/*
 * The scheduler's policy: shares follow weights, sleepers come back neither too strong nor too
 * weak, moves between queues carry no past along. Time is what the tests say it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/sched/loadavg.h"
#include "kernel/sched/runqueue.h"
#include "tests/host/shim/machine.h"

#define MS         1000000UL
#define ALL_HARTS  (~0UL)
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define LONG_SLEEP (3600UL * 1000 * MS)

static struct thread thread_make(s32 nice)
{
	return (struct thread){
		.nice = nice,
		.weight = runqueue_weight(nice),
		.affinity = ALL_HARTS,
	};
}

/* A hart for one queue: @current runs until its slice is over or somebody pushes it aside. */
struct hart {
	struct runqueue queue;
	struct thread *current;
};

static void charge(struct runqueue *q, struct thread *current, nsec_t ran)
{
	runqueue_charge(current, ran);
	runqueue_advance(q, current);
}

static nsec_t run_one_slice(struct hart *h)
{
	h->current = h->current != NULL ? runqueue_exchange(&h->queue, h->current) :
					  runqueue_pick(&h->queue);
	assert_non_null(h->current);
	const nsec_t slice = runqueue_slice(&h->queue, h->current);
	runqueue_charge(h->current, slice);
	return slice;
}

static void weight_follows_nice(void **state)
{
	assert_int_equal(runqueue_weight(0), 1024);
	for (s32 nice = NICE_MIN; nice < NICE_MAX; nice++) {
		const double ratio = (double)runqueue_weight(nice) / runqueue_weight(nice + 1);
		assert_true(ratio > 1.16 && ratio < 1.34);
	}
	expect_panic(runqueue_weight(NICE_MAX + 1));
	expect_panic(runqueue_weight(NICE_MIN - 1));
}

static void least_virtual_time_runs_next(void **state)
{
	struct runqueue q;
	struct thread t[64];
	runqueue_init(&q);
	srand(1);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		t[i].vruntime = (u64)rand() % 1000;
		runqueue_enqueue(&q, &t[i]);
	}
	assert_int_equal(q.ready, COUNT(t));
	assert_int_equal(q.weight, COUNT(t) * 1024);
	u64 last = 0;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct thread *next = runqueue_pick(&q);
		assert_true(next->vruntime >= last);
		last = next->vruntime;
		runqueue_stop(&q, next);
	}
	assert_null(runqueue_pick(&q));
	assert_int_equal(q.weight, 0);
}

static void of_equal_threads_the_first_to_come_runs_first(void **state)
{
	struct runqueue q;
	struct thread t[5];
	runqueue_init(&q);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		runqueue_enqueue(&q, &t[i]);
	}
	for (size_t i = 0; i < COUNT(t); i++)
		assert_ptr_equal(runqueue_pick(&q), &t[i]);
}

static void virtual_time_may_wrap(void **state)
{
	struct runqueue q;
	struct thread early = thread_make(0), late = thread_make(0);
	runqueue_init(&q);
	early.vruntime = ~0UL - 5;
	late.vruntime = 5;
	runqueue_enqueue(&q, &late);
	runqueue_enqueue(&q, &early);
	assert_ptr_equal(runqueue_pick(&q), &early);
	assert_ptr_equal(runqueue_pick(&q), &late);
}

static void a_thread_can_be_taken_from_the_middle(void **state)
{
	struct runqueue q;
	struct thread t[3];
	runqueue_init(&q);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		t[i].state = THREAD_SLEEPING;
		t[i].vruntime = i;
		runqueue_enqueue(&q, &t[i]);
	}
	assert_int_equal(t[1].state, THREAD_RUNNABLE);
	runqueue_dequeue(&q, &t[1]);
	assert_int_equal(t[1].state, THREAD_MOVING);
	assert_int_equal(q.ready, 2);
	assert_ptr_equal(runqueue_pick(&q), &t[0]);
	assert_ptr_equal(runqueue_pick(&q), &t[2]);
}

static void equals_run_in_the_order_they_came(void **state)
{
	struct runqueue q;
	struct thread a = thread_make(0), b = thread_make(0), newcomer = thread_make(0);
	runqueue_init(&q);
	a.vruntime = b.vruntime = 5;
	newcomer.vruntime = 4;
	runqueue_enqueue(&q, &a);
	runqueue_enqueue(&q, &b);
	runqueue_enqueue(&q, &newcomer); /* pushes a back, but not behind b */
	assert_ptr_equal(runqueue_pick(&q), &newcomer);
	assert_ptr_equal(runqueue_pick(&q), &a);
	assert_ptr_equal(runqueue_pick(&q), &b);
	assert_null(runqueue_pick(&q));
}

static void who_goes_on_running_is_not_queued(void **state)
{
	struct runqueue q;
	struct thread current = thread_make(0), other = thread_make(0);
	runqueue_init(&q);
	assert_ptr_equal(runqueue_exchange(&q, &current), &current);
	other.vruntime = 5;
	runqueue_enqueue(&q, &other);
	assert_ptr_equal(runqueue_exchange(&q, &current), &current);
	assert_int_equal(q.ready, 1);
	current.vruntime = 5; /* of equals the one that waits */
	assert_ptr_equal(runqueue_exchange(&q, &current), &other);
	assert_int_equal(q.ready, 1);
	assert_ptr_equal(runqueue_pick(&q), &current);
}

static void shares_follow_weights(void **state)
{
	static const s32 nices[] = { -20, -5, 0, 0, 3, 10, 19 };
	struct thread t[COUNT(nices)];
	struct hart h = { 0 };
	u64 weights = 0;
	nsec_t total = 0;
	runqueue_init(&h.queue);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(nices[i]);
		weights += t[i].weight;
		runqueue_enqueue(&h.queue, &t[i]);
	}
	while (total < 1000UL * 1000 * MS)
		total += run_one_slice(&h);
	for (size_t i = 0; i < COUNT(t); i++) {
		const double wanted = (double)total * t[i].weight / (double)weights;
		const double got = (double)thread_charged(&t[i]);
		assert_true(got > wanted * 0.97 && got < wanted * 1.03);
	}
}

static void everybody_runs_within_a_bounded_time(void **state)
{
	struct thread t[20];
	nsec_t last[20] = { 0 }, now = 0;
	struct hart h = { 0 };
	runqueue_init(&h.queue);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		runqueue_enqueue(&h.queue, &t[i]);
	}
	for (unsigned i = 0; i < 2000; i++) {
		const nsec_t slice = run_one_slice(&h);
		const size_t who = (size_t)(h.current - t);
		assert_true(now - last[who] <= 100 * MS);
		now += slice;
		last[who] = now;
	}
}

static void a_slice_is_worth_a_switch_and_shrinks_with_company(void **state)
{
	struct runqueue q;
	struct thread current = thread_make(0), t[100];
	runqueue_init(&q);
	runqueue_enqueue(&q, &current);
	assert_ptr_equal(runqueue_pick(&q), &current);
	nsec_t last = ~0UL;
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		runqueue_enqueue(&q, &t[i]);
		const nsec_t slice = runqueue_slice(&q, &current);
		assert_true(slice <= last && slice >= 2 * MS && slice <= 6 * MS);
		last = slice;
	}
}

static void a_heavy_thread_runs_longer_at_a_time(void **state)
{
	struct runqueue q;
	struct thread light = thread_make(0), heavy = thread_make(-10), other = thread_make(0);
	runqueue_init(&q);
	runqueue_enqueue(&q, &other);
	runqueue_enqueue(&q, &light);
	const nsec_t short_one = runqueue_slice(&q, &light);
	runqueue_stop(&q, &light);
	runqueue_enqueue(&q, &heavy);
	assert_true(runqueue_slice(&q, &heavy) > short_one);
}

static void a_sleeper_does_not_save_up_its_time(void **state)
{
	struct runqueue q;
	struct thread hog = thread_make(0), sleeper = thread_make(0);
	runqueue_init(&q);
	charge(&q, &hog, LONG_SLEEP);
	runqueue_limit_credit(&q, &sleeper);
	const u64 credit = hog.vruntime - sleeper.vruntime;
	assert_true(credit > 0 && credit <= 10 * MS);
}

static void a_short_sleep_is_not_rewarded_at_all(void **state)
{
	struct runqueue q;
	struct thread hog = thread_make(0), sleeper = thread_make(0);
	runqueue_init(&q);
	sleeper.vruntime = 500 * MS; /* has had its share */
	charge(&q, &hog, 500 * MS);
	runqueue_limit_credit(&q, &sleeper);
	assert_int_equal(sleeper.vruntime, 500 * MS);
}

static void a_woken_sleeper_preempts_a_hog(void **state)
{
	struct runqueue q;
	struct thread hog = thread_make(0), sleeper = thread_make(0);
	runqueue_init(&q);
	charge(&q, &hog, LONG_SLEEP);
	runqueue_limit_credit(&q, &sleeper);
	assert_true(runqueue_should_preempt(&hog, &sleeper));
	assert_false(runqueue_should_preempt(&sleeper, &hog));
}

static void equals_do_not_push_each_other_aside(void **state)
{
	struct thread a = thread_make(0), b = thread_make(0);
	assert_false(runqueue_should_preempt(&a, &b));
	a.vruntime = MS / 2;
	assert_false(runqueue_should_preempt(&a, &b));
}

static struct thread thread_born(const struct runqueue *q, const struct thread *parent)
{
	struct thread t = thread_make(0);
	t.vruntime = runqueue_lead(q, parent);
	runqueue_arrive(q, &t);
	return t;
}

static void a_new_thread_begins_where_its_maker_stands(void **state)
{
	struct runqueue q;
	struct thread maker = thread_make(0), other = thread_make(0);
	runqueue_init(&q);
	charge(&q, &other, LONG_SLEEP);
	runqueue_enqueue(&q, &other);
	maker.vruntime = other.vruntime;
	charge(&q, &maker, 2 * MS);
	assert_int_equal(thread_born(&q, &maker).vruntime, maker.vruntime);
	/* Its credit is its own. */
	maker.vruntime = q.min_vruntime - MS;
	assert_int_equal(thread_born(&q, &maker).vruntime, q.min_vruntime);
}

/* Two families whose members fork and end, each of them long before its slice does. */
static void who_forks_and_ends_does_not_keep_others_waiting(void **state)
{
	struct runqueue q;
	struct thread members[200], other = thread_make(0);
	runqueue_init(&q);
	for (size_t i = 0; i < 2; i++) {
		members[i] = thread_make(0);
		runqueue_enqueue(&q, &members[i]);
	}
	other.vruntime = 3 * MS;
	runqueue_enqueue(&q, &other);
	for (size_t born = 2; born < COUNT(members); born++) {
		struct thread *t = runqueue_pick(&q);
		if (t == &other)
			return;
		charge(&q, t, MS / 10);
		members[born] = thread_born(&q, t);
		runqueue_enqueue(&q, &members[born]);
		charge(&q, t, MS / 10);
	}
	fail_msg("never had a turn");
}

static void a_move_keeps_the_place_among_the_others(void **state)
{
	struct runqueue busy, lazy;
	struct thread a = thread_make(0), b = thread_make(0), moved = thread_make(0);
	runqueue_init(&busy);
	runqueue_init(&lazy);
	charge(&busy, &a, LONG_SLEEP);
	charge(&lazy, &b, 7 * MS);
	moved.vruntime = a.vruntime + 2 * MS;
	const nsec_t has_run = thread_charged(&moved);
	runqueue_leave(&busy, &moved);
	runqueue_arrive(&lazy, &moved);
	assert_int_equal(moved.vruntime, b.vruntime + 2 * MS);
	assert_int_equal(thread_charged(&moved), has_run);
	runqueue_leave(&lazy, &moved);
	runqueue_arrive(&busy, &moved);
	assert_int_equal(moved.vruntime, a.vruntime + 2 * MS);
}

/* Brought up to date only when somebody comes, it is what it would be if that were done always. */
static void min_vruntime_never_goes_back(void **state)
{
	struct hart h = { 0 };
	struct thread t[8];
	u64 last = 0, always = 0;
	runqueue_init(&h.queue);
	srand(2);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(rand() % 40 - 20);
		runqueue_enqueue(&h.queue, &t[i]);
	}
	for (unsigned i = 0; i < 5000; i++) {
		(void)run_one_slice(&h);
		struct runqueue now = h.queue;
		runqueue_advance(&now, h.current);
		always = MAX(always, now.min_vruntime);
		/* One leaves now and then and comes back after a while, with nothing to its name.
		 */
		struct thread *t_i = &t[(size_t)rand() % COUNT(t)];
		if (t_i != h.current && rand() % 4 == 0) {
			runqueue_advance(&h.queue, h.current);
			assert_int_equal(h.queue.min_vruntime, always);
			runqueue_dequeue(&h.queue, t_i);
			t_i->vruntime = 0;
			runqueue_limit_credit(&h.queue, t_i);
			runqueue_enqueue(&h.queue, t_i);
		}
		assert_true(h.queue.min_vruntime >= last);
		last = h.queue.min_vruntime;
	}
}

static void yielding_lets_the_next_one_run(void **state)
{
	struct runqueue q;
	struct thread current = thread_make(0), other = thread_make(0);
	runqueue_init(&q);
	other.vruntime = 4 * MS;
	runqueue_enqueue(&q, &other);
	runqueue_yield(&q, &current);
	assert_int_equal(current.vruntime, other.vruntime);
	assert_int_equal(thread_charged(&current), 0);
	runqueue_enqueue(&q, &current);
	assert_ptr_equal(runqueue_pick(&q), &other);
}

static void yielding_alone_costs_nothing(void **state)
{
	struct runqueue q;
	struct thread current = thread_make(0);
	runqueue_init(&q);
	runqueue_yield(&q, &current);
	assert_int_equal(current.vruntime, 0);
}

static void stealing_takes_the_neediest_that_may_move(void **state)
{
	struct runqueue q;
	struct thread t[3];
	runqueue_init(&q);
	for (size_t i = 0; i < COUNT(t); i++) {
		t[i] = thread_make(0);
		t[i].vruntime = i;
		runqueue_enqueue(&q, &t[i]);
	}
	t[0].affinity = BIT(0);
	assert_ptr_equal(runqueue_find_movable(&q, 0), &t[0]);
	assert_ptr_equal(runqueue_find_movable(&q, 1), &t[1]);
	t[1].affinity = t[2].affinity = BIT(3);
	assert_null(runqueue_find_movable(&q, 1));
	assert_int_equal(q.ready, 3);
}

static void load_approaches_what_runs(void **state)
{
	struct loadavg l = { 0 };
	u64 load[3];
	/* 63 % after the time constant of each. */
	loadavg_fold(&l, 2 * LOAD_ONE, 12);
	loadavg_read(&l, load);
	assert_in_range(load[0], 2 * LOAD_ONE * 62 / 100, 2 * LOAD_ONE * 64 / 100);
	loadavg_fold(&l, 2 * LOAD_ONE, 60 - 12);
	loadavg_read(&l, load);
	assert_in_range(load[1], 2 * LOAD_ONE * 62 / 100, 2 * LOAD_ONE * 64 / 100);
	loadavg_fold(&l, 2 * LOAD_ONE, 180 - 60);
	loadavg_read(&l, load);
	assert_in_range(load[2], 2 * LOAD_ONE * 62 / 100, 2 * LOAD_ONE * 64 / 100);
	loadavg_fold(&l, 2 * LOAD_ONE, 100000);
	loadavg_read(&l, load);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(load[i], 2 * LOAD_ONE);
}

static void load_falls_to_nothing_in_silence(void **state)
{
	struct loadavg l = { 0 };
	u64 load[3];
	loadavg_fold(&l, 5000 * LOAD_ONE, 100000);
	loadavg_fold(&l, 0, 100000);
	loadavg_read(&l, load);
	assert_int_equal(load[0] + load[1] + load[2], 0);
}

static void many_samples_at_once_are_as_good_as_one_by_one(void **state)
{
	struct loadavg at_once = { 0 }, one_by_one;
	u64 a[3], b[3];
	loadavg_fold(&at_once, 3 * LOAD_ONE, 40);
	one_by_one = at_once;
	loadavg_fold(&at_once, LOAD_ONE / 2, 100);
	for (unsigned i = 0; i < 100; i++)
		loadavg_fold(&one_by_one, LOAD_ONE / 2, 1);
	loadavg_read(&at_once, a);
	loadavg_read(&one_by_one, b);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(a[i], b[i] - 1, b[i] + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weight_follows_nice),
		cmocka_unit_test(least_virtual_time_runs_next),
		cmocka_unit_test(of_equal_threads_the_first_to_come_runs_first),
		cmocka_unit_test(virtual_time_may_wrap),
		cmocka_unit_test(a_thread_can_be_taken_from_the_middle),
		cmocka_unit_test(equals_run_in_the_order_they_came),
		cmocka_unit_test(who_goes_on_running_is_not_queued),
		cmocka_unit_test(shares_follow_weights),
		cmocka_unit_test(everybody_runs_within_a_bounded_time),
		cmocka_unit_test(a_slice_is_worth_a_switch_and_shrinks_with_company),
		cmocka_unit_test(a_heavy_thread_runs_longer_at_a_time),
		cmocka_unit_test(a_sleeper_does_not_save_up_its_time),
		cmocka_unit_test(a_short_sleep_is_not_rewarded_at_all),
		cmocka_unit_test(a_woken_sleeper_preempts_a_hog),
		cmocka_unit_test(equals_do_not_push_each_other_aside),
		cmocka_unit_test(a_new_thread_begins_where_its_maker_stands),
		cmocka_unit_test(who_forks_and_ends_does_not_keep_others_waiting),
		cmocka_unit_test(a_move_keeps_the_place_among_the_others),
		cmocka_unit_test(min_vruntime_never_goes_back),
		cmocka_unit_test(yielding_lets_the_next_one_run),
		cmocka_unit_test(yielding_alone_costs_nothing),
		cmocka_unit_test(stealing_takes_the_neediest_that_may_move),
		cmocka_unit_test(load_approaches_what_runs),
		cmocka_unit_test(load_falls_to_nothing_in_silence),
		cmocka_unit_test(many_samples_at_once_are_as_good_as_one_by_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
