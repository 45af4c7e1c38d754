// SPDX-License-Identifier: MIT
/*
 * fork() itself, of processes with much or little to copy.
 *
 * Who runs first after fork() is the scheduler's choice, and on one hart the count of one would
 * contain what the other does. So both orders are rows of their own:
 *
 *	fork_*		from before fork() to its return in the parent. Rounds in which the child
 *			ran before that are thrown away, and the parent is put before its children;
 *			where that does not help, the row is skipped.
 *	fork_to_child_*	from before fork() to the child's first instruction, while the parent,
 *			should it be first, goes to sleep at once in waitpid().
 *
 * The process writes to every page before each fork(): they are its own and writable then, as they
 * are in a program that forks now and then. Otherwise it would be the fork() of memory that the
 * last fork() has made ready. The child verifies that each page has what was written before; in
 * the counted rounds that the last page has.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

static struct area area;
static uint64_t writer;
static int *files;
static unsigned file_count;

static void setup_area(const struct row *row)
{
	VERIFY(area_map(&area, row->bytes) == 0);
}

static void setup_regions(const struct row *row)
{
	VERIFY(area_map_apart(&area, row->number) == 0);
}

static void setup_files(const struct row *row)
{
	struct rlimit limit;
	VERIFY(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	VERIFY(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	files = malloc(row->number * sizeof(*files));
	VERIFY(files != NULL);
	for (; file_count < row->number; file_count++) {
		files[file_count] = open("/dev/null", O_RDONLY);
		VERIFY(files[file_count] >= 0);
	}
}

/* Ends the child. */
static void child_verifies(void)
{
	for (unsigned i = 0; i < file_count; i++)
		VERIFY(fcntl(files[i], F_GETFD) == 0);
	const size_t from = bench_warms_up || area.pages == 0 ? 0 : area.pages - 1;
	const size_t others = area_count_others(&area, from, writer);
	if (others != 0)
		bench_fail("the child sees %zu of %zu pages not as they were", others, area.pages);
	shared->children++;
	_exit(0);
}

static void verify_parent(uint64_t children, pid_t pid)
{
	process_wait(pid, 0);
	VERIFY(shared->children == children + 1);
	VERIFY(area_count_others(&area, 0, writer) == 0);
}

/*
 * Where fork() takes longer than the scheduler lets anybody run, the child comes first each time.
 * Then the parent runs before all others, and its children do not. Who cannot have that is as it
 * was.
 */
static void stay_before_children(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	(void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

static uint64_t fork_to_parent(const struct row *row)
{
	const uint64_t children = shared->children;
	area_write(&area, ++writer);
	shared->child_began = 0;
	const uint64_t start = counter_begin();
	const pid_t pid = fork();
	if (pid == 0) {
		shared->child_began = 1;
		child_verifies();
	}
	const uint64_t end = counter_end();
	const bool child_was_first = shared->child_began != 0;
	process_forked(pid);
	verify_parent(children, pid);
	if (child_was_first)
		stay_before_children();
	return child_was_first ? ROUND_AGAIN : counter_between(start, end);
}

static uint64_t fork_to_child(const struct row *row)
{
	const uint64_t children = shared->children;
	area_write(&area, ++writer);
	const uint64_t start = counter_begin();
	const pid_t pid = fork();
	if (pid == 0) {
		shared->child_began = counter_end();
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
	{ .name = "fork_regions_1000",
	  .setup = setup_regions,
	  .round = fork_to_parent,
	  .number = 1000 },
	{ .name = "fork_regions_10000",
	  .setup = setup_regions,
	  .round = fork_to_parent,
	  .number = 10000 },
	{
		.name = "fork_files_1000",
		.setup = setup_files,
		.round = fork_to_parent,
		.number = 1000,
	},
};

const struct group group_fork = { "fork", rows, ARRAY_SIZE(rows) };
