// SPDX-License-Identifier: MIT
/* wait4: whom it waits for, when it does not, what it says, and what it does with a bad pointer. */
#include "lib/test.h"

#include <sys/resource.h>

static int hold[2];

static void until_told(void)
{
	char byte;
	close(hold[1]);
	(void)!read(hold[0], &byte, 1);
	_exit(5);
}

static void in_own_group(void)
{
	CHECK_EQ(setpgid(0, 0), 0);
	until_told();
}

static void wnohang_does_not_wait(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	int status = 77;
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(status, 77);
	CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
	close(hold[0]);
	close(hold[1]);
	CHECK_EXITED(wait_for(pid), 5);
	CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
}

static void groups_choose_children(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t same = start_child(until_told);
	const pid_t other = start_child(in_own_group);
	while (getpgid(other) != other)
		sched_yield();
	close(hold[0]);
	close(hold[1]);
	int status = 0;
	CHECK_ERRNO(waitpid(-same, &status, WNOHANG), ECHILD); /* no group has this name */
	CHECK_EQ(waitpid(0, &status, 0), same);
	CHECK_ERRNO(waitpid(0, &status, 0), ECHILD);
	CHECK_EQ(waitpid(-other, &status, 0), other);
	CHECK_EXITED(status, 5);
}

static void others_cannot_be_waited_for(void)
{
	CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(getppid(), NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(0x3fffffff, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(-1, NULL, 0x40000), EINVAL);
}

static void a_bad_status_pointer_is_an_error(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	close(hold[0]);
	close(hold[1]);
	siginfo_t info;
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_ERRNO(syscall(SYS_wait4, pid, KERNEL_LINEAR_ADDRESS, 0, NULL), EFAULT);
	(void)waitpid(pid, NULL, WNOHANG); /* Linux has reaped it, other systems keep it */
}

static void resource_use_is_told(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	close(hold[0]);
	close(hold[1]);
	struct rusage use;
	memset(&use, 0xff, sizeof(use));
	int status = 0;
	CHECK_EQ(wait4(pid, &status, 0, &use), pid);
	CHECK_EXITED(status, 5);
	CHECK(use.ru_utime.tv_sec >= 0 && use.ru_utime.tv_sec < 1000);
	CHECK(use.ru_utime.tv_usec >= 0 && use.ru_utime.tv_usec < 1000000);
	CHECK(use.ru_stime.tv_sec >= 0 && use.ru_stime.tv_usec < 1000000);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(wnohang_does_not_wait),       TEST(groups_choose_children),
		TEST(others_cannot_be_waited_for), TEST(a_bad_status_pointer_is_an_error),
		TEST(resource_use_is_told),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
