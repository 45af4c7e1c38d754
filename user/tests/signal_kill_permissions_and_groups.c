// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Whom kill reaches: one, a group, a user's own; sessions and groups. */
#include "lib/test.h"

#include <sys/prctl.h>

static int ready[2];

static void wait_to_be_killed(void)
{
	write_all(ready[1], "r", 1);
	for (;;)
		pause();
}

static pid_t group_of_first;

static void wait_in_group(void)
{
	CHECK_EQ(setpgid(0, group_of_first), 0);
	wait_to_be_killed();
}

static void a_group_is_killed_together(void)
{
	pid_t pids[3];
	char bytes[3];
	group_of_first = 0;
	for (int i = 0; i < 3; i++) {
		pids[i] = start_child(wait_in_group);
		read_all(ready[0], bytes, 1);
		if (i == 0)
			group_of_first = pids[0];
	}
	CHECK_EQ(getpgid(pids[2]), pids[0]);
	CHECK_EQ(kill(-pids[0], 0), 0);
	CHECK_EQ(killpg(pids[0], SIGTERM), 0);
	for (int i = 0; i < 3; i++)
		CHECK_KILLED(wait_for(pids[i]), SIGTERM);
	CHECK_ERRNO(kill(-pids[0], 0), ESRCH);
	CHECK_ERRNO(kill(0x3fffffff, 0), ESRCH);
	CHECK_ERRNO(kill(0x3fffffff, 65), ESRCH);
	CHECK_ERRNO(kill(getpid(), 65), EINVAL);
	CHECK_ERRNO(kill(getpid(), -1), EINVAL);
}

static pid_t victim;

static void try_to_kill_as_user(void)
{
	CHECK_EQ(setuid(1000), 0);
	CHECK_ERRNO(kill(victim, SIGTERM), EPERM);
	CHECK_ERRNO(kill(victim, 0), EPERM);
	CHECK_ERRNO(kill(1, SIGTERM), EPERM);
	CHECK_ERRNO(kill(1, 65), EINVAL);
	CHECK_EQ(kill(-1, 0), 0); /* whoever they are */
	CHECK_EQ(kill(getpid(), 0), 0);
	const pid_t pid = start_child(wait_to_be_killed);
	CHECK_EQ(kill(pid, SIGTERM), 0); /* one of the same user */
	CHECK_KILLED(wait_for(pid), SIGTERM);
}

static void users_kill_their_own_only(void)
{
	char byte;
	victim = start_child(wait_to_be_killed);
	read_all(ready[0], &byte, 1);
	CHECK_CHILD(try_to_kill_as_user);
	CHECK_EQ(waitpid(victim, NULL, WNOHANG), 0);
	CHECK_EQ(kill(victim, SIGKILL), 0);
	CHECK_KILLED(wait_for(victim), SIGKILL);
}

static void become_leader(void)
{
	const pid_t self = getpid();
	CHECK_EQ(setsid(), self);
	CHECK_EQ(getsid(0), self);
	CHECK_EQ(getpgrp(), self);
	CHECK_ERRNO(setsid(), EPERM);
	CHECK_ERRNO(setpgid(0, 0), EPERM); /* a session's leader stays in its group */
	CHECK_ERRNO(setpgid(getppid(), 0), ESRCH);
	CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
}

static void sessions_begin_with_setsid(void)
{
	CHECK_CHILD(become_leader);
	CHECK_ERRNO(setpgid(0, -1), EINVAL);
	CHECK_ERRNO(setpgid(0, 0x3fffffff), EPERM);
	CHECK_ERRNO(getpgid(0x3fffffff), ESRCH);
}

static int death_signal(void)
{
	int sig = -1;
	CHECK_EQ(prctl(PR_GET_PDEATHSIG, &sig), 0);
	return sig;
}

static void change_rights(void)
{
	CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	CHECK_EQ(setresuid(1000, 1000, 0), 0);
	CHECK_EQ(death_signal(), 0);
	CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	CHECK_EQ(setresuid(0, -1, -1), 0);
	CHECK_EQ(death_signal(), SIGUSR1); /* it still may do what it could */
	CHECK_EQ(setresuid(-1, 0, -1), 0);
	CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	CHECK_EQ(setegid(1000), 0);
	CHECK_EQ(death_signal(), 0);
}

static void who_gets_other_rights_hears_of_no_death(void)
{
	CHECK_CHILD(change_rights);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_group_is_killed_together),
		TEST(users_kill_their_own_only),
		TEST(sessions_begin_with_setsid),
		TEST(who_gets_other_rights_hears_of_no_death),
	};
	if (pipe(ready) != 0)
		return 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
