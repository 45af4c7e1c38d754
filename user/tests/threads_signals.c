// SPDX-License-Identifier: MIT
/* Signals and threads: whose they are, who takes them, and stops, which are for all. */
/* oracle: linux-system */
#include "lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static pid_t tid_of_self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void block(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
}

static void unblock(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

static atomic_int taken_by; /* number of the thread whose handler ran */
static atomic_int times;
static atomic_int ready; /* number of the thread that waits */
static atomic_bool go;

static void note(int sig)
{
	(void)sig;
	atomic_store(&taken_by, tid_of_self());
	atomic_fetch_add(&times, 1);
}

static void wait_until_taken(void)
{
	while (atomic_load(&times) == 0)
		sched_yield();
}

static void *take_one(void *arg)
{
	(void)arg;
	unblock(SIGUSR1);
	atomic_store(&ready, tid_of_self());
	wait_until_taken();
	return NULL;
}

static pthread_t start_taker(void)
{
	pthread_t thread;
	atomic_store(&ready, 0);
	CHECK_EQ(pthread_create(&thread, NULL, take_one, NULL), 0);
	while (atomic_load(&ready) == 0)
		sched_yield();
	return thread;
}

static void send_to_process(void)
{
	handle(SIGUSR1, note, 0);
	block(SIGUSR1);
	const pthread_t thread = start_taker();
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(atomic_load(&taken_by), atomic_load(&ready));
	CHECK_EQ(atomic_load(&times), 1);
}

static void a_processs_signal_goes_to_a_thread_that_does_not_block_it(void)
{
	CHECK_CHILD(send_to_process);
}

static void send_to_thread(void)
{
	sigset_t pending;
	handle(SIGUSR1, note, 0);
	block(SIGUSR1);
	CHECK_EQ(syscall(SYS_tgkill, getpid(), tid_of_self(), SIGUSR1), 0);
	const pthread_t thread = start_taker();
	CHECK_EQ(sigpending(&pending), 0);
	CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
	CHECK_EQ(atomic_load(&times), 0);
	CHECK_EQ(syscall(SYS_tgkill, getpid(), atomic_load(&ready), SIGUSR1), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(atomic_load(&taken_by), atomic_load(&ready));
	unblock(SIGUSR1);
	CHECK_EQ(atomic_load(&taken_by), getpid());
	CHECK_EQ(atomic_load(&times), 2);
}

static void a_threads_signal_is_its_own(void)
{
	CHECK_CHILD(send_to_thread);
}

static void check_wrong_numbers(void)
{
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0x7ffffff, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tgkill, getppid(), tid_of_self(), 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tgkill, -1, tid_of_self(), 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tkill, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tkill, tid_of_self(), 200), EINVAL);
	CHECK_EQ(syscall(SYS_tkill, tid_of_self(), 0), 0);
}

static void wrong_numbers_are_refused(void)
{
	CHECK_CHILD(check_wrong_numbers);
}

static void *await_usr1(void *arg)
{
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	atomic_store(&ready, tid_of_self());
	int sig;
	do
		sig = sigwaitinfo(&set, &info);
	while (sig < 0 && errno == EINTR);
	CHECK_EQ(sig, SIGUSR1);
	CHECK_EQ(info.si_pid, getpid());
	atomic_fetch_add(&times, 1);
	return arg;
}

static void await_in_threads(void)
{
	pthread_t threads[3];
	block(SIGUSR1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, await_usr1, NULL), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		while (atomic_load(&times) != i + 1)
			sched_yield();
	}
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void each_signal_wakes_one_thread_that_awaits_it(void)
{
	CHECK_CHILD(await_in_threads);
}

/* Blocks the signal again and again, so that what was left to it must be passed on. */
static void *block_and_unblock(void *arg)
{
	while (!atomic_load(&go)) {
		unblock(SIGUSR1);
		block(SIGUSR1);
		sched_yield();
	}
	return arg;
}

static void send_many(void)
{
	pthread_t threads[2];
	handle(SIGUSR1, note, 0);
	block(SIGUSR1);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, block_and_unblock, NULL), 0);
	for (int i = 0; i < 30; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		while (atomic_load(&times) != i + 1)
			sched_yield();
	}
	atomic_store(&go, true);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void no_signal_is_lost_while_masks_change(void)
{
	CHECK_CHILD(send_many);
}

/* ---- stops ------------------------------------------------------------------------------ */

static volatile unsigned long *counters; /* shared with the parent */
#define RUNNERS 4

static void *count(void *arg)
{
	for (;;)
		counters[(intptr_t)arg]++;
	return NULL;
}

static void count_in_threads(void)
{
	pthread_t thread;
	for (intptr_t i = 1; i < RUNNERS; i++)
		CHECK_EQ(pthread_create(&thread, NULL, count, (void *)i), 0);
	count(NULL);
}

static unsigned long sum(void)
{
	unsigned long all = 0;
	for (int i = 0; i < RUNNERS; i++)
		all += counters[i];
	return all;
}

static atomic_int child_signals;

static void note_child(int sig)
{
	(void)sig;
	atomic_fetch_add(&child_signals, 1);
}

/* Linux tells a waiter of a stop before it sends the signal. */
static void until_child_signals_are(int count)
{
	while (atomic_load(&child_signals) < count)
		sched_yield();
	CHECK_EQ(atomic_load(&child_signals), count);
}

static void stop_and_continue(pid_t pid)
{
	siginfo_t info;
	atomic_store(&child_signals, 0);
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
	CHECK_EQ(info.si_code, CLD_STOPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	until_child_signals_are(1);
	/* Nobody counts any more. */
	const unsigned long before = sum();
	const struct timespec moment = { .tv_nsec = 30000000 };
	nanosleep(&moment, NULL);
	CHECK_EQ(sum(), before);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WCONTINUED), 0);
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	while (sum() == before)
		sched_yield();
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WCONTINUED | WSTOPPED | WNOHANG), 0);
	until_child_signals_are(2);
}

static void a_stop_is_one_for_all_threads(void)
{
	counters = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counters != MAP_FAILED);
	handle(SIGCHLD, note_child, SA_RESTART);
	const pid_t pid = start_child(count_in_threads);
	for (int i = 0; i < RUNNERS; i++) {
		while (counters[i] == 0)
			sched_yield();
	}
	for (int i = 0; i < 10; i++)
		stop_and_continue(pid);
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static void *come_and_go(void *arg)
{
	counters[1]++;
	return arg;
}

static void make_threads(void)
{
	for (;;) {
		pthread_t thread;
		counters[0]++;
		if (pthread_create(&thread, NULL, come_and_go, NULL) == 0)
			pthread_join(thread, NULL);
	}
}

static void stops_while_threads_come_and_go(void)
{
	counters = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counters != MAP_FAILED);
	handle(SIGCHLD, note_child, SA_RESTART);
	const pid_t pid = start_child(make_threads);
	while (counters[1] == 0)
		sched_yield();
	for (int i = 0; i < 20; i++)
		stop_and_continue(pid);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_processs_signal_goes_to_a_thread_that_does_not_block_it),
		TEST(a_threads_signal_is_its_own),
		TEST(wrong_numbers_are_refused),
		TEST(each_signal_wakes_one_thread_that_awaits_it),
		TEST(no_signal_is_lost_while_masks_change),
		TEST(a_stop_is_one_for_all_threads),
		TEST(stops_while_threads_come_and_go),
	};
	(void)argc;
	(void)argv;
	return test_run(cases, ARRAY_SIZE(cases));
}
