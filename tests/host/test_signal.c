// SPDX-License-Identifier: MIT
/* sources: kernel/proc/signal.c kernel/proc/signal_info.c kernel/proc/signal_pending.c
 * kernel/proc/signal_state.c
 * kernel/proc/itimer.c lib/string.c tests/host/signal_fixture.c
 * tests/host/shim/machine.c tests/host/shim/heap.c tests/host/shim/panic.c */
/* What is pending, ignored and taken, by whom; one process that sends to itself and to another. */
#include "tests/host/signal_fixture.h"

/* ---- sending --------------------------------------------------------------------------- */

static void signal_sent_is_taken_once(void **state)
{
	send(SIGTERM);
	assert_true(signal_is_deliverable());
	assert_int_equal(take(), SIGTERM);
	assert_int_equal(take(), 0);
}

static void sending_marks_the_thread_and_taking_all_clears_the_marks(void **state)
{
	send(SIGTERM);
	assert_true(own_thread.interrupted);
	assert_true((own_thread.arch.work & TW_SIGNAL) != 0);
	(void)take();
	(void)take();
	assert_false(own_thread.interrupted);
	assert_false((own_thread.arch.work & TW_SIGNAL) != 0);
}

static void signal_up_to_31_is_pending_once_with_its_first_info(void **state)
{
	struct signal_taken taken;

	assert_int_equal(send_value(SIGUSR1, 1), 0);
	assert_int_equal(send_value(SIGUSR1, 2), 0);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_value, 1);
	assert_int_equal(take(), 0);
}

static void realtime_signals_queue_in_order(void **state)
{
	struct signal_taken taken;

	for (u64 value = 1; value <= 3; value++)
		assert_int_equal(send_value(SIGRTMIN + 2, value), 0);
	for (u64 value = 1; value <= 3; value++) {
		assert_true(signal_take_next(&taken));
		assert_int_equal(taken.info.si_signo, SIGRTMIN + 2);
		assert_int_equal(taken.info.si_value, value);
	}
	assert_int_equal(take(), 0);
}

static void ignored_signals_leave_no_trace(void **state)
{
	ignore(SIGTERM);
	send(SIGTERM);
	send(SIGCHLD);
	send(SIGWINCH);
	assert_true(signal_is_dropped_locked(&own, SIGTERM) &&
		    signal_is_dropped_locked(&own, SIGCHLD));
	assert_false(signal_is_dropped_locked(&own, SIGHUP));
	assert_false(signal_is_deliverable());
	assert_int_equal(shim_objects_used(), 0);
}

static void ignored_but_blocked_signal_stays_until_it_is_let_through(void **state)
{
	ignore(SIGTERM);
	signal_set_mask(SIGNAL_BIT(SIGTERM));
	assert_false(signal_is_dropped_locked(&own, SIGTERM));
	send(SIGTERM);
	assert_int_equal(signal_pending_blocked(), SIGNAL_BIT(SIGTERM));
	handle(SIGTERM, 0);
	signal_set_mask(0);
	assert_int_equal(take(), SIGTERM);
}

static void ignoring_a_pending_signal_discards_it(void **state)
{
	signal_set_mask(SIGNAL_BIT(SIGUSR2));
	send(SIGUSR2);
	ignore(SIGUSR2);
	assert_int_equal(signal_pending_blocked(), 0);
}

static void default_action_made_so_again_discards_what_it_ignores(void **state)
{
	const struct ksigaction by_default = { .handler = SIG_DFL };
	signal_set_mask(SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGTERM));
	send(SIGWINCH);
	send(SIGTERM);
	assert_int_equal(signal_set_action(SIGWINCH, &by_default, NULL), 0);
	assert_int_equal(signal_set_action(SIGTERM, &by_default, NULL), 0);
	assert_int_equal(signal_pending_blocked(), SIGNAL_BIT(SIGTERM));
}

static void init_gets_only_what_it_handles(void **state)
{
	own.pid = PID_INIT;
	handle(SIGUSR1, 0);
	send(SIGTERM);
	send(SIGKILL);
	send(SIGSTOP);
	send(SIGUSR1);
	assert_int_equal(take(), SIGUSR1);
	assert_int_equal(take(), 0);
}

static void init_can_be_killed_on_purpose(void **state)
{
	struct signal_taken taken;

	own.pid = PID_INIT;
	signal_kill(&own);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_signo, SIGKILL);
	assert_true(taken.is_forced);
}

static void signal_without_memory_arrives_without_info(void **state)
{
	struct signal_taken taken;

	shim_fail_after = 0;
	assert_int_equal(send_value(SIGUSR1, 5), 0); /* the first finds a place */
	assert_int_equal(send_value(SIGUSR2, 6), 0);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_signo, SIGUSR1);
	assert_int_equal(taken.info.si_value, 5);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_signo, SIGUSR2);
	assert_int_equal(taken.info.si_value, 0);
}

static void signals_one_after_the_other_need_no_memory(void **state)
{
	for (int i = 0; i < 3; i++) {
		shim_fail_after = 0;
		assert_int_equal(send_value(SIGRTMIN, 5), 0);
		assert_int_equal(take(), SIGRTMIN);
	}
	assert_int_equal(own.signals.queued_count, 0);
}

static void queued_realtime_signal_without_memory_is_refused(void **state)
{
	shim_fail_after = 0;
	assert_int_equal(send_value(SIGRTMIN + 1, 5), 0);
	assert_int_equal(send_value(SIGRTMIN, 5), -EAGAIN);
	assert_int_equal(take(), SIGRTMIN + 1);
	assert_int_equal(take(), 0);
}

static void queue_is_bounded(void **state)
{
	for (int i = 0; i < SIGNAL_QUEUE_MAX; i++)
		assert_int_equal(send_value(SIGRTMIN, 0), 0);
	assert_int_equal(send_value(SIGRTMIN, 0), -EAGAIN);
	send(SIGTERM);
	assert_int_equal(take(), SIGTERM);
}

static void closed_process_takes_nothing(void **state)
{
	send(SIGTERM);
	close_task(&own_task);
	close_process(&own);
	send(SIGKILL);
	assert_false(signal_is_deliverable());
	assert_false(own_thread.interrupted);
}

/* ---- order ----------------------------------------------------------------------------- */

static void kill_goes_first_then_faults_then_by_number(void **state)
{
	send(SIGTERM);
	send(SIGHUP);
	send(SIGBUS);
	signal_fault(SIGSEGV, SEGV_MAPERR, 0x1234);
	send(SIGKILL);
	assert_int_equal(take(), SIGKILL);
	assert_int_equal(take(), SIGSEGV);
	assert_int_equal(take(), SIGBUS);
	assert_int_equal(take(), SIGHUP);
	assert_int_equal(take(), SIGTERM);
}

static void blocked_signal_waits(void **state)
{
	signal_set_mask(SIGNAL_BIT(SIGINT));
	send(SIGINT);
	assert_false(own_thread.interrupted);
	assert_int_equal(take(), 0);
	signal_set_mask(0);
	assert_true(own_thread.interrupted);
	assert_int_equal(take(), SIGINT);
}

static void kill_and_stop_cannot_be_blocked_or_handled(void **state)
{
	const struct ksigaction action = { .handler = HANDLER };

	signal_set_mask(~0ULL);
	assert_int_equal(own_task.blocked, ~SIGNALS_UNBLOCKABLE);
	assert_int_equal(signal_set_action(SIGKILL, &action, NULL), -EINVAL);
	assert_int_equal(signal_set_action(SIGSTOP, &action, NULL), -EINVAL);
	assert_int_equal(signal_set_action(0, &action, NULL), -EINVAL);
	assert_int_equal(signal_set_action(NSIG, NULL, NULL), -EINVAL);
	assert_int_equal(signal_set_action(SIGKILL, NULL, NULL), 0);
}

/* ---- faults ---------------------------------------------------------------------------- */

static void fault_tells_where(void **state)
{
	struct signal_taken taken;

	handle(SIGSEGV, SA_SIGINFO);
	signal_fault(SIGSEGV, SEGV_ACCERR, 0xdead000);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_code, SEGV_ACCERR);
	assert_int_equal(taken.info.si_addr, 0xdead000);
	assert_int_equal(taken.action.handler, HANDLER);
	assert_true(taken.is_forced);
}

static void blocked_or_ignored_fault_is_fatal(void **state)
{
	struct signal_taken taken;

	handle(SIGSEGV, 0);
	signal_set_mask(SIGNAL_BIT(SIGSEGV));
	signal_fault(SIGSEGV, SEGV_MAPERR, 0);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.action.handler, SIG_DFL);
	ignore(SIGBUS);
	signal_fault(SIGBUS, BUS_ADRERR, 0);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.action.handler, SIG_DFL);
}

/* ---- stopping -------------------------------------------------------------------------- */

static void stop_and_continue_undo_each_other(void **state)
{
	handle(SIGCONT, 0);
	handle(SIGTSTP, 0);
	signal_set_mask(SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGTSTP));
	send(SIGCONT);
	send(SIGTSTP);
	assert_int_equal(signal_pending_blocked(), SIGNAL_BIT(SIGTSTP));
	send(SIGCONT);
	assert_int_equal(signal_pending_blocked(), SIGNAL_BIT(SIGCONT));
}

static void taking_a_stop_stops_until_continue(void **state)
{
	send(SIGSTOP);
	assert_int_equal(take(), SIGSTOP);
	assert_true(own.signals.is_stopped);
	send(SIGTERM);
	assert_true(own.signals.is_stopped);
	struct waiter stopped = { 0 };
	list_push_back(&own.signals.wait.waiters, &stopped.node);
	send(SIGCONT);
	list_remove(&stopped.node);
	assert_false(own.signals.is_stopped);
	assert_int_equal(wakes, 1);
}

static void kill_ends_a_stop(void **state)
{
	send(SIGTSTP);
	assert_int_equal(take(), SIGTSTP);
	assert_true(own.signals.is_stopped);
	send(SIGKILL);
	assert_false(own.signals.is_stopped);
}

/* Its group is orphaned, so it does not stop its process; what came since does. */
static void a_stop_of_the_terminal_that_is_called_off_leaves_sigstop(void **state)
{
	send(SIGTSTP);
	assert_int_equal(take(), SIGTSTP);
	signal_cancel_stop();
	assert_false(own.signals.is_stopped);
	send(SIGTSTP);
	assert_int_equal(take(), SIGTSTP);
	send(SIGCONT);
	send(SIGSTOP);
	assert_int_equal(take(), SIGSTOP); /* as another thread does */
	signal_cancel_stop();
	assert_true(own.signals.is_stopped);
}

static void handled_stop_does_not_stop(void **state)
{
	handle(SIGTSTP, 0);
	send(SIGTSTP);
	assert_int_equal(take(), SIGTSTP);
	assert_false(own.signals.is_stopped);
}

/* ---- interval timers -------------------------------------------------------------------- */

static void real_timer_sends_alarm_again_and_again(void **state)
{
	struct itimer *t = signal_real_timer();

	handle(SIGALRM, 0);
	now = 100;
	itimer_set(t, 50, 10);
	assert_int_equal(t->timer.when, 150);
	now = 150;
	t->timer.fire(&t->timer);
	assert_int_equal(take(), SIGALRM);
	assert_int_equal(t->timer.when, 160);
	now = 185; /* two expiries late: one signal */
	t->timer.fire(&t->timer);
	assert_int_equal(take(), SIGALRM);
	assert_int_equal(take(), 0);
	assert_int_equal(t->timer.when, 190);
	assert_int_equal(t->is_handed_over, 0);
}

static void real_timer_once_is_off_afterwards(void **state)
{
	struct itimer *t = signal_real_timer();
	nsec_t left, interval;

	handle(SIGALRM, 0);
	now = 100;
	itimer_set(t, 50, 0);
	now = 120;
	itimer_get(t, &left, &interval);
	assert_int_equal(left, 30);
	now = 150;
	t->timer.fire(&t->timer);
	assert_int_equal(take(), SIGALRM);
	itimer_get(t, &left, &interval);
	assert_int_equal(left, 0);
	itimer_set(t, 50, 0);
	itimer_set(t, 0, 0);
	t->timer.fire(&t->timer); /* it was on its way */
	assert_int_equal(take(), 0);
}

/* ---- several threads --------------------------------------------------------------------- */

static void run_as(struct thread *t)
{
	host_current = &t->arch;
}

static void add_second_thread(void)
{
	join(&own, &second_task, &second_thread);
	second_thread.arch.cpu = &cpus[0];
}

static void signal_to_a_process_goes_to_a_thread_that_takes_it(void **state)
{
	add_second_thread();
	signal_set_mask(SIGNAL_BIT(SIGUSR1));
	send(SIGUSR1);
	assert_false(own_thread.interrupted);
	assert_true(second_thread.interrupted);
	assert_int_equal(take(), 0);
	run_as(&second_thread);
	assert_int_equal(take(), SIGUSR1);
}

static void signal_to_a_thread_is_its_own(void **state)
{
	add_second_thread();
	assert_int_equal(signal_send_task(&second_task, SIGUSR1, NULL), 0);
	assert_false(own_thread.interrupted);
	assert_int_equal(take(), 0);
	run_as(&second_thread);
	assert_int_equal(take(), SIGUSR1);
	assert_int_equal(signal_send_task(&second_task, SIGUSR2, NULL), 0);
	assert_int_equal(send_value(SIGUSR2, 5), 0);
	assert_int_equal(take(), SIGUSR2); /* the thread's own first */
	run_as(&own_thread);
	assert_int_equal(take(), SIGUSR2);
}

static void signal_is_passed_on_by_who_blocks_it_now(void **state)
{
	add_second_thread();
	send(SIGUSR1);
	assert_true(own_thread.interrupted);
	assert_false(second_thread.interrupted);
	signal_set_mask(SIGNAL_BIT(SIGUSR1));
	assert_true(second_thread.interrupted);
}

static void signal_is_passed_on_by_who_ends(void **state)
{
	add_second_thread();
	send(SIGUSR1);
	assert_int_equal(signal_send_task(&own_task, SIGUSR2, NULL), 0);
	close_task(&own_task);
	assert_false(own_thread.interrupted);
	assert_true(second_thread.interrupted);
	run_as(&second_thread);
	assert_int_equal(take(), SIGUSR1);
	assert_int_equal(take(), 0);
}

static void stop_and_kill_concern_all_threads(void **state)
{
	struct signal_taken taken;

	add_second_thread();
	send(SIGSTOP);
	assert_int_equal(take(), SIGSTOP);
	assert_false(second_thread.interrupted); /* it may be cancelled */
	signal_spread_stop();
	run_as(&second_thread);
	assert_true(second_thread.interrupted);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.kind, TAKEN_STOP);
	assert_int_equal(signal_send_task(&own_task, SIGKILL, NULL), 0);
	assert_true(signal_is_fatal_pending());
	assert_int_equal(take(), SIGKILL);
	spin_lock(&own.signals.lock);
	signal_end_others_locked();
	spin_unlock(&own.signals.lock);
	run_as(&own_thread);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.kind, TAKEN_END);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(signal_sent_is_taken_once),
		TEST(sending_marks_the_thread_and_taking_all_clears_the_marks),
		TEST(signal_up_to_31_is_pending_once_with_its_first_info),
		TEST(realtime_signals_queue_in_order),
		TEST(ignored_signals_leave_no_trace),
		TEST(ignored_but_blocked_signal_stays_until_it_is_let_through),
		TEST(ignoring_a_pending_signal_discards_it),
		TEST(default_action_made_so_again_discards_what_it_ignores),
		TEST(init_gets_only_what_it_handles),
		TEST(init_can_be_killed_on_purpose),
		TEST(signal_without_memory_arrives_without_info),
		TEST(signals_one_after_the_other_need_no_memory),
		TEST(queued_realtime_signal_without_memory_is_refused),
		TEST(queue_is_bounded),
		TEST(closed_process_takes_nothing),
		TEST(kill_goes_first_then_faults_then_by_number),
		TEST(blocked_signal_waits),
		TEST(kill_and_stop_cannot_be_blocked_or_handled),
		TEST(fault_tells_where),
		TEST(blocked_or_ignored_fault_is_fatal),
		TEST(stop_and_continue_undo_each_other),
		TEST(taking_a_stop_stops_until_continue),
		TEST(kill_ends_a_stop),
		TEST(a_stop_of_the_terminal_that_is_called_off_leaves_sigstop),
		TEST(handled_stop_does_not_stop),
		TEST(real_timer_sends_alarm_again_and_again),
		TEST(real_timer_once_is_off_afterwards),
		TEST(signal_to_a_process_goes_to_a_thread_that_takes_it),
		TEST(signal_to_a_thread_is_its_own),
		TEST(signal_is_passed_on_by_who_blocks_it_now),
		TEST(signal_is_passed_on_by_who_ends),
		TEST(stop_and_kill_concern_all_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
