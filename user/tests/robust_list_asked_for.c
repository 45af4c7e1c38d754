// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* get_robust_list: one's own, another's, a stranger's. */
#include "lib/test.h"

#include <linux/futex.h>

static struct robust_list_head head = { .list = { &head.list } };

static long get(pid_t pid, void **list, size_t *size)
{
	return syscall(SYS_get_robust_list, pid, list, size);
}

static void look_at_the_parent(void)
{
	void *list = NULL;
	size_t size = 0;
	CHECK_EQ(get(getppid(), &list, &size), 0);
	CHECK(list == &head && size == sizeof(head));
	CHECK_ERRNO(get(getppid(), &list, (size_t *)8), EFAULT);
	CHECK_ERRNO(get(getppid(), (void **)8, &size), EFAULT);
	CHECK_ERRNO(get(0x3fffffff, &list, &size), ESRCH);
	if (setuid(1000) != 0)
		return; /* only root can become a stranger */
	CHECK_ERRNO(get(getppid(), &list, &size), EPERM);
	CHECK_EQ(get(0, &list, &size), 0);
}

static void the_list_that_was_set_is_told(void)
{
	void *list, *before;
	size_t size;
	CHECK_EQ(get(0, &before, &size), 0);
	CHECK_ERRNO(syscall(SYS_set_robust_list, &head, sizeof(head) - 1), EINVAL);
	CHECK_EQ(syscall(SYS_set_robust_list, &head, sizeof(head)), 0);
	CHECK_EQ(get(0, &list, &size), 0);
	CHECK(list == &head && size == sizeof(head));
	CHECK_EQ(get(getpid(), &list, &size), 0);
	CHECK(list == &head);
	CHECK_CHILD(look_at_the_parent);
	CHECK_EQ(syscall(SYS_set_robust_list, before, sizeof(head)), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(the_list_that_was_set_is_told) };
	return test_run(cases, ARRAY_SIZE(cases));
}
