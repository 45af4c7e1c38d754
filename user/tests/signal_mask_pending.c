// SPDX-License-Identifier: MIT
/* lack shows: a signal with a value that finds no memory is EAGAIN */
/* Blocked signals wait, once each, and come when they are let in; some cannot be blocked. */
#include "lib/test.h"

#include <time.h>

static volatile sig_atomic_t counts[65];

static void on_signal(int signal_number)
{
	counts[signal_number]++;
}

static void block(int how, int signal_number)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	CHECK_EQ(sigprocmask(how, &set, NULL), 0);
}

static void blocked_signals_wait_and_come_once(void)
{
	handle(SIGUSR1, on_signal, 0);
	block(SIG_BLOCK, SIGUSR1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(counts[SIGUSR1], 0);
	sigset_t pending;
	CHECK_EQ(sigpending(&pending), 0);
	CHECK(sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(counts[SIGUSR1], 1);
	CHECK_EQ(sigpending(&pending), 0);
	CHECK(!sigismember(&pending, SIGUSR1));
}

static void ignoring_drops_what_is_pending(void)
{
	block(SIG_BLOCK, SIGUSR2);
	CHECK_EQ(raise(SIGUSR2), 0);
	handle(SIGUSR2, SIG_IGN, 0);
	handle(SIGUSR2, on_signal, 0);
	block(SIG_UNBLOCK, SIGUSR2);
	CHECK_EQ(counts[SIGUSR2], 0);
	/* By default SIGWINCH is ignored and SIGTERM is not, and what is said once more counts. */
	block(SIG_BLOCK, SIGWINCH);
	block(SIG_BLOCK, SIGTERM);
	CHECK_EQ(raise(SIGWINCH), 0);
	CHECK_EQ(raise(SIGTERM), 0);
	handle(SIGWINCH, SIG_DFL, 0);
	handle(SIGTERM, SIG_DFL, 0);
	handle(SIGWINCH, on_signal, 0);
	handle(SIGTERM, on_signal, 0);
	block(SIG_UNBLOCK, SIGWINCH);
	block(SIG_UNBLOCK, SIGTERM);
	CHECK_EQ(counts[SIGWINCH], 0);
	CHECK_EQ(counts[SIGTERM], 1);
}

static void an_action_may_lie_anywhere(void)
{
	const unsigned long action[] = { (unsigned long)on_signal, SA_RESTART, 1UL << SIGUSR2 };
	char room[2 * sizeof(action)];
	for (size_t at = 0; at <= sizeof(long); at++) {
		memcpy(room + at, action, sizeof(action));
		CHECK_EQ(syscall(SYS_rt_sigaction, SIGHUP, room + at, NULL, 8), 0);
		memset(room, 1, sizeof(room));
		CHECK_EQ(syscall(SYS_rt_sigaction, SIGHUP, NULL, room + at, 8), 0);
		CHECK(memcmp(room + at, action, sizeof(action)) == 0);
		handle(SIGHUP, SIG_DFL, 0);
		CHECK_EQ(syscall(SYS_rt_sigaction, SIGHUP, NULL, room + at, 8), 0);
		for (size_t i = 0; i < at + sizeof(action); i++)
			CHECK_EQ(room[i], i < at);
	}
}

static void kill_and_stop_cannot_be_blocked_or_caught(void)
{
	sigset_t all, old;
	sigfillset(&all);
	CHECK_EQ(sigprocmask(SIG_SETMASK, &all, &old), 0);
	sigset_t now;
	CHECK_EQ(sigprocmask(SIG_SETMASK, &old, &now), 0);
	CHECK(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP) &&
	      sigismember(&now, SIGTERM));
	const struct sigaction action = { .sa_handler = on_signal };
	CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, 0, &action, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, 65, &action, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 9, &all, NULL, 8), EINVAL);
}

static void sigtimedwait_takes_a_pending_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	block(SIG_BLOCK, SIGUSR1);
	counts[SIGUSR1] = 0;
	CHECK_EQ(raise(SIGUSR1), 0);
	siginfo_t info;
	CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	const struct timespec soon = { 0, 10000000 };
	CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);
	block(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(counts[SIGUSR1], 0);
}

static void sigsuspend_atomic(void)
{
	sigset_t wait_mask;
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &wait_mask), 0);
	block(SIG_BLOCK, SIGUSR1);
	counts[SIGUSR1] = 0;
	for (int i = 1; i <= 20; i++) {
		const pid_t self = getpid(), pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			kill(self, SIGUSR1);
			_exit(0);
		}
		CHECK_ERRNO(sigsuspend(&wait_mask), EINTR); /* before or after it was sent: it is
							       not lost */
		CHECK_EQ(counts[SIGUSR1], i);
		CHECK_EXITED(wait_for(pid), 0);
	}
	sigset_t now;
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &now), 0);
	CHECK(sigismember(&now, SIGUSR1)); /* the old mask is back */
	block(SIG_UNBLOCK, SIGUSR1);
}

static void realtime_signals_queue(void)
{
	block(SIG_BLOCK, SIGRTMIN);
	handle(SIGRTMIN, on_signal, 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }), 0);
	block(SIG_UNBLOCK, SIGRTMIN);
	CHECK_EQ(counts[SIGRTMIN], 3);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(blocked_signals_wait_and_come_once),
		TEST(ignoring_drops_what_is_pending),
		TEST(an_action_may_lie_anywhere),
		TEST(kill_and_stop_cannot_be_blocked_or_caught),
		TEST(sigtimedwait_takes_a_pending_signal),
		TEST(sigsuspend_atomic),
		TEST(realtime_signals_queue),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
