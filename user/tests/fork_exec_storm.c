// SPDX-License-Identifier: MIT
/* modes: all */
/* oracle: linux-system */
/* fork and execve over and over, several at a time: every one arrives. */
#include "lib/test.h"

#define ROUNDS   10
#define PARALLEL 4

static void every_program_runs(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[PARALLEL];
		for (int i = 0; i < PARALLEL; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			if (pids[i] == 0) {
				char number[16];
				snprintf(number, sizeof(number), "%d", round * PARALLEL + i);
				execl(TEST_SELF, test_name, number, (char *)NULL);
				_exit(TEST_CHILD_FAILED);
			}
		}
		for (int i = 0; i < PARALLEL; i++)
			CHECK_EXITED(wait_for(pids[i]), round * PARALLEL + i);
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(every_program_runs) };
	if (argc > 1)
		return atoi(argv[1]);
	return test_run(cases, ARRAY_SIZE(cases));
}
