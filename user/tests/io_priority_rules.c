// SPDX-License-Identifier: MIT
/* ioprio_set and ioprio_get: what is kept, inherited and refused. */
#include "lib/test.h"

#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int set(int which, int who, int priority)
{
	return (int)syscall(SYS_ioprio_set, which, who, priority);
}

static int get(int which, int who)
{
	return (int)syscall(SYS_ioprio_get, which, who);
}

static void what_is_set_is_kept_and_inherited(void)
{
	const int best_effort = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 3);
	CHECK_EQ(get(IOPRIO_WHO_PROCESS, 0), 0);
	CHECK_EQ(set(IOPRIO_WHO_PROCESS, 0, best_effort), 0);
	CHECK_EQ(get(IOPRIO_WHO_PROCESS, 0), best_effort);
	CHECK_EQ(get(IOPRIO_WHO_PROCESS, getpid()), best_effort);
	const pid_t child = fork();
	if (child == 0) {
		CHECK_EQ(get(IOPRIO_WHO_PROCESS, 0), best_effort);
		_exit(0);
	}
	CHECK_EQ(wait_for(child), 0);
	CHECK_EQ(set(IOPRIO_WHO_PROCESS, 0, 0), 0);
	CHECK_EQ(get(IOPRIO_WHO_PROCESS, 0), 0);
}

static void of_a_group_the_best_counts(void)
{
	const pid_t child = fork();
	if (child == 0) {
		CHECK_EQ(setpgid(0, 0), 0);
		/* What was never set follows the nice value. */
		const int level = (getpriority(PRIO_PROCESS, 0) + 20) / 5;
		CHECK_EQ(get(IOPRIO_WHO_PGRP, 0), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, level));
		CHECK_EQ(set(IOPRIO_WHO_PGRP, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6)), 0);
		const pid_t other = fork();
		if (other == 0) {
			CHECK_EQ(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 2)),
				 0);
			CHECK_EQ(get(IOPRIO_WHO_PGRP, 0), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 2));
			_exit(0);
		}
		CHECK_EQ(wait_for(other), 0);
		CHECK_EQ(get(IOPRIO_WHO_PGRP, 0), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
		_exit(0);
	}
	CHECK_EQ(wait_for(child), 0);
}

static void what_makes_no_sense_is_refused(void)
{
	CHECK_ERRNO(get(0, 0), EINVAL);
	CHECK_ERRNO(get(IOPRIO_WHO_USER + 1, 0), EINVAL);
	CHECK_ERRNO(get(IOPRIO_WHO_PROCESS, 0x3fffffff), ESRCH);
	CHECK_ERRNO(set(IOPRIO_WHO_PROCESS, 0x3fffffff, 0), ESRCH);
	CHECK_ERRNO(set(0, 0, 0), EINVAL);
	CHECK_ERRNO(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 1)), EINVAL);
	CHECK_ERRNO(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(5, 0)), EINVAL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(what_is_set_is_kept_and_inherited),
		TEST(of_a_group_the_best_counts),
		TEST(what_makes_no_sense_is_refused),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
