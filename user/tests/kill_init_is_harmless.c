// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Process 1 gets no signal that it has no handler for: not even SIGKILL. Only where it is the
 * system's own. */
#include "lib/test.h"

static void signals_to_process_1_do_nothing(void)
{
	static const int deadly[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGFPE };
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		CHECK_EQ(kill(1, deadly[i]), 0);
	CHECK_EQ(kill(1, 0), 0);
	char path[] = "/proc/1/stat", text[256] = { 0 };
	const int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	const char *state = strrchr(text, ')');
	CHECK(state != NULL);
	CHECK(state[2] != 'T' && state[2] != 'Z');
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(signals_to_process_1_do_nothing) };
	if (access("/tests/.all", F_OK) != 0 || getuid() != 0)
		test_skip("this is somebody's own system");
	return test_run(cases, ARRAY_SIZE(cases));
}
