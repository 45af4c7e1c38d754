// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What each signal does to who does not care: kill, nothing, stop; and going on again. */
#include "lib/test.h"

static int number;

static void take_it(void)
{
	handle(number == SIGKILL ? SIGTERM : number, SIG_DFL, 0);
	kill(getpid(), number);
	_exit(5);
}

static void most_signals_kill(void)
{
	static const int deadly[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
				      SIGBUS,  SIGFPE,  SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
				      SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM,
				      SIGPROF, SIGIO,   SIGPWR,  SIGSYS,  34,      64 };
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
		number = deadly[i];
		CHECK_KILLED(run_in_child(take_it), number);
	}
}

static void some_are_ignored(void)
{
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		number = harmless[i];
		CHECK_EXITED(run_in_child(take_it), 5);
	}
}

static void in_a_group_of_its_own(void)
{
	raise(number);
	_exit(5);
}

static void stopped_processes_go_on(void)
{
	/* Terminal stops do nothing in an orphaned group, and nobody knows whose group this is. */
	number = SIGSTOP;
	for (int round = 0; round < 5; round++) {
		const pid_t pid = start_child(in_a_group_of_its_own);
		int status = 0;
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), SIGSTOP);
		CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), 0); /* told once */
		CHECK_EQ(kill(pid, SIGUSR1), 0); /* waits until it goes on */
		CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
		CHECK_EQ(kill(pid, SIGCONT), 0);
		if (round % 2 == 0) {
			CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
			if (WIFCONTINUED(status))
				CHECK_EQ(waitpid(pid, &status, 0), pid);
		} else {
			CHECK_EQ(waitpid(pid, &status, 0), pid);
		}
		CHECK_KILLED(status, SIGUSR1);
	}
}

static void a_stopped_process_can_be_killed(void)
{
	const pid_t pid = start_child(in_a_group_of_its_own);
	int status = 0;
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static int ends_with_us[2]; /* a pipe */

static void stop_with_a_child(void)
{
	char byte;
	close(ends_with_us[1]);
	/* Its end is told by another signal than SIGCHLD. */
	if (syscall(SYS_clone, SIGCONT, 0, 0, 0, 0) == 0) {
		(void)!read(ends_with_us[0], &byte, 1);
		_exit(0);
	}
	raise(SIGSTOP);
	_exit(5);
}

static void a_child_that_ends_can_continue_its_parent(void)
{
	int status = 0;
	CHECK_EQ(pipe(ends_with_us), 0);
	const pid_t pid = start_child(stop_with_a_child);
	close(ends_with_us[0]);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	close(ends_with_us[1]);
	CHECK_EXITED(wait_for(pid), 5);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(most_signals_kill),
		TEST(some_are_ignored),
		TEST(stopped_processes_go_on),
		TEST(a_stopped_process_can_be_killed),
		TEST(a_child_that_ends_can_continue_its_parent),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
