// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What a new program keeps of the old one, and what it does not. */
#include "lib/test.h"

#include <sys/time.h>

static char stack[16384];

static void handler(int signal_number)
{
}

static void handlers_go_and_the_rest_stays(void)
{
	char id[16];
	handle(SIGINT, SIG_IGN, 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		handle(SIGUSR1, handler, SA_RESTART);
		handle(SIGUSR2, SIG_IGN, 0);
		handle(SIGHUP, SIG_IGN, 0);
		handle(SIGHUP, handler, 0);
		handle(SIGWINCH, SIG_IGN, 0);
		handle(SIGWINCH, SIG_DFL, SA_RESTART);
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
		CHECK_EQ(raise(SIGTERM), 0);
		const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
		CHECK_EQ(sigaltstack(&alternate, NULL), 0);
		umask(057);
		CHECK_EQ(mkdir("directory", 0700), 0);
		CHECK_EQ(chdir("directory"), 0);
		alarm(1000);
		snprintf(id, sizeof(id), "%d", (int)getpid());
		execl(TEST_SELF, test_name, id, (char *)NULL);
		_exit(TEST_CHILD_FAILED);
	}
	handle(SIGINT, SIG_DFL, 0);
	CHECK_EXITED(wait_for(pid), 0);
}

static void expect_action(int signal_number, void (*wanted)(int))
{
	struct sigaction action;
	CHECK_EQ(sigaction(signal_number, NULL, &action), 0);
	CHECK(action.sa_handler == wanted && action.sa_flags == 0);
}

static int look(const char *id)
{
	CHECK_EQ(getpid(), atoi(id));
	expect_action(SIGUSR1, SIG_DFL);
	expect_action(SIGUSR2, SIG_IGN);
	expect_action(SIGHUP, SIG_DFL);
	expect_action(SIGWINCH, SIG_DFL);
	expect_action(SIGINT, SIG_IGN); /* by whoever started us */
	sigset_t set;
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	CHECK(sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
	CHECK_EQ(sigpending(&set), 0);
	CHECK(sigismember(&set, SIGTERM));
	stack_t alternate;
	CHECK_EQ(sigaltstack(NULL, &alternate), 0);
	CHECK_EQ(alternate.ss_flags, SS_DISABLE);
	CHECK_EQ(umask(0), 057);
	char directory[512];
	CHECK(getcwd(directory, sizeof(directory)) != NULL);
	CHECK_STR(strrchr(directory, '/'), "/directory");
	CHECK(alarm(0) > 0);
	return 0;
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(handlers_go_and_the_rest_stays) };
	return argc > 1 ? look(argv[1]) : test_run(cases, ARRAY_SIZE(cases));
}
