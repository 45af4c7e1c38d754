// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Who ignores SIGCHLD, or asks for no zombies, gets none; waiting waits for the last to end. */
#include "lib/test.h"

static void exit_3(void)
{
	_exit(3);
}

static void ignored_children_leave_no_zombies(void)
{
	handle(SIGCHLD, SIG_IGN, 0);
	for (int i = 0; i < 5; i++) {
		const pid_t pid = start_child(exit_3);
		CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
		while (kill(pid, 0) == 0)
			sched_yield(); /* Linux tells us a moment before the name is free */
		CHECK_EQ(errno, ESRCH);
	}
	handle(SIGCHLD, SIG_DFL, 0);
	CHECK_EXITED(run_in_child(exit_3), 3);
}

static volatile sig_atomic_t came;

static void on_signal(int signal_number)
{
	came++;
}

static void nocldwait_leaves_no_zombies_but_tells(void)
{
	came = 0;
	handle(SIGCHLD, on_signal, SA_NOCLDWAIT | SA_RESTART);
	const pid_t pid = start_child(exit_3);
	CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	CHECK_EQ(came, 1);
	handle(SIGCHLD, SIG_DFL, 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(ignored_children_leave_no_zombies),
		TEST(nocldwait_leaves_no_zombies_but_tells),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
