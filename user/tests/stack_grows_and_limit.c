// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* The stack grows by itself down to its limit, and there it ends with a signal that a handler can
 * take. */
#include "lib/test.h"

#include <sys/resource.h>

#define FRAME_BYTES 4096

static char alternate[65536];
static volatile int depth_reached;

/* Returns: something of each frame, so that none of them is dropped. */
static __attribute__((noinline)) int descend(int depth)
{
	volatile char frame[FRAME_BYTES];
	frame[0] = (char)depth;
	depth_reached = depth;
	return depth == 0 ? 0 : descend(depth - 1) + frame[0];
}

static void a_deep_stack_is_given(void)
{
	(void)descend(700);
	CHECK_EQ(depth_reached, 0);
}

static void far_below_the_stack_pointer_is_stack_too(void)
{
	const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	CHECK_EQ(touch_signal((const char *)(here - (256 << 10)), TOUCH_WRITE, NULL), 0);
}

static void on_overflow(int signal_number, siginfo_t *info, void *context)
{
	const char *here = (const char *)&signal_number;
	_exit(here >= alternate && here < alternate + sizeof(alternate) ? 42 : 43);
}

static int overflow(void)
{
	const stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	if (sigaltstack(&stack, NULL) != 0)
		return 1;
	handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
	return descend(100000);
}

static void the_limit_ends_it(void)
{
	struct rlimit old, limit;
	CHECK_EQ(getrlimit(RLIMIT_STACK, &old), 0);
	limit = old;
	limit.rlim_cur = 1 << 20;
	CHECK_EQ(setrlimit(RLIMIT_STACK, &limit), 0);
	const int status = run_self("overflow");
	CHECK_EQ(setrlimit(RLIMIT_STACK, &old), 0);
	CHECK_EXITED(status, 42);
}

static void overflow_without_handler(void)
{
	(void)descend(100000);
}

static void without_a_handler_it_kills(void)
{
	struct rlimit limit = { 1 << 20, RLIM_INFINITY };
	struct rlimit old;
	CHECK_EQ(getrlimit(RLIMIT_STACK, &old), 0);
	limit.rlim_max = old.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_STACK, &limit), 0);
	const int status = run_in_child(overflow_without_handler);
	CHECK_EQ(setrlimit(RLIMIT_STACK, &old), 0);
	CHECK_KILLED(status, SIGSEGV);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_deep_stack_is_given),
		TEST(far_below_the_stack_pointer_is_stack_too),
		TEST(the_limit_ends_it),
		TEST(without_a_handler_it_kills),
	};
	return argc > 1 ? overflow() : test_run(cases, ARRAY_SIZE(cases));
}
