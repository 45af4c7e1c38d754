// SPDX-License-Identifier: MIT
/*
 * fork() itself, of processes with much or little to copy.
 *
 * Who runs first after fork() is the scheduler's choice, and on one hart the count of one would
 * contain what the other does. So both orders are rows of their own:
 *
 *	fork_*		from before fork() to its return in the parent. Rounds in which the child
 *			ran before that are thrown away; if the scheduler always chooses the child,
 *			the row is skipped.
 *	fork_to_child_*	from before fork() to the child's first instruction, while the parent,
 *			should it be first, goes to sleep at once in waitpid().
 *
 * The process writes to every page before each fork(): they are its own and writable then, as they
 * are in a program that forks now and then. Otherwise it would be the fork() of memory that the
 * last fork() has made ready. The child verifies that each page has what was written before.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

static struct area area;
static uint64_t writer;

static void setup_area(const struct row *row)
{
	VERIFY(area_map(&area, row->bytes) == 0);
}

/* Ends the child. */
static void child_verifies(void)
{
	const size_t others = area_count_others(&area, writer);
	if (others != 0)
		bench_fail("the child sees %zu of %zu pages not as they were", others, area.pages);
	shared->children++;
	_exit(0);
}

static void verify_parent(uint64_t children, pid_t pid)
{
	process_wait(pid, 0);
	VERIFY(shared->children == children + 1);
	VERIFY(area_count_others(&area, writer) == 0);
}

static uint64_t fork_to_parent(const struct row *row)
{
	const uint64_t children = shared->children;
	area_write(&area, ++writer);
	shared->child_began = 0;
	const uint64_t start = counter_read();
	const pid_t pid = fork();
	if (pid == 0) {
		shared->child_began = 1;
		child_verifies();
	}
	const uint64_t end = counter_read();
	const bool child_was_first = shared->child_began != 0;
	process_forked(pid);
	verify_parent(children, pid);
	return child_was_first ? ROUND_AGAIN : counter_between(start, end);
}

static uint64_t fork_to_child(const struct row *row)
{
	const uint64_t children = shared->children;
	area_write(&area, ++writer);
	const uint64_t start = counter_read();
	const pid_t pid = fork();
	if (pid == 0) {
		shared->child_began = counter_read();
		child_verifies();
	}
	process_forked(pid);
	verify_parent(children, pid);
	return counter_between(start, shared->child_began);
}

#define FORK(size, in_bytes)                                                        \
	{                                                                           \
		.name = "fork_" size, .setup = setup_area, .round = fork_to_parent, \
		.bytes = in_bytes                                                   \
	}
#define FORK_TO_CHILD(size, in_bytes)                                                       \
	{                                                                                   \
		.name = "fork_to_child_" size, .setup = setup_area, .round = fork_to_child, \
		.bytes = in_bytes                                                           \
	}
#define KIBI (1UL << 10)
#define MEBI (1UL << 20)
#define GIBI (1UL << 30)

static const struct row rows[] = {
	{ .name = "fork_small", .round = fork_to_parent },
	FORK("4K", 4 * KIBI),
	FORK("64K", 64 * KIBI),
	FORK("256K", 256 * KIBI),
	FORK("1M", 1 * MEBI),
	FORK("2M", 2 * MEBI),
	FORK("4M", 4 * MEBI),
	FORK("8M", 8 * MEBI),
	FORK("16M", 16 * MEBI),
	FORK("64M", 64 * MEBI),
	FORK("128M", 128 * MEBI),
	FORK("256M", 256 * MEBI),
	FORK("512M", 512 * MEBI),
	FORK("1G", 1 * GIBI),
	FORK("12G", 12 * GIBI),
	{ .name = "fork_to_child_small", .round = fork_to_child },
	FORK_TO_CHILD("1M", 1 * MEBI),
	FORK_TO_CHILD("64M", 64 * MEBI),
	FORK_TO_CHILD("512M", 512 * MEBI),
};

const struct group group_fork = { "fork", rows, ARRAY_SIZE(rows) };
