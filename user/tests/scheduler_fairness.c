// SPDX-License-Identifier: MIT
/* Processes that never sleep all get on, and do not keep others from running. */
#include "lib/test.h"

#define HOGS 6
#define GOAL 2000000

static _Atomic unsigned long *progress;
static int index_of_hog;

static void hog(void)
{
	for (;;)
		progress[index_of_hog]++;
}

static void answer(int from, int to)
{
	char byte;
	while (read(from, &byte, 1) == 1)
		write_all(to, &byte, 1);
}

static void hogs_all_progress_and_sleepers_are_served(void)
{
	progress = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(progress != MAP_FAILED);
	int there[2], back[2];
	CHECK_EQ(pipe(there), 0);
	CHECK_EQ(pipe(back), 0);
	const pid_t echo = fork();
	CHECK(echo >= 0);
	if (echo == 0) {
		close(there[1]);
		answer(there[0], back[1]);
		_exit(0);
	}
	pid_t pids[HOGS];
	for (int i = 0; i < HOGS; i++) {
		index_of_hog = i;
		pids[i] = start_child(hog);
	}
	for (int i = 0; i < 20; i++) {
		char byte = 'p';
		write_all(there[1], &byte, 1);
		read_all(back[0], &byte, 1);
	}
	for (int i = 0; i < HOGS; i++)
		while (progress[i] < GOAL) /* the case's own time limit is the deadline */
			sched_yield();
	for (int i = 0; i < HOGS; i++) {
		CHECK_EQ(kill(pids[i], SIGKILL), 0);
		CHECK_KILLED(wait_for(pids[i]), SIGKILL);
	}
	close(there[1]);
	CHECK_EQ(kill(echo, SIGKILL), 0);
	(void)wait_for(echo);
	CHECK_EQ(munmap((void *)progress, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(hogs_all_progress_and_sleepers_are_served) };
	return test_run(cases, ARRAY_SIZE(cases));
}
