// SPDX-License-Identifier: MIT
/* What a process computed with is gone with it: its child's registers are not seen by who runs
 * next. */
#include "lib/test.h"

static uint64_t read_f9(void)
{
	uint64_t bits;
	__asm__ volatile("fmv.x.d %0, fs1" : "=r"(bits));
	return bits;
}

static uint64_t read_fcsr(void)
{
	uint64_t bits;
	__asm__ volatile("frcsr %0" : "=r"(bits));
	return bits;
}

static void registers_of_the_dead_are_not_seen(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	for (int i = 0; i < 20; i++) {
		CHECK(read_f9() == 0 && read_fcsr() == 0);
		const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid == 0) {
			__asm__ volatile("fmv.d.x fs1, %0\n\tfscsr %1" ::"r"(0x5ec5e7UL),
					 "r"(0x61UL)
					 : "fs1");
			syscall(SYS_exit_group, 0);
		}
		CHECK(pid > 0);
		CHECK_EXITED(wait_for((pid_t)pid), 0);
		if (read_f9() != 0 || read_fcsr() != 0)
			test_fail(__FILE__, __LINE__, "round %d: fs1 %#lx fcsr %#lx", i,
				  (unsigned long)read_f9(), (unsigned long)read_fcsr());
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(registers_of_the_dead_are_not_seen) };
	return test_run(cases, ARRAY_SIZE(cases));
}
