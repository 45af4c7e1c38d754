// SPDX-License-Identifier: MIT
/* modes: all */
/* fork far down a deep stack: both processes find their frames when they come back up. */
#include "lib/test.h"

#define FRAMES 400

/* Returns: how many frames, this one and those below it, held what was written into them. */
static __attribute__((noinline)) int descend(int depth, pid_t *pid)
{
	volatile unsigned char frame[2048];
	memset((unsigned char *)frame, depth & 0xff, sizeof(frame));
	int good = 0;
	if (depth == 0) {
		*pid = fork();
		CHECK(*pid >= 0);
	} else {
		good = descend(depth - 1, pid);
	}
	for (size_t i = 0; i < sizeof(frame); i++)
		if (frame[i] != (depth & 0xff))
			return good;
	memset((unsigned char *)frame, *pid == 0 ? 0xcc : 0xbb, sizeof(frame));
	return good + 1;
}

static void both_return_through_all_frames(void)
{
	pid_t pid;
	const int good = descend(FRAMES, &pid);
	if (pid == 0)
		_exit(good == FRAMES + 1 ? 0 : 1);
	CHECK_EQ(good, FRAMES + 1);
	CHECK_EXITED(wait_for(pid), 0);
}

static void child_goes_deeper(void)
{
	volatile char deep[256 * 1024];
	memset((char *)deep, 1, sizeof(deep));
	CHECK_EQ(deep[sizeof(deep) / 2], 1);
}

static void a_childs_stack_grows_like_its_parents(void)
{
	CHECK_CHILD(child_goes_deeper);
	child_goes_deeper();
	CHECK_CHILD(child_goes_deeper);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(both_return_through_all_frames),
		TEST(a_childs_stack_grows_like_its_parents),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
