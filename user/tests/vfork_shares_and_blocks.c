// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* vfork: the child writes its parent's memory, and the parent stands still until it execs or exits.
 */
#include "lib/test.h"

static volatile int shared;

static void the_parent_waits_for_the_exit_and_sees_the_writes(void)
{
	shared = 1;
	const pid_t pid = vfork();
	if (pid == 0) {
		for (volatile int i = 0; i < 1000000; i++)
			;
		shared = 2;
		_exit(3);
	}
	CHECK(pid > 0);
	CHECK_EQ(shared, 2);
	CHECK_EXITED(wait_for(pid), 3);
}

static void the_parent_waits_for_the_exec(void)
{
	shared = 1;
	const pid_t pid = vfork();
	if (pid == 0) {
		shared = 5;
		execl(TEST_SELF, test_name, "exit4", (char *)NULL);
		_exit(TEST_CHILD_FAILED);
	}
	CHECK(pid > 0);
	CHECK_EQ(shared, 5);
	CHECK_EXITED(wait_for(pid), 4);
}

static void a_failed_exec_keeps_the_parent_waiting(void)
{
	shared = 0;
	const pid_t pid = vfork();
	if (pid == 0) {
		execl("/no/such/program", "x", (char *)NULL);
		shared = errno;
		_exit(6);
	}
	CHECK_EQ(shared, ENOENT);
	CHECK_EXITED(wait_for(pid), 6);
}

static void a_killed_child_releases_the_parent(void)
{
	const pid_t pid = vfork();
	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static void descriptors_are_not_shared(void)
{
	const int fd = make_file("f", 1);
	const pid_t pid = vfork();
	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(close(fd), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_parent_waits_for_the_exit_and_sees_the_writes),
		TEST(the_parent_waits_for_the_exec),
		TEST(a_failed_exec_keeps_the_parent_waiting),
		TEST(a_killed_child_releases_the_parent),
		TEST(descriptors_are_not_shared),
	};
	return argc > 1 ? 4 : test_run(cases, ARRAY_SIZE(cases));
}
