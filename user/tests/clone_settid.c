// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* clone as a process: where it writes the child's id, and which signal tells of its end. */
#include "lib/test.h"

#include <linux/sched.h>

static volatile sig_atomic_t got;

static void on_signal(int signal_number)
{
	got = signal_number;
}

static long raw_clone(unsigned long flags, int *parent_tid, int *child_tid)
{
	return syscall(SYS_clone, flags, 0, parent_tid, 0, child_tid);
}

static void ids_are_written_where_asked(void)
{
	int *ids = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(ids != MAP_FAILED);
	static int own;
	const long pid =
		raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &ids[0], &own);
	CHECK(pid >= 0);
	if (pid == 0) {
		ids[1] = own;
		ids[2] = (int)syscall(SYS_getpid);
		syscall(SYS_exit_group, 0);
	}
	CHECK_EQ(ids[0], pid);
	CHECK_EXITED(wait_for((pid_t)pid), 0);
	CHECK_EQ(ids[1], pid);
	CHECK_EQ(ids[2], pid);
	CHECK_EQ(own, 0); /* only the child's copy of it was written */
	CHECK_EQ(munmap(ids, PAGE), 0);
}

static void the_exit_signal_is_the_one_chosen(void)
{
	handle(SIGUSR1, on_signal, 0);
	got = 0;
	const long pid = raw_clone(SIGUSR1, NULL, NULL);
	CHECK(pid >= 0);
	if (pid == 0)
		syscall(SYS_exit_group, 3);
	int status = 0;
	while (got == 0)
		sched_yield();
	CHECK_EQ(got, SIGUSR1);
	CHECK_ERRNO(waitpid((pid_t)pid, &status, 0), ECHILD); /* not a child as others are */
	CHECK_EQ(waitpid((pid_t)pid, &status, __WCLONE), pid);
	CHECK_EXITED(status, 3);
	handle(SIGUSR1, SIG_DFL, 0);
}

static void senseless_flags_are_einval(void)
{
	CHECK_ERRNO(raw_clone(CLONE_SIGHAND | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERRNO(raw_clone(CLONE_THREAD | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERRNO(raw_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL, NULL), EINVAL);
}

static long raw_clone3(const struct clone_args *args, size_t size)
{
	const long pid = syscall(SYS_clone3, args, size);
	if (pid == 0)
		syscall(SYS_exit, 0);
	return pid;
}

static void senseless_arguments_of_clone3_are_refused(void)
{
	static uint64_t own_stack[512];
	struct clone_args args = { .exit_signal = 65 };
	CHECK_ERRNO(raw_clone3(&args, sizeof(args)), EINVAL);
	args = (struct clone_args){ .exit_signal = SIGCHLD, .stack = (uintptr_t)own_stack };
	CHECK_ERRNO(raw_clone3(&args, sizeof(args)), EINVAL); /* of no size */
	args = (struct clone_args){ .exit_signal = SIGCHLD, .set_tid = (uintptr_t)own_stack };
	CHECK_ERRNO(raw_clone3(&args, sizeof(args)), EINVAL); /* none of them */
	/* A thread's end is told to nobody. */
	args = (struct clone_args){ .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_FS,
				    .exit_signal = SIGCHLD,
				    .stack = (uintptr_t)own_stack,
				    .stack_size = sizeof(own_stack) };
	CHECK_ERRNO(raw_clone3(&args, sizeof(args)), EINVAL);
	CHECK_ERRNO(raw_clone3(&args, CLONE_ARGS_SIZE_VER0 - 1), EINVAL);
	CHECK_ERRNO(raw_clone3(&args, PAGE + 1), E2BIG);
	CHECK_ERRNO(raw_clone3(NULL, sizeof(args)), EFAULT);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(ids_are_written_where_asked),
		TEST(the_exit_signal_is_the_one_chosen),
		TEST(senseless_flags_are_einval),
		TEST(senseless_arguments_of_clone3_are_refused),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
