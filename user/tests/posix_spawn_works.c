// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* posix_spawn, which is clone with CLONE_VM and CLONE_VFORK on a stack of its own, then execve. */
#include "lib/test.h"

#include <spawn.h>

static void a_program_is_spawned_with_its_files(void)
{
	int ends[2];
	CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_t actions;
	CHECK_EQ(posix_spawn_file_actions_init(&actions), 0);
	CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
	char *const argv[] = { (char *)test_name, "hello", NULL };
	for (int i = 0; i < 10; i++) {
		pid_t pid = -1;
		CHECK_EQ(posix_spawn(&pid, TEST_SELF, &actions, NULL, argv, environ), 0);
		CHECK_EXITED(wait_for(pid), 9);
		char text[8] = { 0 };
		read_all(ends[0], text, 6);
		CHECK_STR(text, "hello\n");
	}
	posix_spawn_file_actions_destroy(&actions);
}

static void a_missing_program_is_an_error_and_no_child(void)
{
	char *const argv[] = { "x", NULL };
	pid_t pid;
	CHECK_EQ(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ), ENOENT);
	CHECK_ERRNO(wait(NULL), ECHILD);
}

static void masks_and_groups_are_set(void)
{
	posix_spawnattr_t attributes;
	sigset_t all;
	sigfillset(&all);
	CHECK_EQ(posix_spawnattr_init(&attributes), 0);
	CHECK_EQ(posix_spawnattr_setflags(&attributes,
					  POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK),
		 0);
	CHECK_EQ(posix_spawnattr_setpgroup(&attributes, 0), 0);
	CHECK_EQ(posix_spawnattr_setsigmask(&attributes, &all), 0);
	char *const argv[] = { (char *)test_name, "group", NULL };
	pid_t pid = -1;
	CHECK_EQ(posix_spawn(&pid, TEST_SELF, NULL, &attributes, argv, environ), 0);
	CHECK_EXITED(wait_for(pid), 0);
}

static int look(void)
{
	sigset_t set;
	CHECK_EQ(getpgrp(), getpid());
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	CHECK(sigismember(&set, SIGTERM));
	CHECK(!sigismember(&set, SIGKILL));
	return 0;
}

static void system_runs_a_shell(void)
{
	CHECK_EXITED(system("exit 7"), 7);
	CHECK_EXITED(system("test $(echo a b | wc -w) = 2"), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_program_is_spawned_with_its_files),
		TEST(a_missing_program_is_an_error_and_no_child),
		TEST(masks_and_groups_are_set),
		TEST(system_runs_a_shell),
	};
	if (argc > 1 && strcmp(argv[1], "hello") == 0) {
		puts("hello");
		fflush(stdout);
		return 9;
	}
	return argc > 1 ? look() : test_run(cases, ARRAY_SIZE(cases));
}
