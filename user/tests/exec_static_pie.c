// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Programs that are linked in other ways than the tests run as well. */
#include "lib/test.h"

static int run_program(const char *path)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(path, path, "argument", (char *)NULL);
		_exit(TEST_CHILD_FAILED);
	}
	return wait_for(pid);
}

static void a_static_pie_is_relocated_and_runs(void)
{
	CHECK_EXITED(run_program("/tests/.programs/static_pie"), 0);
}

static void data_and_bss_are_what_the_image_says(void)
{
	CHECK_EXITED(run_program("/tests/.programs/data_bss"), 0);
}

static void a_program_without_libc_finds_its_arguments(void)
{
	CHECK_EXITED(run_program("/tests/.programs/minimal"), 42);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_static_pie_is_relocated_and_runs),
		TEST(data_and_bss_are_what_the_image_says),
		TEST(a_program_without_libc_finds_its_arguments),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
