// SPDX-License-Identifier: MIT
/* The end of threads and of their process: exit, exit_group, exec, fatal signals. */
/* oracle: linux-system */
#include "lib/test.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#define SLEEPERS 7

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	CHECK_EQ(pthread_create(&thread, NULL, fn, arg), 0);
}

/* ---- the leader goes first -------------------------------------------------------------- */

static int told[2];

static void *outlive(void *arg)
{
	char byte;
	(void)arg;
	CHECK_EQ(read(told[0], &byte, 1), 1); /* the parent has looked */
	write_all(told[1], "y", 1);
	_exit(42);
}

static void end_leader_first(void)
{
	start(outlive, NULL);
	syscall(SYS_exit, 7); /* only this thread */
}

static void process_lives_on_without_its_leader(void)
{
	int to[2], from[2];
	char byte;
	CHECK_EQ(pipe(to), 0);
	CHECK_EQ(pipe(from), 0);
	told[0] = to[0];
	told[1] = from[1];
	const pid_t pid = start_child(end_leader_first);
	int status;
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(kill(pid, 0), 0);
	write_all(to[1], "x", 1);
	read_all(from[0], &byte, 1);
	CHECK_EXITED(wait_for(pid), 42);
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
}

/* Until the leader is dead, and only this thread is left. */
static void until_leader_is_gone(void)
{
	while (state_of(getpid()) != 'Z')
		sched_yield();
}

static void *end_last(void *arg)
{
	until_leader_is_gone();
	syscall(SYS_exit, (long)(intptr_t)arg);
	return NULL;
}

static void end_one_by_one(void)
{
	start(end_last, (void *)50);
	syscall(SYS_exit, 9);
}

static void the_last_threads_status_is_the_process_status(void)
{
	CHECK_EXITED(run_in_child(end_one_by_one), 50);
}

/* ---- exit_group ends every sleep -------------------------------------------------------- */

static int quiet[2]; /* a pipe nobody writes to */
static atomic_int asleep;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *sleep_in(void *arg)
{
	char byte;
	struct pollfd p = { .fd = quiet[0], .events = POLLIN };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	atomic_fetch_add(&asleep, 1);
	switch ((intptr_t)arg) {
	case 0:
		pause();
		break;
	case 1:
		(void)!read(quiet[0], &byte, 1);
		break;
	case 2:
		poll(&p, 1, -1);
		break;
	case 3:
		sleep(1000);
		break;
	case 4:
		sigwaitinfo(&set, NULL);
		break;
	case 5:
		pthread_mutex_lock(&held);
		pthread_cond_wait(&never, &held);
		break;
	default:
		for (;;)
			; /* runs */
	}
	return NULL;
}

static void begin_sleeping(void)
{
	struct timespec moment = { .tv_nsec = 20000000 };
	CHECK_EQ(pipe(quiet), 0);
	for (intptr_t i = 0; i < SLEEPERS; i++)
		start(sleep_in, (void *)i);
	while (atomic_load(&asleep) != SLEEPERS)
		sched_yield();
	nanosleep(&moment, NULL);
}

static void exit_among_sleepers(void)
{
	begin_sleeping();
	exit(3);
}

static void exit_group_ends_threads_in_every_sleep(void)
{
	CHECK_EXITED(run_in_child(exit_among_sleepers), 3);
}

static void *exit_from_here(void *arg)
{
	exit((int)(intptr_t)arg);
}

static void another_thread_exits(void)
{
	begin_sleeping();
	start(exit_from_here, (void *)4);
	pause();
}

static void exit_group_from_a_thread_that_does_not_lead(void)
{
	CHECK_EXITED(run_in_child(another_thread_exits), 4);
}

static void *touch_nothing(void *arg)
{
	*(volatile int *)arg = 1;
	return NULL;
}

static void one_thread_crashes(void)
{
	begin_sleeping();
	start(touch_nothing, (void *)KERNEL_LINEAR_ADDRESS);
	pause();
}

static void killed_among_sleepers(void)
{
	begin_sleeping();
	kill(getpid(), SIGTERM);
	pause();
}

static void fatal_signals_end_all_threads(void)
{
	CHECK_KILLED(run_in_child(one_thread_crashes), SIGSEGV);
	CHECK_KILLED(run_in_child(killed_among_sleepers), SIGTERM);
}

static void *exit_racing(void *arg)
{
	while (atomic_load(&asleep) == 0)
		;
	_exit((int)(intptr_t)arg);
}

static void all_exit_at_once(void)
{
	for (intptr_t i = 1; i < 4; i++)
		start(exit_racing, (void *)i);
	atomic_store(&asleep, 1);
	_exit(4);
}

static void exit_races_with_exit(void)
{
	for (int i = 0; i < 20; i++) {
		const int status = run_in_child(all_exit_at_once);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) >= 1 && WEXITSTATUS(status) <= 4);
	}
}

/* ---- exec ------------------------------------------------------------------------------- */

/* /proc/self/exe leads nowhere once the leader is dead. */
static char program[256];

static void *exec_from_here(void *arg)
{
	char pid[16];
	char *const argv[] = { (char *)test_name, arg, pid, NULL };
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	execv(program, argv);
	return NULL;
}

/* As in /proc/self/stat, the 22nd; the second is in parentheses. */
static unsigned long long start_time(void)
{
	char text[1024] = { 0 };
	const int fd = open("/proc/self/stat", O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	const char *at = strrchr(text, ')');
	for (int i = 2; i < 22 && at != NULL; i++)
		at = strchr(at + 1, ' ');
	CHECK(at != NULL);
	return strtoull(at, NULL, 10);
}

static void exec_in_a_younger_thread(void)
{
	char began[32];
	snprintf(began, sizeof(began), "%llu", start_time());
	CHECK_EQ(setenv("BEGAN", began, 1), 0);
	usleep(50000); /* some ticks of the clock that is told */
	start(exec_from_here, "execed");
	pause();
}

static void exec_in_a_thread(void)
{
	begin_sleeping();
	start(exec_from_here, "execed");
	pause();
}

static void exec_in_the_leader(void)
{
	begin_sleeping();
	exec_from_here("execed");
}

static void *exec_without_leader(void *arg)
{
	until_leader_is_gone();
	return exec_from_here(arg);
}

static void exec_after_the_leader(void)
{
	start(exec_without_leader, "execed");
	syscall(SYS_exit, 1);
}

static void *exec_racing(void *arg)
{
	while (atomic_load(&asleep) == 0)
		;
	return exec_from_here(arg);
}

static void many_exec_at_once(void)
{
	for (int i = 0; i < 4; i++)
		start(exec_racing, "execed");
	atomic_store(&asleep, 1);
	pause();
}

static void exec_leaves_one_thread_with_the_pid(void)
{
	CHECK_EXITED(run_in_child(exec_in_the_leader), 77);
	CHECK_EXITED(run_in_child(exec_in_a_thread), 77);
	CHECK_EXITED(run_in_child(exec_in_a_younger_thread), 77);
	CHECK_EXITED(run_in_child(exec_after_the_leader), 77);
	for (int i = 0; i < 10; i++)
		CHECK_EXITED(run_in_child(many_exec_at_once), 77);
}

/* What was exec'd: it leads, alone, under the pid of who did. */
static int after_exec(const char *pid)
{
	const pid_t tid = (pid_t)syscall(SYS_gettid);
	if (tid != getpid() || tid != atoi(pid))
		return 1;
	if (syscall(SYS_tgkill, getpid(), tid, 0) != 0)
		return 2;
	const char *began = getenv("BEGAN");
	if (began != NULL && strtoull(began, NULL, 10) != start_time())
		return 3;
	return 77;
}

static void *fail_to_exec(void *arg)
{
	char *const argv[] = { "x", NULL };
	CHECK_ERRNO(execv("/no/such/file", argv), ENOENT);
	return arg;
}

static void try_bad_exec(void)
{
	pthread_t thread;
	begin_sleeping();
	CHECK_EQ(pthread_create(&thread, NULL, fail_to_exec, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	_exit(6);
}

static void a_failed_exec_ends_nobody(void)
{
	CHECK_EXITED(run_in_child(try_bad_exec), 6);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(process_lives_on_without_its_leader),
		TEST(the_last_threads_status_is_the_process_status),
		TEST(exit_group_ends_threads_in_every_sleep),
		TEST(exit_group_from_a_thread_that_does_not_lead),
		TEST(fatal_signals_end_all_threads),
		TEST(exit_races_with_exit),
		TEST(exec_leaves_one_thread_with_the_pid),
		TEST(a_failed_exec_ends_nobody),
	};
	if (argc == 3 && strcmp(argv[1], "execed") == 0)
		return after_exec(argv[2]);
	if (readlink(TEST_SELF, program, sizeof(program) - 1) < 0)
		return 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
