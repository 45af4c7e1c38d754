// SPDX-License-Identifier: MIT
/* modes: all */
/* A child finds all memory as it was when its parent called fork, whatever the parent does
 * afterwards. */
#include "lib/test.h"

static int in_data = 1;
static int in_bss;
static int *in_heap, *in_map, *in_shared;
static int go[2];

static void set_all(int *on_stack, int value)
{
	in_data = in_bss = *in_heap = *in_map = *in_shared = *on_stack = value;
}

static void a_child_sees_the_moment_of_the_fork(void)
{
	volatile int on_stack = 0;
	in_heap = malloc(sizeof(int));
	in_map = (int *)map_pages(1, PROT_READ | PROT_WRITE);
	in_shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(in_shared != MAP_FAILED);
	for (int round = 1; round <= 10; round++) {
		CHECK_EQ(pipe(go), 0);
		set_all((int *)&on_stack, round);
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			char byte;
			read_all(go[0], &byte, 1);
			CHECK_EQ(in_data, round);
			CHECK_EQ(in_bss, round);
			CHECK_EQ(*in_heap, round);
			CHECK_EQ(*in_map, round);
			CHECK_EQ(on_stack, round);
			CHECK_EQ(*in_shared, -round);
			_exit(0);
		}
		set_all((int *)&on_stack, -round);
		write_all(go[1], "x", 1);
		CHECK_EXITED(wait_for(pid), 0);
		close(go[0]);
		close(go[1]);
	}
	free(in_heap);
}

static void a_child_has_its_parents_files_directory_and_mask(void)
{
	const int fd = make_file("f", 100);
	CHECK_EQ(lseek(fd, 40, SEEK_SET), 40);
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(chdir("d"), 0);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(access("../f", F_OK), 0);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 40);
		CHECK_EQ(lseek(fd, 60, SEEK_SET), 60);
		CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
		CHECK(sigismember(&set, SIGUSR1));
		CHECK_EQ(chdir("/"), 0);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 60); /* the open file is one */
	CHECK_EQ(access("../f", F_OK), 0);    /* the directory is not */
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	close(fd);
}

static void pending_signals_and_alarms_are_not_inherited(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	alarm(1000);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		sigset_t pending;
		CHECK_EQ(sigpending(&pending), 0);
		CHECK(!sigismember(&pending, SIGUSR1));
		CHECK_EQ(alarm(0), 0);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	handle(SIGUSR1, SIG_IGN, 0);
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_sees_the_moment_of_the_fork),
		TEST(a_child_has_its_parents_files_directory_and_mask),
		TEST(pending_signals_and_alarms_are_not_inherited),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
