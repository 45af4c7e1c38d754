// SPDX-License-Identifier: MIT
/* Waiting calls and handlers: restarted with SA_RESTART where Linux does, EINTR elsewhere. */
#include "lib/test.h"

#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t came;
static int ends[2];
static pid_t parent;

static void on_signal(int signal_number)
{
	came++;
}

/* Signals the parent again and again until the pipe that it waits at has been written. */
static void nag_then_write(void)
{
	for (int i = 0; i < 20; i++) {
		const struct timespec pause_time = { 0, 2000000 };
		kill(parent, SIGUSR1);
		nanosleep(&pause_time, NULL);
	}
	write_all(ends[1], "x", 1);
}

/* Signals the parent until it kills us. */
static void nag(void)
{
	for (;;) {
		const struct timespec pause_time = { 0, 2000000 };
		kill(parent, SIGUSR1);
		nanosleep(&pause_time, NULL);
	}
}

static void stop_nagging(pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static void read_is_restarted_if_asked(void)
{
	char byte = 0;
	handle(SIGUSR1, on_signal, SA_RESTART);
	const pid_t pid = start_child(nag_then_write);
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	CHECK(came > 0);
	CHECK_EXITED(wait_for(pid), 0);
}

static void read_is_interrupted_otherwise(void)
{
	char byte;
	handle(SIGUSR1, on_signal, 0);
	const pid_t pid = start_child(nag);
	CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
	stop_nagging(pid);
}

static void a_partly_done_write_says_how_much(void)
{
	static char block[200000];
	handle(SIGUSR1, on_signal, 0);
	const pid_t pid = start_child(nag);
	CHECK_EQ(write(ends[1], block, sizeof(block)), 65536);
	CHECK_ERRNO(write(ends[1], block, 10), EINTR);
	stop_nagging(pid);
	read_all(ends[0], block, 65536);
}

static void waitpid_is_restarted_if_asked(void)
{
	handle(SIGUSR1, on_signal, SA_RESTART);
	came = 0;
	const pid_t pid = start_child(nag_then_write);
	int status;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(came > 0);
	char byte;
	read_all(ends[0], &byte, 1);
}

static void sleeping_is_never_restarted_and_says_what_is_left(void)
{
	handle(SIGUSR1, on_signal, SA_RESTART);
	const pid_t pid = start_child(nag);
	const struct timespec long_time = { 100, 0 };
	struct timespec left = { 0, 0 };
	CHECK_ERRNO(nanosleep(&long_time, &left), EINTR);
	CHECK(left.tv_sec >= 90 && left.tv_sec < 100);
	CHECK_ERRNO(pause(), EINTR);
	stop_nagging(pid);
}

static void continue_later(void)
{
	const struct timespec pause_time = { 0, 5000000 };
	nanosleep(&pause_time, NULL);
	kill(parent, SIGWINCH); /* ignored by default: nobody is to notice */
	kill(parent, SIGCONT);
	nanosleep(&pause_time, NULL);
	write_all(ends[1], "y", 1);
}

static void ignored_signals_interrupt_nothing(void)
{
	char byte = 0;
	const pid_t pid = start_child(continue_later);
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	CHECK_EQ(byte, 'y');
	CHECK_EXITED(wait_for(pid), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(read_is_restarted_if_asked),
		TEST(read_is_interrupted_otherwise),
		TEST(a_partly_done_write_says_how_much),
		TEST(waitpid_is_restarted_if_asked),
		TEST(sleeping_is_never_restarted_and_says_what_is_left),
		TEST(ignored_signals_interrupt_nothing),
	};
	parent = getpid();
	if (pipe(ends) != 0)
		return 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
