// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* wait4: whom it waits for, when it does not, what it says, and what it does with a bad pointer. */
#include "lib/test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "kernel/syscall/heifer.h"

static int hold[2];

static void until_told(void)
{
	char byte;
	close(hold[1]);
	(void)!read(hold[0], &byte, 1);
	_exit(5);
}

static void in_own_group(void)
{
	CHECK_EQ(setpgid(0, 0), 0);
	until_told();
}

static void wnohang_does_not_wait(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	int status = 77;
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(status, 77);
	CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
	close(hold[0]);
	close(hold[1]);
	CHECK_EXITED(wait_for(pid), 5);
	CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
}

static void groups_choose_children(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t same = start_child(until_told);
	const pid_t other = start_child(in_own_group);
	while (getpgid(other) != other)
		sched_yield();
	close(hold[0]);
	close(hold[1]);
	int status = 0;
	CHECK_ERRNO(waitpid(-same, &status, WNOHANG), ECHILD); /* no group has this name */
	CHECK_EQ(waitpid(0, &status, 0), same);
	CHECK_ERRNO(waitpid(0, &status, 0), ECHILD);
	CHECK_EQ(waitpid(-other, &status, 0), other);
	CHECK_EXITED(status, 5);
}

static void others_cannot_be_waited_for(void)
{
	CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(getppid(), NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(0x3fffffff, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(-1, NULL, 0x40000), EINVAL);
}

/* Linux has reaped the child by then; Heifer does not take what it cannot tell. */
static void expect_lost_or_kept(pid_t pid)
{
	int status;
	if (prctl(PR_HEIFER_GET_FORK_MODE) < 0) {
		CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
		return;
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EXITED(status, 5);
}

static pid_t zombie(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	close(hold[0]);
	close(hold[1]);
	siginfo_t info;
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

static void a_bad_pointer_is_an_error(void)
{
	char *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	CHECK_EQ(mprotect(page + PAGE, PAGE, PROT_READ), 0);
	pid_t pid = zombie();
	CHECK_ERRNO(syscall(SYS_wait4, pid, KERNEL_LINEAR_ADDRESS, 0, NULL), EFAULT);
	expect_lost_or_kept(pid);
	pid = zombie();
	CHECK_ERRNO(syscall(SYS_wait4, pid, page + PAGE, 0, NULL), EFAULT);
	expect_lost_or_kept(pid);
	/* The last word of it cannot be written. */
	pid = zombie();
	CHECK_ERRNO(syscall(SYS_wait4, pid, NULL, 0, page + PAGE + 8 - sizeof(struct rusage)),
		    EFAULT);
	expect_lost_or_kept(pid);
	pid = zombie();
	CHECK_ERRNO(syscall(SYS_waitid, P_PID, pid, page + PAGE, WEXITED, NULL), EFAULT);
	expect_lost_or_kept(pid);
}

/* By the time the other thread waits the page is there, and only then the child ends. */
static void *map_and_tell(void *page)
{
	wait_until_asleep(getpid());
	CHECK_EQ(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
	close(hold[1]);
	return NULL;
}

static void what_can_be_told_by_then_is_taken(void)
{
	for (int is_waitid = 0; is_waitid < 2; is_waitid++) {
		char *page = map_pages(1, PROT_NONE);
		pthread_t other;
		CHECK_EQ(pipe(hold), 0);
		const pid_t pid = start_child(until_told);
		CHECK_EQ(pthread_create(&other, NULL, map_and_tell, page), 0);
		if (is_waitid != 0)
			CHECK_EQ(waitid(P_PID, (id_t)pid, (siginfo_t *)page, WEXITED), 0);
		else
			CHECK_EQ(waitpid(pid, (int *)page, 0), pid);
		CHECK_EQ(pthread_join(other, NULL), 0);
		close(hold[0]);
		CHECK_ERRNO(waitpid(pid, NULL, WNOHANG), ECHILD);
	}
}

static void a_status_off_alignment_is_told(void)
{
	char bytes[2 * sizeof(int)];
	memset(bytes, 0x55, sizeof(bytes));
	const pid_t pid = zombie();
	CHECK_EQ(syscall(SYS_wait4, pid, bytes + 3, 0, NULL), pid);
	int status;
	memcpy(&status, bytes + 3, sizeof(status));
	CHECK_EXITED(status, 5);
	CHECK_EQ(bytes[2], 0x55);
	CHECK_EQ(bytes[7], 0x55);
}

static void resource_use_is_told(void)
{
	CHECK_EQ(pipe(hold), 0);
	const pid_t pid = start_child(until_told);
	close(hold[0]);
	close(hold[1]);
	struct rusage use;
	memset(&use, 0xff, sizeof(use));
	int status = 0;
	CHECK_EQ(wait4(pid, &status, 0, &use), pid);
	CHECK_EXITED(status, 5);
	CHECK(use.ru_utime.tv_sec >= 0 && use.ru_utime.tv_sec < 1000);
	CHECK(use.ru_utime.tv_usec >= 0 && use.ru_utime.tv_usec < 1000000);
	CHECK(use.ru_stime.tv_sec >= 0 && use.ru_stime.tv_usec < 1000000);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(wnohang_does_not_wait),
		TEST(groups_choose_children),
		TEST(others_cannot_be_waited_for),
		TEST(a_bad_pointer_is_an_error),
		TEST(what_can_be_told_by_then_is_taken),
		TEST(a_status_off_alignment_is_told),
		TEST(resource_use_is_told),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
