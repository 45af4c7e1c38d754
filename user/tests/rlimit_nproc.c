// SPDX-License-Identifier: MIT
/* RLIMIT_NPROC: what a user may have, processes and threads, and root beyond it. */
/* oracle: linux-system */
#include "lib/test.h"

#include <pthread.h>
#include <sys/resource.h>

/* Nobody else's. */
#define USER  4242
#define LIMIT 4

static void become_user(void)
{
	const struct rlimit limit = { LIMIT, LIMIT };
	CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
	CHECK_EQ(setresuid(USER, USER, USER), 0);
}

static void wait_for_signal(void)
{
	pause();
}

static void *do_nothing(void *arg)
{
	return arg;
}

static void fill_up(void)
{
	pid_t children[LIMIT];
	pthread_t thread;
	become_user();
	for (int i = 0; i < LIMIT - 1; i++)
		children[i] = start_child(wait_for_signal);
	CHECK_ERRNO(fork(), EAGAIN);
	CHECK_EQ(pthread_create(&thread, NULL, do_nothing, NULL), EAGAIN);
	/* A zombie counts until it is waited for. */
	siginfo_t info;
	CHECK_EQ(kill(children[0], SIGKILL), 0);
	CHECK_EQ(waitid(P_PID, (id_t)children[0], &info, WEXITED | WNOWAIT), 0);
	CHECK_ERRNO(fork(), EAGAIN);
	CHECK_KILLED(wait_for(children[0]), SIGKILL);
	CHECK_EQ(pthread_create(&thread, NULL, do_nothing, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	for (int i = 1; i < LIMIT - 1; i++) {
		CHECK_EQ(kill(children[i], SIGKILL), 0);
		CHECK_KILLED(wait_for(children[i]), SIGKILL);
	}
}

static void a_user_has_so_many_and_no_more(void)
{
	CHECK_CHILD(fill_up);
}

/* Before anybody changed it; nobody does on the way here. */
static void a_user_may_have_half_of_what_there_may_be(void)
{
	FILE *file = fopen("/proc/sys/kernel/threads-max", "r");
	unsigned long all;
	struct rlimit limit;
	CHECK(file != NULL);
	CHECK_EQ(fscanf(file, "%lu", &all), 1);
	CHECK_EQ(fclose(file), 0);
	CHECK_EQ(getrlimit(RLIMIT_NPROC, &limit), 0);
	CHECK_EQ(limit.rlim_cur, all / 2);
	CHECK_EQ(limit.rlim_max, all / 2);
}

static void exceed_as_root(void)
{
	const struct rlimit limit = { 1, 1 };
	CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
	const pid_t pid = start_child(wait_for_signal);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static void root_may_have_more(void)
{
	CHECK_CHILD(exceed_as_root);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_user_may_have_half_of_what_there_may_be),
		TEST(a_user_has_so_many_and_no_more),
		TEST(root_may_have_more),
	};
	(void)argc;
	(void)argv;
	if (geteuid() != 0)
		test_skip("needs root");
	return test_run(cases, ARRAY_SIZE(cases));
}
