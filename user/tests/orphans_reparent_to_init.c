// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Who loses its parent gets process 1 for one, also if it has ended before; its own children stay
 * its own. */
#include "lib/test.h"

static int report[2], hold[2];

static void orphan(pid_t parent)
{
	char byte;
	close(hold[1]);
	CHECK_EQ(read(hold[0], &byte, 1), 0); /* the parent has closed all it had */
	while (getppid() == parent)
		;
	const pid_t now = getppid();
	write_all(report[1], &now, sizeof(now));
}

static void parent(void)
{
	const pid_t self = getpid();
	for (int i = 0; i < 3; i++) {
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			orphan(self);
			_exit(0);
		}
	}
}

static void orphans_get_process_1(void)
{
	CHECK_EQ(pipe(report), 0);
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(parent);
	close(hold[1]);
	CHECK_EXITED(wait_for(pid), 0);
	for (int i = 0; i < 3; i++) {
		pid_t now = -1;
		read_all(report[0], &now, sizeof(now));
		CHECK_EQ(now, 1);
	}
	CHECK_ERRNO(wait(NULL), ECHILD); /* grandchildren are not ours to wait for */
}

static void leave_zombie(void)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(3);
	siginfo_t info;
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	write_all(report[1], &pid, sizeof(pid));
}

static void a_zombie_that_loses_its_parent_is_reaped(void)
{
	CHECK_EQ(pipe(report), 0);
	CHECK_CHILD(leave_zombie);
	pid_t zombie = 0;
	read_all(report[0], &zombie, sizeof(zombie));
	while (kill(zombie, 0) == 0)
		sched_yield(); /* process 1 does it when it gets to it */
	CHECK_EQ(errno, ESRCH);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(orphans_get_process_1),
		TEST(a_zombie_that_loses_its_parent_is_reaped),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
