// SPDX-License-Identifier: MIT
/* What has ended stays, with its id and status, until its parent has asked. */
#include "lib/test.h"

static void exit_42(void)
{
	_exit(42);
}

static void a_zombie_waits_to_be_asked(void)
{
	const pid_t pid = start_child(exit_42);
	siginfo_t info = { 0 };
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, 42);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(state_of(pid), 'Z');
	CHECK_EQ(kill(pid, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0); /* does it no harm */
	CHECK_EQ(getpgid(pid), getpgrp());
	CHECK_EXITED(wait_for(pid), 42);
	CHECK_ERRNO(kill(pid, 0), ESRCH);
	CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(a_zombie_waits_to_be_asked) };
	return test_run(cases, ARRAY_SIZE(cases));
}
