// SPDX-License-Identifier: MIT
/* modes: all */
/* Many children at once: each has its own id and memory, ends when told, and is waited for by name.
 */
#include "lib/test.h"

#define CHILDREN 50

static int ends[CHILDREN][2];
static pid_t pids[CHILDREN];
static int numbers[CHILDREN];

static void start_all(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		CHECK_EQ(pipe2(ends[i], O_CLOEXEC), 0);
		numbers[i] = i;
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			char byte;
			close(ends[i][1]);
			read_all(ends[i][0], &byte, 1);
			_exit(numbers[i] + byte);
		}
		close(ends[i][0]);
	}
}

/* A permutation that looks like none, and is the same each time. */
static int shuffled(int i)
{
	return (i * 37 + 11) % CHILDREN;
}

static void children_end_in_any_order(void)
{
	start_all();
	for (int i = 0; i < CHILDREN; i++)
		for (int j = 0; j < i; j++)
			CHECK(pids[i] != pids[j]);
	for (int i = 0; i < CHILDREN; i++) {
		const int c = shuffled(i);
		write_all(ends[c][1], "\1", 1);
		close(ends[c][1]);
		CHECK_EXITED(wait_for(pids[c]), c + 1);
	}
	CHECK_ERRNO(wait(NULL), ECHILD);
}

static void any_child_is_waited_for_once(void)
{
	start_all();
	for (int i = 0; i < CHILDREN; i++) {
		write_all(ends[shuffled(i)][1], "\0", 1);
		close(ends[shuffled(i)][1]);
	}
	bool seen[CHILDREN] = { false };
	for (int i = 0; i < CHILDREN; i++) {
		int status = 0;
		const pid_t pid = wait(&status);
		int c = 0;
		while (c < CHILDREN && pids[c] != pid)
			c++;
		CHECK(c < CHILDREN);
		CHECK(!seen[c]);
		CHECK_EXITED(status, c);
		seen[c] = true;
	}
	CHECK_ERRNO(wait(NULL), ECHILD);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(children_end_in_any_order),
		TEST(any_child_is_waited_for_once),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
