// SPDX-License-Identifier: MIT
/* sources: kernel/sched/timer.c lib/rbtree.c tests/host/shim/machine.c tests/host/shim/panic.c */
/*
 * Timers against a clock that the tests turn: order, moving, cancelling, and how seldom the
 * hardware is told. Harts are changed by pointing the running thread at another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/sched/timer.h"
#include "arch/riscv/cpu/cpu.h"
#include "lib/compiler.h"
#include "tests/host/shim/machine.h"

#define HARTS 2

static nsec_t now;
static nsec_t hardware[HARTS]; /* what clock_set_event() was told last */
static unsigned told;          /* how often */
void (*clock_event_handler)(void);

static struct timer *fired[64];
static unsigned fired_count;
static nsec_t slice_ended_at;

nsec_t clock_now(void)
{
	return now;
}

void clock_set_event(nsec_t when)
{
	hardware[cpu_index()] = when;
	told++;
}

static void be_on(u32 cpu)
{
	host_current->cpu = &cpus[cpu];
}

static void note(struct timer *t)
{
	fired[fired_count++] = t;
}

static void slice_has_ended(nsec_t at)
{
	slice_ended_at = at;
}

static int setup(void **state)
{
	now = 1000;
	told = fired_count = 0;
	slice_ended_at = 0;
	for (u32 i = 0; i < HARTS; i++) {
		cpus[i].index = i;
		hardware[i] = CLOCK_NEVER;
	}
	be_on(0);
	timers_init();
	timer_slice_handler = slice_has_ended;
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(shim_locks_held, 0);
	return 0;
}

/* Let the clock go on to @until, with the interrupts that the hardware of this hart is set to. */
static void pass_until(nsec_t until)
{
	u32 cpu = cpu_index();
	while (hardware[cpu] <= until) {
		now = hardware[cpu] > now ? hardware[cpu] : now;
		clock_event_handler();
	}
	now = until;
}

static void timers_fire_in_order_of_time(void **state)
{
	static const nsec_t when[] = { 5000, 3000, 9000, 3000, 4000 };
	struct timer t[ARRAY_SIZE(when)];
	for (unsigned i = 0; i < ARRAY_SIZE(when); i++) {
		timer_init(&t[i], note);
		timer_start(&t[i], when[i]);
	}
	pass_until(8999);
	assert_int_equal(fired_count, 4);
	assert_ptr_equal(fired[0], &t[1]);
	assert_ptr_equal(fired[1], &t[3]); /* of two at one time the first to be started */
	assert_ptr_equal(fired[2], &t[4]);
	assert_ptr_equal(fired[3], &t[0]);
	pass_until(9000);
	assert_ptr_equal(fired[4], &t[2]);
}

static void the_hardware_is_told_only_of_earlier_times(void **state)
{
	struct timer t[3];
	for (unsigned i = 0; i < 3; i++)
		timer_init(&t[i], note);
	timer_start(&t[0], 5000);
	assert_int_equal(hardware[0], 5000);
	timer_start(&t[1], 6000);
	assert_int_equal(told, 1);
	timer_start(&t[2], 4000);
	assert_int_equal(hardware[0], 4000);
	assert_int_equal(told, 2);
}

static void a_hart_without_timers_is_not_interrupted(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 2000);
	pass_until(2000);
	assert_int_equal(fired_count, 1);
	assert_true(hardware[0] == CLOCK_NEVER);
}

static void a_cancelled_timer_does_not_fire(void **state)
{
	struct timer t;
	timer_init(&t, note);
	assert_false(timer_cancel(&t));
	timer_start(&t, 2000);
	assert_true(timer_cancel(&t));
	assert_false(timer_cancel(&t));
	pass_until(5000);
	assert_int_equal(fired_count, 0);
	/* Told of nothing when it was cancelled: one interrupt in vain, and then none. */
	assert_true(hardware[0] == CLOCK_NEVER);
}

static void a_timer_that_fired_cannot_be_cancelled(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 2000);
	pass_until(2000);
	assert_false(timer_cancel(&t));
}

static void a_started_timer_can_be_moved_both_ways(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 5000);
	timer_start(&t, 2000);
	pass_until(2000);
	assert_int_equal(fired_count, 1);
	timer_start(&t, 3000);
	timer_start(&t, 7000);
	pass_until(6999);
	assert_int_equal(fired_count, 1);
	pass_until(7000);
	assert_int_equal(fired_count, 2);
}

static void starting_for_never_is_stopping(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 5000);
	timer_start(&t, CLOCK_NEVER);
	pass_until(6000);
	assert_int_equal(fired_count, 0);
	assert_false(timer_cancel(&t));
}

static void a_time_in_the_past_fires_at_once(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 1);
	pass_until(now);
	assert_int_equal(fired_count, 1);
}

static unsigned rounds;

static void start_again(struct timer *t)
{
	if (++rounds < 5)
		timer_start(t, now + 100);
}

static void a_timer_may_start_itself_again(void **state)
{
	struct timer t;
	rounds = 0;
	timer_init(&t, start_again);
	timer_start(&t, 2000);
	pass_until(2399);
	assert_int_equal(rounds, 4);
	pass_until(10000);
	assert_int_equal(rounds, 5);
	assert_true(hardware[0] == CLOCK_NEVER);
}

static struct timer *victim;

static void cancel_victim(struct timer *t)
{
	note(t);
	(void)timer_cancel(victim);
}

static void a_firing_timer_may_cancel_the_next(void **state)
{
	struct timer a, b, c;
	timer_init(&a, cancel_victim);
	timer_init(&b, note);
	timer_init(&c, note);
	timer_start(&a, 2000);
	timer_start(&b, 2000);
	timer_start(&c, 2000);
	victim = &b;
	pass_until(3000);
	assert_int_equal(fired_count, 2);
	assert_ptr_equal(fired[1], &c);
}

static void a_timer_is_moved_from_another_hart(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 2000);
	be_on(1);
	timer_start(&t, 3000);
	assert_int_equal(hardware[1], 3000);
	be_on(0);
	pass_until(2500);
	assert_int_equal(fired_count, 0);
	assert_true(hardware[0] == CLOCK_NEVER);
	be_on(1);
	pass_until(3000);
	assert_int_equal(fired_count, 1);
}

static void a_timer_is_cancelled_from_another_hart(void **state)
{
	struct timer t;
	timer_init(&t, note);
	timer_start(&t, 2000);
	be_on(1);
	assert_true(timer_cancel(&t));
	be_on(0);
	pass_until(5000);
	assert_int_equal(fired_count, 0);
}

/* What an owner on another hart does while the timer is firing here. */
static void start_from_the_other_hart(struct timer *t)
{
	note(t);
	if (fired_count > 1)
		return;
	be_on(1);
	timer_start(t, 5000);
	be_on(0);
}

static void a_timer_started_elsewhere_while_it_fires_stays_where_it_fires(void **state)
{
	struct timer t;
	timer_init(&t, start_from_the_other_hart);
	timer_start(&t, 2000);
	pass_until(2000);
	assert_int_equal(t.cpu, 0);
	assert_true(hardware[1] == CLOCK_NEVER);
	assert_int_equal(hardware[0], 5000);
	pass_until(5000);
	assert_int_equal(fired_count, 2);
}

static void many_due_timers_let_other_interrupts_in(void **state)
{
	static struct timer t[200];
	rounds = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		timer_init(&t[i], start_again);
		timer_start(&t[i], 2000);
	}
	rounds = 10;
	now = 2000;
	clock_event_handler();
	assert_true(rounds < 10 + ARRAY_SIZE(t));
	assert_true(hardware[0] <= now); /* again at once */
	pass_until(2000);
	assert_int_equal(rounds, 10 + ARRAY_SIZE(t));
}

static void the_end_of_a_slice_is_reported_once(void **state)
{
	timer_set_slice_end(4000);
	assert_int_equal(hardware[0], 4000);
	pass_until(3999);
	assert_int_equal(slice_ended_at, 0);
	pass_until(9000);
	assert_int_equal(slice_ended_at, 4000);
	assert_true(hardware[0] == CLOCK_NEVER);
}

static void a_slice_taken_back_costs_one_interrupt_at_most(void **state)
{
	timer_set_slice_end(4000);
	timer_set_slice_end(CLOCK_NEVER);
	timer_set_slice_end(4500);
	assert_int_equal(told, 1);
	timer_set_slice_end(CLOCK_NEVER);
	pass_until(9000);
	assert_int_equal(slice_ended_at, 0);
	assert_int_equal(told, 2);
	assert_true(hardware[0] == CLOCK_NEVER);
}

static void slices_of_harts_are_their_own(void **state)
{
	timer_set_slice_end(4000);
	be_on(1);
	assert_true(hardware[1] == CLOCK_NEVER);
}

static void random_timers_fire_exactly_when_due(void **state)
{
	static struct timer t[100];
	nsec_t due[ARRAY_SIZE(t)];
	srand(3);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		timer_init(&t[i], note);
		due[i] = CLOCK_NEVER;
	}
	for (unsigned step = 0; step < 20000; step++) {
		const unsigned i = (unsigned)rand() % ARRAY_SIZE(t);
		if (rand() % 3 == 0) {
			assert_int_equal(timer_cancel(&t[i]), due[i] != CLOCK_NEVER);
			due[i] = CLOCK_NEVER;
		} else {
			due[i] = now + 1 + (nsec_t)(rand() % 500);
			timer_start(&t[i], due[i]);
		}
		fired_count = 0;
		pass_until(now + (nsec_t)(rand() % 8));
		for (unsigned k = 0; k < fired_count; k++) {
			nsec_t *at = &due[fired[k] - t];
			assert_true(*at <= now);
			*at = CLOCK_NEVER;
		}
		for (unsigned k = 0; k < ARRAY_SIZE(t); k++)
			assert_true(due[k] > now);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers_fire_in_order_of_time),
		TEST(the_hardware_is_told_only_of_earlier_times),
		TEST(a_hart_without_timers_is_not_interrupted),
		TEST(a_cancelled_timer_does_not_fire),
		TEST(a_timer_that_fired_cannot_be_cancelled),
		TEST(a_started_timer_can_be_moved_both_ways),
		TEST(starting_for_never_is_stopping),
		TEST(a_time_in_the_past_fires_at_once),
		TEST(a_timer_may_start_itself_again),
		TEST(a_firing_timer_may_cancel_the_next),
		TEST(a_timer_is_moved_from_another_hart),
		TEST(a_timer_is_cancelled_from_another_hart),
		TEST(a_timer_started_elsewhere_while_it_fires_stays_where_it_fires),
		TEST(many_due_timers_let_other_interrupts_in),
		TEST(the_end_of_a_slice_is_reported_once),
		TEST(a_slice_taken_back_costs_one_interrupt_at_most),
		TEST(slices_of_harts_are_their_own),
		TEST(random_timers_fire_exactly_when_due),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
