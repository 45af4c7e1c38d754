// SPDX-License-Identifier: MIT
/* sources: kernel/proc/signal.c kernel/proc/signal_info.c kernel/proc/signal_pending.c
 * kernel/proc/signal_state.c
 * kernel/proc/itimer.c lib/string.c tests/host/signal_fixture.c
 * tests/host/shim/machine.c tests/host/shim/heap.c tests/host/shim/panic.c */
/* Handlers, masks and the alternate stack, and what a child and a new program have of them. */
#include "tests/host/signal_fixture.h"

/* ---- handlers and masks ---------------------------------------------------------------- */

static void who_takes_a_signal_blocks_what_its_handler_wants(void **state)
{
	const struct ksigaction action = { .handler = HANDLER, .mask = SIGNAL_BIT(SIGUSR2) };
	struct signal_taken taken;

	assert_int_equal(signal_set_action(SIGUSR1, &action, NULL), 0);
	handle(SIGHUP, SA_NODEFER);
	signal_set_mask(SIGNAL_BIT(SIGINT));
	send(SIGUSR1);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.blocked_before, SIGNAL_BIT(SIGINT));
	assert_int_equal(own_task.blocked,
			 SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));
	assert_false((own_thread.arch.work & TW_SIGNAL) != 0 || own_thread.interrupted);
	send(SIGUSR2);
	send(SIGHUP);
	assert_true((own_thread.arch.work & TW_SIGNAL) != 0 && own_thread.interrupted);
	const u64 before = own_task.blocked;
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.info.si_signo, SIGHUP);
	assert_int_equal(own_task.blocked, before);
	send(SIGTERM); /* has no handler: blocks nothing */
	assert_true(signal_take_next(&taken));
	assert_int_equal(own_task.blocked, before);
}

static void default_action_is_nothing_that_a_child_or_exec_sees(void **state)
{
	const struct ksigaction by_default = { .handler = SIG_DFL };
	struct ksigaction old;

	handle(SIGUSR1, SA_RESTART);
	assert_int_equal(signal_set_action(SIGUSR1, &by_default, &old), 0);
	assert_true(old.handler == HANDLER && old.flags == SA_RESTART);
	assert_int_equal(own.signals.actions_set, 0);
	assert_int_equal(signal_set_action(SIGUSR1, NULL, &old), 0);
	assert_true(old.handler == SIG_DFL && old.flags == 0 && old.mask == 0);
}

static void resethand_makes_the_action_default_when_it_is_taken(void **state)
{
	struct signal_taken taken;
	struct ksigaction after;

	handle(SIGUSR1, SA_RESETHAND);
	send(SIGUSR1);
	assert_true(signal_take_next(&taken));
	assert_int_equal(taken.action.handler, HANDLER);
	assert_int_equal(signal_set_action(SIGUSR1, NULL, &after), 0);
	assert_int_equal(after.handler, SIG_DFL);
}

static void temporary_mask_comes_back(void **state)
{
	signal_set_mask(SIGNAL_BIT(SIGUSR1));
	signal_set_temporary_mask(SIGNAL_BIT(SIGUSR2));
	assert_true((own_thread.arch.work & TW_SIGNAL) != 0);
	assert_int_equal(own_task.blocked, SIGNAL_BIT(SIGUSR2));
	assert_int_equal(take(), 0);
	assert_true((own_thread.arch.work & TW_SIGNAL) != 0);
	assert_true(signal_restore_mask());
	assert_int_equal(own_task.blocked, SIGNAL_BIT(SIGUSR1));
	assert_false(signal_restore_mask());
}

static void wait_takes_a_blocked_signal(void **state)
{
	struct siginfo info;

	signal_set_mask(SIGNAL_BIT(SIGUSR1));
	assert_int_equal(send_value(SIGUSR1, 9), 0);
	assert_int_equal(signal_wait(SIGNAL_BIT(SIGUSR1), now, &info), SIGUSR1);
	assert_int_equal(info.si_value, 9);
}

static void wait_ends_at_its_deadline_and_with_other_signals(void **state)
{
	struct siginfo info;

	assert_int_equal(signal_wait(SIGNAL_BIT(SIGUSR1), now + 5, &info), -EAGAIN);
	send(SIGTERM);
	assert_int_equal(signal_wait(SIGNAL_BIT(SIGUSR1), CLOCK_NEVER, &info), -EINTR);
	assert_int_equal(own_task.awaited, 0);
}

static void child_inherits_handlers_and_mask_but_nothing_pending(void **state)
{
	handle(SIGUSR1, 0);
	ignore(SIGUSR2);
	signal_set_mask(SIGNAL_BIT(SIGHUP));
	send(SIGHUP);
	signal_state_fork_locked(&other, false, false);
	assert_int_equal(signal_action_locked(&other.signals, SIGUSR1)->handler, HANDLER);
	assert_int_equal(signal_action_locked(&other.signals, SIGUSR2)->handler, SIG_IGN);
	assert_int_equal(other_task.blocked, SIGNAL_BIT(SIGHUP));
	assert_int_equal(other_task.pending.set | other.signals.pending.set, 0);
	signal_state_fork_locked(&other, true, false);
	assert_int_equal(signal_action_locked(&other.signals, SIGUSR1)->handler, SIG_DFL);
	assert_int_equal(signal_action_locked(&other.signals, SIGUSR2)->handler, SIG_IGN);
}

static void exec_keeps_what_is_ignored_blocked_and_pending(void **state)
{
	handle(SIGUSR1, 0);
	ignore(SIGUSR2);
	signal_set_mask(SIGNAL_BIT(SIGHUP));
	send(SIGHUP);
	signal_state_exec();
	assert_int_equal(signal_action_locked(&own.signals, SIGUSR1)->handler, SIG_DFL);
	assert_int_equal(signal_action_locked(&own.signals, SIGUSR2)->handler, SIG_IGN);
	assert_int_equal(signal_pending_blocked(), SIGNAL_BIT(SIGHUP));
}

/* ---- alternate stack ------------------------------------------------------------------- */

static void altstack_is_checked(void **state)
{
	const struct sigaltstack small = { .ss_sp = 0x1000, .ss_size = MINSIGSTKSZ - 1 };
	const struct sigaltstack odd = { .ss_sp = 0x1000, .ss_flags = 4, .ss_size = SIGSTKSZ };
	const struct sigaltstack good = { .ss_sp = 0x1000, .ss_size = SIGSTKSZ };
	struct sigaltstack now_set;

	assert_int_equal(signal_set_altstack(&small, 0), -ENOMEM);
	assert_int_equal(signal_set_altstack(&odd, 0), -EINVAL);
	assert_int_equal(signal_set_altstack(&good, 0), 0);
	signal_get_altstack(&now_set, 0x1000 + SIGSTKSZ);
	assert_int_equal(now_set.ss_flags, SS_ONSTACK);
	signal_get_altstack(&now_set, 0x1000);
	assert_int_equal(now_set.ss_flags, 0);
	assert_int_equal(signal_set_altstack(&good, 0x1001), -EPERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_takes_a_signal_blocks_what_its_handler_wants),
		TEST(default_action_is_nothing_that_a_child_or_exec_sees),
		TEST(resethand_makes_the_action_default_when_it_is_taken),
		TEST(temporary_mask_comes_back),
		TEST(wait_takes_a_blocked_signal),
		TEST(wait_ends_at_its_deadline_and_with_other_signals),
		TEST(child_inherits_handlers_and_mask_but_nothing_pending),
		TEST(exec_keeps_what_is_ignored_blocked_and_pending),
		TEST(altstack_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
