// SPDX-License-Identifier: MIT
/* lack shows: a signal that finds no memory comes without its details, as on Linux */
/* A handler is told why: who sent it, how a child ended, which address was touched. */
#include "lib/test.h"

static volatile sig_atomic_t came;
static volatile siginfo_t seen;

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
	seen = *info;
	came++;
}

static pid_t parent;

static void kill_parent(void)
{
	CHECK_EQ(kill(parent, SIGUSR1), 0);
}

static void kill_names_its_sender(void)
{
	handle_info(SIGUSR1, on_signal, SA_RESTART);
	parent = getpid();
	came = 0;
	const pid_t pid = start_child(kill_parent);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(came, 1);
	CHECK_EQ(seen.si_signo, SIGUSR1);
	CHECK_EQ(seen.si_code, SI_USER);
	CHECK_EQ(seen.si_pid, pid);
	CHECK_EQ(seen.si_uid, getuid());
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(seen.si_code, SI_TKILL);
	CHECK_EQ(seen.si_pid, getpid());
	CHECK_EQ(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 1234 }), 0);
	CHECK_EQ(seen.si_code, SI_QUEUE);
	CHECK_EQ(seen.si_value.sival_int, 1234);
}

static void exit_9(void)
{
	_exit(9);
}

static void stop_and_exit(void)
{
	raise(SIGSTOP);
	for (;;)
		pause();
}

static void wait_for_signal(int count)
{
	sigset_t block, old;
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &block, &old), 0);
	while (came < count)
		sigsuspend(&old);
	CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void sigchld_tells_how_a_child_fares(void)
{
	handle_info(SIGCHLD, on_signal, SA_RESTART);
	came = 0;
	pid_t pid = start_child(exit_9);
	wait_for_signal(1);
	CHECK(seen.si_code == CLD_EXITED && seen.si_status == 9 && seen.si_pid == pid);
	CHECK_EXITED(wait_for(pid), 9);
	came = 0;
	pid = start_child(stop_and_exit);
	wait_for_signal(1);
	CHECK(seen.si_code == CLD_STOPPED && seen.si_status == SIGSTOP && seen.si_pid == pid);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	wait_for_signal(2);
	CHECK(seen.si_code == CLD_CONTINUED && seen.si_status == SIGCONT && seen.si_pid == pid);
	CHECK_EQ(kill(pid, SIGTERM), 0);
	wait_for_signal(3);
	CHECK(seen.si_code == CLD_KILLED && seen.si_status == SIGTERM && seen.si_pid == pid);
	CHECK_KILLED(wait_for(pid), SIGTERM);
	handle(SIGCHLD, SIG_DFL, 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(kill_names_its_sender),
		TEST(sigchld_tells_how_a_child_fares),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
