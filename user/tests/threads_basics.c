// SPDX-License-Identifier: MIT
/* Threads: they begin, share, have what is their own, and end; hundreds of them. */
#include "lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#define THREADS 8
#define STORM   250

static pid_t tid_of_self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static atomic_int counter;
static __thread int own = 5;

static void *add_one(void *arg)
{
	CHECK_EQ(own, 5);
	own = (int)(intptr_t)arg;
	sched_yield();
	CHECK_EQ(own, (int)(intptr_t)arg);
	atomic_fetch_add(&counter, 1);
	return arg;
}

static void threads_run_and_are_joined(void)
{
	pthread_t threads[THREADS];
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, add_one, (void *)(i + 100)), 0);
	for (intptr_t i = 0; i < THREADS; i++) {
		void *result;
		CHECK_EQ(pthread_join(threads[i], &result), 0);
		CHECK_EQ((intptr_t)result, i + 100);
	}
	CHECK_EQ(atomic_load(&counter), THREADS);
	CHECK_EQ(own, 5);
}

static void joined(void)
{
	CHECK_CHILD(threads_run_and_are_joined);
}

static void *tell_ids(void *arg)
{
	pid_t *ids = arg;
	char name[16];
	ids[0] = getpid();
	ids[1] = tid_of_self();
	CHECK_EQ(prctl(PR_SET_NAME, "another"), 0);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK_STR(name, "another");
	CHECK_EQ(getpgid(ids[1]), getpgrp());
	CHECK_EQ(getsid(ids[1]), getsid(0));
	CHECK_ERRNO(setpgid(ids[1], 0), EINVAL); /* no process' number */
	return NULL;
}

static void check_ids(void)
{
	char before[16], after[16];
	pid_t ids[2];
	pthread_t thread;
	CHECK_EQ(prctl(PR_GET_NAME, before), 0);
	CHECK_EQ(getpid(), tid_of_self());
	CHECK_EQ(pthread_create(&thread, NULL, tell_ids, ids), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(ids[0], getpid());
	CHECK(ids[1] != getpid() && ids[1] > 0);
	CHECK_EQ(prctl(PR_GET_NAME, after), 0);
	CHECK_STR(before, after);
}

static void a_thread_has_a_number_and_a_name_of_its_own(void)
{
	CHECK_CHILD(check_ids);
}

static void *change_places(void *arg)
{
	(void)arg;
	CHECK_EQ(mkdir("below", 0777), 0);
	CHECK_EQ(chdir("below"), 0);
	umask(0123);
	return (void *)(intptr_t)open("here", O_CREAT | O_RDWR, 0666);
}

static void check_shared_places(void)
{
	pthread_t thread;
	void *fd;
	struct stat st;
	umask(0);
	CHECK_EQ(pthread_create(&thread, NULL, change_places, NULL), 0);
	CHECK_EQ(pthread_join(thread, &fd), 0);
	CHECK_EQ(write((int)(intptr_t)fd, "x", 1), 1);
	CHECK_EQ(stat("here", &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0666 & ~0123);
	CHECK_EQ(umask(0), 0123);
	CHECK_EQ(close((int)(intptr_t)fd), 0);
	CHECK_EQ(chdir(".."), 0);
	CHECK_EQ(unlink("below/here"), 0);
	CHECK_EQ(rmdir("below"), 0);
}

static void threads_share_files_directory_and_umask(void)
{
	CHECK_CHILD(check_shared_places);
}

static atomic_bool stop;

static void *walk(void *arg)
{
	struct stat st;
	(void)arg;
	while (!atomic_load(&stop))
		CHECK_EQ(stat("../b", &st), 0);
	return NULL;
}

static void change_directory_often(void)
{
	pthread_t threads[3];
	CHECK_EQ(chdir("a"), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, walk, NULL), 0);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(chdir(i % 2 ? "../a" : "../b"), 0);
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void chdir_while_others_walk_paths(void)
{
	CHECK_EQ(mkdir("a", 0777), 0);
	CHECK_EQ(mkdir("b", 0777), 0);
	CHECK_CHILD(change_directory_often);
	CHECK_EQ(rmdir("a"), 0);
	CHECK_EQ(rmdir("b"), 0);
}

static void *end_at_once(void *arg)
{
	atomic_fetch_add(&counter, 1);
	return arg;
}

static void create_hundreds(void)
{
	pthread_attr_t attr;
	CHECK_EQ(pthread_attr_init(&attr), 0);
	CHECK_EQ(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
	for (int i = 0; i < STORM; i++) {
		pthread_t thread;
		while (pthread_create(&thread, &attr, end_at_once, NULL) == EAGAIN)
			sched_yield();
	}
	while (atomic_load(&counter) != STORM)
		sched_yield();
}

static void hundreds_of_threads_come_and_go(void)
{
	CHECK_CHILD(create_hundreds);
}

static long raw_clone(unsigned long flags)
{
	return syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static void flags_follow_the_rules(void)
{
	CHECK_ERRNO(raw_clone(CLONE_THREAD | SIGCHLD), EINVAL);
	CHECK_ERRNO(raw_clone(CLONE_THREAD | CLONE_VM), EINVAL);
	CHECK_ERRNO(raw_clone(CLONE_SIGHAND | SIGCHLD), EINVAL);
	CHECK_ERRNO(raw_clone(CLONE_THREAD | CLONE_SIGHAND), EINVAL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(joined),
		TEST(a_thread_has_a_number_and_a_name_of_its_own),
		TEST(threads_share_files_directory_and_umask),
		TEST(chdir_while_others_walk_paths),
		TEST(hundreds_of_threads_come_and_go),
		TEST(flags_follow_the_rules),
	};
	(void)argc;
	(void)argv;
	return test_run(cases, ARRAY_SIZE(cases));
}
