// SPDX-License-Identifier: MIT
/* System calls that do little: the way into the kernel and back, and what is done on it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES     100
#define BRK_BYTES (64UL << 10)

/* ---- nothing, and a byte ---------------------------------------------------------------- */

static int fd;

static void setup_zero(const struct row *row)
{
	(void)row;
	fd = open("/dev/zero", O_RDONLY);
	VERIFY(fd >= 0);
}

static void setup_null(const struct row *row)
{
	(void)row;
	fd = open("/dev/null", O_WRONLY);
	VERIFY(fd >= 0);
}

static uint64_t call_nothing(const struct row *row)
{
	const pid_t parent = getppid();
	uint64_t sum = 0;
	const uint64_t took = counter_loop(row->times, sum += (uint64_t)getppid());
	VERIFY(parent > 0 && sum == row->times * (uint64_t)parent);
	return took;
}

static uint64_t read_byte(const struct row *row)
{
	char byte = 1;
	ssize_t sum = 0;
	const uint64_t took = counter_loop(row->times, sum += read(fd, &byte, 1));
	VERIFY(sum == row->times && byte == 0);
	return took;
}

static uint64_t write_byte(const struct row *row)
{
	ssize_t sum = 0;
	const uint64_t took = counter_loop(row->times, sum += write(fd, "", 1));
	VERIFY(sum == row->times);
	return took;
}

/* ---- descriptors ------------------------------------------------------------------------ */

static uint64_t dup_and_close(const struct row *row)
{
	const int free_fd = dup(fd);
	int sum = 0;
	VERIFY(free_fd > fd && close(free_fd) == 0);
	const uint64_t took = counter_loop(row->times, {
		const int copy = dup(fd);
		sum += copy + close(copy);
	});
	VERIFY(sum == (int)row->times * free_fd && fcntl(free_fd, F_GETFD) == -1);
	return took;
}

static uint64_t make_pipe(const struct row *row)
{
	int failed = 0;
	const uint64_t took = counter_loop(row->times, {
		int ends[2];
		failed |= pipe(ends);
		failed |= close(ends[0]) | close(ends[1]);
	});
	VERIFY(failed == 0);
	return took;
}

/* One of some pipes can be read: the last. */
static struct pollfd polled[8];

static void setup_poll(const struct row *row)
{
	int ends[2];
	for (unsigned i = 0; i < row->number; i++) {
		VERIFY(pipe(ends) == 0);
		polled[i] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	}
	VERIFY(write(ends[1], "", 1) == 1);
}

static uint64_t poll_some(const struct row *row)
{
	unsigned ready = 0;
	const uint64_t took = counter_loop(row->times, ready += poll(polled, row->number, -1));
	VERIFY(ready == row->times && polled[0].revents == 0);
	VERIFY(polled[row->number - 1].revents == POLLIN);
	return took;
}

/* ---- the heap ---------------------------------------------------------------------------- */

static uint64_t move_break(const struct row *row)
{
	char *const low = sbrk(0);
	int failed = 0;
	VERIFY(low != (char *)-1);
	const uint64_t took = counter_loop(row->times, failed |= brk(low + BRK_BYTES) | brk(low));
	VERIFY(failed == 0 && sbrk(0) == low);
	/* Is there memory above what was the end, once it is moved? */
	VERIFY(brk(low + BRK_BYTES) == 0 && read(fd, low, BRK_BYTES) == BRK_BYTES && brk(low) == 0);
	return took;
}

static const struct row rows[] = {
	SMALL_ROW("null_call", NULL, call_nothing, TIMES),
	SMALL_ROW("read_zero_1", setup_zero, read_byte, TIMES),
	SMALL_ROW("write_null_1", setup_null, write_byte, TIMES),
	SMALL_ROW("dup_close", setup_zero, dup_and_close, TIMES),
	SMALL_ROW("pipe_close", NULL, make_pipe, TIMES),
	{ .name = "poll_8",
	  .setup = setup_poll,
	  .round = poll_some,
	  .times = TIMES,
	  .number = ARRAY_SIZE(polled) },
	SMALL_ROW("brk_64K_and_back", setup_zero, move_break, TIMES),
};

const struct group group_call = { "call", rows, ARRAY_SIZE(rows) };
