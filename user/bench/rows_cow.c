// SPDX-License-Identifier: MIT
/*
 * What fork() leaves to be paid: one store to every page of memory that was there at the last
 * fork(), by the parent or the child. The one who is first while both live has its pages copied;
 * the other then takes over what is its own now, and so does the parent when the child is gone, or
 * executes something else. Only the stores are counted. Everybody verifies to see what was there
 * at the fork() before it writes, and what it wrote itself after the other has written, too. A
 * child that does not write looks at nothing in the counted rounds: what nobody has touched may be
 * cheaper to get back.
 *
 * One waits in a pipe while the other writes: on one hart nothing else runs.
 */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

enum pass {
	PARENT_FIRST,       /* copies */
	CHILD_AFTER_PARENT, /* takes over */
	CHILD_FIRST,        /* copies */
	PARENT_AFTER_CHILD, /* takes over */
	PARENT_AFTER_EXEC,  /* the child lives, and has other memory */
	PARENT_AFTER_EXIT,
};

static struct area area;
/* Who wrote: a round has three writers. */
static uint64_t before_fork, parent, child;
/* In the order in which they open. */
static struct gate ready, go, done, end;

static void setup(const struct row *row)
{
	VERIFY(area_map(&area, row->bytes) == 0);
	gate_create(&ready);
	gate_create(&go);
	gate_create(&done);
	gate_create(&end);
}

static void verify_written(uint64_t writer, const char *who)
{
	const size_t others = area_count_others(&area, 0, writer);
	if (others != 0)
		bench_fail("the %s sees %zu of %zu pages not as they should be", who, others,
			   area.pages);
}

static uint64_t count_pass(uint64_t writer)
{
	const uint64_t start = counter_begin();
	area_write(&area, writer);
	return counter_between(start, counter_end());
}

/* The child opens the gate just before it goes to sleep at the next: let it come there. */
static void wait_until_idle(const struct gate *gate)
{
	gate_wait(gate);
	sched_yield();
}

/* Ends the child. */
static void child_writes(void)
{
	gate_open(&ready);
	gate_wait(&go);
	verify_written(before_fork, "child");
	shared->child_took = count_pass(child);
	gate_open(&done);
	gate_wait(&end);
	verify_written(child, "child");
	_exit(0);
}

static uint64_t both_write(bool is_child_first)
{
	uint64_t took = 0;
	const pid_t pid = process_fork();
	if (pid == 0)
		child_writes();
	wait_until_idle(&ready);
	if (!is_child_first)
		took = count_pass(parent);
	gate_open(&go);
	wait_until_idle(&done);
	if (is_child_first) {
		verify_written(before_fork, "parent");
		took = count_pass(parent);
	}
	verify_written(parent, "parent");
	gate_open(&end);
	process_wait(pid, 0);
	verify_written(parent, "parent");
	return took;
}

/* The program says that it runs, so that what it ran in before is gone, and waits for the end of
 * its input. */
static uint64_t write_after_exec(void)
{
	char *const arguments[] = { "bench-wait", NULL };
	struct gate runs, until;
	gate_create(&runs);
	gate_create(&until);
	const pid_t pid = process_fork();
	if (pid == 0) {
		if (bench_warms_up)
			verify_written(before_fork, "child");
		dup2(until.fds[0], STDIN_FILENO);
		dup2(runs.fds[1], STDOUT_FILENO);
		execv(BENCH_SELF, arguments);
		_exit(BENCH_FAILED);
	}
	close(runs.fds[1]); /* or the end of the child would not be seen */
	wait_until_idle(&runs);
	const uint64_t took = count_pass(parent);
	verify_written(parent, "parent");
	gate_close(&until);
	close(runs.fds[0]);
	process_wait(pid, 0);
	return took;
}

static uint64_t write_after_exit(void)
{
	const pid_t pid = process_fork();
	if (pid == 0) {
		if (bench_warms_up)
			verify_written(before_fork, "child");
		_exit(0);
	}
	process_wait(pid, 0);
	const uint64_t took = count_pass(parent);
	verify_written(parent, "parent");
	return took;
}

static uint64_t write_pass(const struct row *row)
{
	before_fork = child + 1;
	parent = child + 2;
	child += 3;
	area_write(&area, before_fork);
	switch ((enum pass)row->variant) {
	case PARENT_FIRST:
		return both_write(false);
	case PARENT_AFTER_CHILD:
		return both_write(true);
	case CHILD_AFTER_PARENT:
		(void)both_write(false);
		return shared->child_took;
	case CHILD_FIRST:
		(void)both_write(true);
		return shared->child_took;
	case PARENT_AFTER_EXEC:
		return write_after_exec();
	case PARENT_AFTER_EXIT:
		return write_after_exit();
	}
	bench_fail("there is no such variant");
}

#define MEBI (1UL << 20)
#define PASS(title, pass, size, in_bytes)                                                       \
	{                                                                                       \
		.name = title "_" size, .setup = setup, .round = write_pass, .variant = (pass), \
		.bytes = (in_bytes), .copies = 2, .lines = LINE_OF_ALL | LINE_OF_PAGE           \
	}
#define PASSES(size, in_bytes)                                                            \
	PASS("write_after_fork_child_alive", PARENT_FIRST, size, in_bytes),               \
		PASS("write_after_fork_child_wrote", PARENT_AFTER_CHILD, size, in_bytes), \
		PASS("write_after_fork_child_execed", PARENT_AFTER_EXEC, size, in_bytes), \
		PASS("write_after_fork_child_exited", PARENT_AFTER_EXIT, size, in_bytes), \
		PASS("write_in_child_parent_idle", CHILD_FIRST, size, in_bytes),          \
		PASS("write_in_child_parent_wrote", CHILD_AFTER_PARENT, size, in_bytes)

static const struct row rows[] = {
	{ .name = "cow_copy",
	  .setup = setup,
	  .round = write_pass,
	  .variant = PARENT_FIRST,
	  .bytes = 4 * MEBI,
	  .lines = LINE_OF_PAGE },
	{ .name = "cow_takeover",
	  .setup = setup,
	  .round = write_pass,
	  .variant = PARENT_AFTER_CHILD,
	  .bytes = 4 * MEBI,
	  .lines = LINE_OF_PAGE },
	PASSES("1M", 1 * MEBI),
	PASSES("64M", 64 * MEBI),
	PASSES("512M", 512 * MEBI),
};

const struct group group_cow = { "cow", rows, ARRAY_SIZE(rows) };
