// SPDX-License-Identifier: MIT
/* sources: kernel/syscall/sys_fs.c tests/host/shim/machine.c tests/host/shim/heap.c
 * tests/host/shim/panic.c */
/* Paths from user memory, which other threads may change between two looks at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/sys_fs.h"
#include "lib/abi/limits.h"
#include "tests/host/shim/machine.h"

#define ANYWHERE 0x10000UL

/* ---- below and beside the unit: user memory is what it holds at each look -------------------- */

static char long_path[PATH_MAX_BYTES + 1];
static const char *at_look[2];
static unsigned looks;

ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size)
{
	const char *const text = at_look[looks++];
	if (text == NULL)
		return -EFAULT;
	const size_t len = strnlen(text, size);
	memcpy(dst, text, len < size ? len + 1 : size);
	return len < size ? (ssize_t)len : -ENAMETOOLONG;
}

int get_user_u64(u64 *value, uaddr_t src)
{
	return -EFAULT;
}

bool shim_should_fail(void)
{
	return false;
}

int signal_send_task(struct task *t, int sig, const struct siginfo *info)
{
	return 0;
}

struct file *fd_borrow_shared(struct fd_table *t, int fd)
{
	return NULL;
}

void fd_put_shared(struct file *f)
{
}

void inode_get(struct inode *i)
{
}

void inode_put_one(struct inode *i)
{
}

struct inode *process_inode_lookup(struct process *p, enum process_inode which)
{
	return NULL;
}

void task_renew_places(struct task *t)
{
}

int path_lookup(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
		struct inode **out)
{
	return -ENOENT;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int get_as(const char *first, const char *second, size_t len)
{
	struct user_path p;
	at_look[0] = first;
	at_look[1] = second;
	looks = 0;
	const int got = user_path_get(&p, ANYWHERE, false);
	if (got >= 0) {
		assert_int_equal(got, len);
		assert_int_equal(strlen(p.text), len);
		user_path_put(&p);
	}
	assert_int_equal(shim_objects_used(), 0);
	return MIN(got, 0);
}

static const char *path_of(size_t len)
{
	return long_path + PATH_MAX_BYTES - len;
}

static void paths_of_all_lengths_are_got(void **state)
{
	assert_int_equal(get_as("", NULL, 0), -ENOENT);
	assert_int_equal(get_as(NULL, NULL, 0), -EFAULT);
	assert_int_equal(get_as(path_of(1), NULL, 1), 0);
	assert_int_equal(get_as(path_of(127), NULL, 127), 0);
	assert_int_equal(get_as(path_of(128), path_of(128), 128), 0);
	assert_int_equal(get_as(path_of(PATH_MAX_BYTES - 1), path_of(PATH_MAX_BYTES - 1),
				PATH_MAX_BYTES - 1),
			 0);
	assert_int_equal(get_as(path_of(PATH_MAX_BYTES), path_of(PATH_MAX_BYTES), 0),
			 -ENAMETOOLONG);
}

static void a_path_that_changes_meanwhile_leaves_nothing_behind(void **state)
{
	assert_int_equal(get_as(path_of(500), path_of(3), 3), 0);
	assert_int_equal(get_as(path_of(500), "", 0), -ENOENT);
	assert_int_equal(get_as(path_of(500), NULL, 0), -EFAULT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_all_lengths_are_got),
		cmocka_unit_test(a_path_that_changes_meanwhile_leaves_nothing_behind),
	};
	memset(long_path, 'p', PATH_MAX_BYTES);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
