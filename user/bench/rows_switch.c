// SPDX-License-Identifier: MIT
/*
 * From one process to the next and back. All stay on one hart, where one waits while another runs,
 * so the count is that of all of them. Who is to pass something on changes it, so that a turn
 * that was left out shows.
 */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES      50
#define RING       8
#define PIPE_BYTES (64UL << 10)

/* ---- pipes ------------------------------------------------------------------------------ */

static struct gate gates[RING];

/* Passes on what comes through @from, one more, as long as its parent lives. */
static void pass_on(const struct gate *from, const struct gate *to)
{
	unsigned char byte;
	while (read(from->fds[0], &byte, 1) == 1) {
		byte++;
		VERIFY(write(to->fds[1], &byte, 1) == 1);
	}
	bench_fail("the pipe has ended");
}

/* The process is the first of number; the others are its children. */
static void setup_ring(const struct row *row)
{
	for (unsigned i = 0; i < row->number; i++)
		gate_create(&gates[i]);
	for (unsigned i = 1; i < row->number; i++)
		if (process_fork() == 0)
			pass_on(&gates[i - 1], &gates[i]);
}

static uint64_t go_round(const struct row *row)
{
	const struct gate *const first = &gates[0], *const last = &gates[row->number - 1];
	unsigned char byte = 0;
	ssize_t sum = 0;
	const uint64_t took = counter_loop(TIMES, {
		sum += write(first->fds[1], &byte, 1) + read(last->fds[0], &byte, 1);
	});
	VERIFY(sum == 2 * TIMES && byte == (unsigned char)(TIMES * (row->number - 1)));
	return took;
}

static struct area area;
static uint64_t writer;

static void setup_area(const struct row *row)
{
	VERIFY(area_map(&area, row->bytes) == 0);
	gate_create(&gates[0]);
}

/* One process fills the pipe and empties it. */
static uint64_t write_read_pipe(const struct row *row)
{
	const int *const fds = gates[0].fds;
	const size_t bytes = row->bytes / 2;
	const struct area from = { area.base, area.pages / 2 };
	const struct area to = { area.base + bytes, area.pages / 2 };
	ssize_t sum = 0;
	area_write(&from, ++writer);
	const uint64_t took = counter_loop(row->times, {
		sum += write(fds[1], from.base, bytes) + read(fds[0], to.base, bytes);
	});
	VERIFY(sum == (ssize_t)(2 * bytes * row->times));
	VERIFY(area_count_others(&to, 0, writer) == 0);
	return took;
}

/* ---- yielding --------------------------------------------------------------------------- */

/* Yields as long as its parent lives, and counts it. */
static void setup_yielder(const struct row *row)
{
	(void)row;
	if (process_fork() == 0)
		for (;;) {
			shared->children++;
			sched_yield();
		}
}

/* A switch for each yield of the two, if they take turns; a round in which they do not is none. */
static uint64_t yield(const struct row *row)
{
	const unsigned turns = row->times / 2;
	int failed = sched_yield();
	const uint64_t others = shared->children;
	const uint64_t took = counter_loop(turns, failed |= sched_yield());
	VERIFY(failed == 0);
	return shared->children == others + turns ? took : ROUND_AGAIN;
}

static const struct row rows[] = {
	{ .name = "pipe_round_trip",
	  .setup = setup_ring,
	  .round = go_round,
	  .times = TIMES,
	  .number = 2 },
	{ .name = "pipe_ring_8",
	  .setup = setup_ring,
	  .round = go_round,
	  .times = RING * TIMES,
	  .number = RING },
	{ .name = "pipe_64K",
	  .setup = setup_area,
	  .round = write_read_pipe,
	  .times = 10,
	  .bytes = 2 * PIPE_BYTES },
	{ .name = "sched_yield", .setup = setup_yielder, .round = yield, .times = 2 * TIMES },
};

const struct group group_switch = { "switch", rows, ARRAY_SIZE(rows) };
