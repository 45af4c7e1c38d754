// SPDX-License-Identifier: MIT
/* mprotect of a part: the rest keeps its rights and all keeps its contents; and code may become
 * code. */
#include "lib/test.h"

static void a_part_loses_its_rights(void)
{
	char *p = map_pages(5, PROT_READ | PROT_WRITE);
	memset(p, 4, 5 * PAGE);
	CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, PROT_READ), 0);
	int code = 0;
	CHECK_EQ(touch_signal(p, TOUCH_WRITE, NULL), 0);
	CHECK_EQ(touch_signal(p + PAGE, TOUCH_READ, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
	CHECK_EQ(touch_signal(p + 2 * PAGE, TOUCH_WRITE, NULL), 0);
	CHECK_EQ(touch_signal(p + 3 * PAGE, TOUCH_READ, NULL), 0);
	CHECK_EQ(touch_signal(p + 3 * PAGE, TOUCH_WRITE, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
	CHECK_EQ(touch_signal(p + 4 * PAGE, TOUCH_WRITE, NULL), 0);
	CHECK_EQ(mprotect(p, 5 * PAGE, PROT_READ | PROT_WRITE), 0);
	for (size_t i = 0; i < 5 * PAGE; i++)
		CHECK_EQ(p[i], 4);
	memset(p, 5, 5 * PAGE);
	CHECK_EQ(munmap(p, 5 * PAGE), 0);
}

static void up_to_a_hole_it_has_been_done(void)
{
	char *p = map_pages(3, PROT_READ | PROT_WRITE);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_EQ(touch_signal(p + 2 * PAGE, TOUCH_WRITE, NULL), 0); /* not behind it */
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

static void given_rights_do_not_undo_copy_on_write(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	*p = 1;
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
		CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
		*p = 2;
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(*p, 1);
	CHECK_EQ(munmap(p, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_part_loses_its_rights),
		TEST(up_to_a_hole_it_has_been_done),
		TEST(given_rights_do_not_undo_copy_on_write),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
