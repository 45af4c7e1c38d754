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

static int gate[2], said[2];

static void vfork_a_child_that_stays(void)
{
	if (vfork() == 0) {
		char byte;
		write_all(said[1], "r", 1);
		close(gate[1]);
		(void)read(gate[0], &byte, 1);
		_exit(0);
	}
}

/* By a signal without a handler; the child stays, in memory that is now its own. */
static void a_parent_that_waits_can_be_ended(void)
{
	char byte;
	CHECK_EQ(pipe(gate), 0);
	CHECK_EQ(pipe(said), 0);
	const pid_t pid = start_child(vfork_a_child_that_stays);
	close(said[1]);
	read_all(said[0], &byte, 1);
	CHECK_EQ(kill(pid, SIGTERM), 0);
	CHECK_KILLED(wait_for(pid), SIGTERM);
	close(gate[1]);
	CHECK_EQ(read(said[0], &byte, 1), 0);
	close(gate[0]);
	close(said[0]);
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

static stack_t stack_of_child;

static int look_at_stack(void *arg)
{
	(void)arg;
	_exit(sigaltstack(NULL, &stack_of_child) != 0);
}

/* Alone in the memory for as long as it is there, it may use it; who runs beside its parent may
 * not. */
static void the_alternate_stack_is_the_childs_too(void)
{
	static char own_stack[4 * PAGE] __attribute__((aligned(16)));
	static char alternate[4 * PAGE];
	const stack_t chosen = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	const stack_t none = { .ss_flags = SS_DISABLE };
	CHECK_EQ(sigaltstack(&chosen, NULL), 0);
	const pid_t pid = vfork();
	if (pid == 0)
		look_at_stack(NULL);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(stack_of_child.ss_flags, 0);
	CHECK(stack_of_child.ss_sp == alternate && stack_of_child.ss_size == sizeof(alternate));
	CHECK_EXITED(wait_for(clone(look_at_stack, own_stack + sizeof(own_stack),
				    CLONE_VM | SIGCHLD, NULL)),
		     0);
	CHECK_EQ(stack_of_child.ss_flags, SS_DISABLE);
	CHECK_EQ(sigaltstack(&none, NULL), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_parent_waits_for_the_exit_and_sees_the_writes),
		TEST(the_parent_waits_for_the_exec),
		TEST(a_failed_exec_keeps_the_parent_waiting),
		TEST(a_killed_child_releases_the_parent),
		TEST(a_parent_that_waits_can_be_ended),
		TEST(descriptors_are_not_shared),
		TEST(the_alternate_stack_is_the_childs_too),
	};
	return argc > 1 ? 4 : test_run(cases, ARRAY_SIZE(cases));
}
