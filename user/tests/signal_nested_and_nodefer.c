// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What a handler blocks while it runs: its own signal and sa_mask, or with SA_NODEFER not itself;
 * SA_RESETHAND. */
#include "lib/test.h"

static volatile sig_atomic_t depth, deepest, calls, usr2;

static void enter(int signal_number)
{
	calls++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls < 5)
		raise(signal_number);
	depth--;
}

static void count_usr2(int signal_number)
{
	usr2++;
}

static void raise_usr2(int signal_number)
{
	const int before = usr2;
	raise(SIGUSR2);
	calls = usr2 - before;
}

static void its_own_signal_waits(void)
{
	calls = depth = deepest = 0;
	handle(SIGUSR1, enter, 0);
	raise(SIGUSR1);
	CHECK_EQ(deepest, 1);
	CHECK_EQ(calls, 5);
}

static void nodefer_lets_it_in(void)
{
	calls = depth = deepest = 0;
	handle(SIGUSR1, enter, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(deepest, 5);
}

static void other_signals_interrupt_a_handler_unless_masked(void)
{
	handle(SIGUSR2, count_usr2, 0);
	handle(SIGUSR1, raise_usr2, 0);
	raise(SIGUSR1);
	CHECK_EQ(calls, 1);
	struct sigaction action = { .sa_handler = raise_usr2 };
	sigaddset(&action.sa_mask, SIGUSR2);
	CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	raise(SIGUSR1);
	CHECK_EQ(calls, 0);
	CHECK_EQ(usr2, 2); /* after the handler */
}

static void resethand_is_for_once(void)
{
	handle(SIGUSR1, count_usr2, SA_RESETHAND);
	raise(SIGUSR1);
	struct sigaction action;
	CHECK_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	CHECK(action.sa_handler == SIG_DFL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(its_own_signal_waits),
		TEST(nodefer_lets_it_in),
		TEST(other_signals_interrupt_a_handler_unless_masked),
		TEST(resethand_is_for_once),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
