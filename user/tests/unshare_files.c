// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Descriptors that tasks share, closed by one while the other uses them; unshare: they are not
 * shared any more; what there is none of is refused. */
#include "lib/test.h"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

static char stack[16 << 10] __attribute__((aligned(16)));

static int close_alone(void *arg)
{
	const int fd = *(const int *)arg;
	if (unshare(CLONE_FILES) != 0)
		return 1;
	return close(fd);
}

static int close_shared(void *arg)
{
	return close(*(const int *)arg);
}

static void descriptors_are_ones_own_afterwards(void)
{
	int fd = dup(STDOUT_FILENO);
	CHECK(fd >= 0);
	pid_t child = clone(close_alone, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &fd);
	CHECK_EQ(wait_for(child), 0);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	child = clone(close_shared, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &fd);
	CHECK_EQ(wait_for(child), 0);
	CHECK_ERRNO(fcntl(fd, F_GETFD), EBADF);
}

static int pipe_ends[2];

static int read_one(void *arg)
{
	char byte;
	(void)arg;
	return read(pipe_ends[0], &byte, 1) == 1 ? byte : 1;
}

/* Nothing else names the reading end any more: the call alone has it. */
static void a_call_keeps_the_file_that_another_task_closes(void)
{
	handle(SIGPIPE, SIG_IGN, 0);
	CHECK_EQ(pipe(pipe_ends), 0);
	const pid_t child = clone(read_one, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);
	CHECK(child > 0);
	wait_until_asleep(child);
	CHECK_EQ(close(pipe_ends[0]), 0);
	write_all(pipe_ends[1], "x", 1);
	CHECK_EXITED(wait_for(child), 'x');
	CHECK_ERRNO(write(pipe_ends[1], "x", 1), EPIPE);
	CHECK_EQ(close(pipe_ends[1]), 0);
}

static void shared_ones_can_be_polled(void)
{
	CHECK_EQ(pipe(pipe_ends), 0);
	const pid_t child = clone(read_one, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);
	CHECK(child > 0);
	struct pollfd p[] = { { .fd = pipe_ends[0], .events = POLLIN },
			      { .fd = pipe_ends[1], .events = POLLOUT },
			      { .fd = 999, .events = POLLIN } };
	CHECK_EQ(poll(p, 3, -1), 2);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLOUT);
	CHECK_EQ(p[2].revents, POLLNVAL);
	write_all(pipe_ends[1], "x", 1);
	CHECK_EXITED(wait_for(child), 'x');
	close(pipe_ends[0]), close(pipe_ends[1]);
}

static void nothing_is_always_granted_and_the_unknown_never(void)
{
	CHECK_EQ(unshare(0), 0);
	CHECK_EQ(unshare(CLONE_FS | CLONE_VM), 0);
	CHECK_ERRNO(unshare(CLONE_VFORK), EINVAL);
	CHECK_ERRNO(unshare(1), EINVAL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(descriptors_are_ones_own_afterwards),
		TEST(a_call_keeps_the_file_that_another_task_closes),
		TEST(shared_ones_can_be_polled),
		TEST(nothing_is_always_granted_and_the_unknown_never),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
