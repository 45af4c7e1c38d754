// SPDX-License-Identifier: MIT
/*
 * The same operations among few and among many: mappings, open files, processes. What is done is
 * the same, so what it costs may grow by what a search among more needs, and no more;
 * scripts/bench_report.py has which rows are compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES 50

/* ---- mappings --------------------------------------------------------------------------- */

static struct area area;

static void setup_regions(const struct row *row)
{
	VERIFY(area_map_apart(&area, row->number) == 0);
}

/* One in the middle goes, and comes again. */
static uint64_t unmap_and_map(const struct row *row)
{
	char *const middle = area.base + area.pages / 2 * PAGE_BYTES;
	uint64_t elsewhere = 0;
	int failed = 0;
	const uint64_t took = counter_loop(row->times, {
		failed |= munmap(middle, PAGE_BYTES);
		elsewhere |= (uint64_t)middle ^
			     (uint64_t)mmap(middle, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	});
	VERIFY(failed == 0 && elsewhere == 0);
	return took;
}

/* Faults in mappings that lie apart. */
static uint64_t touch_regions(const struct row *row)
{
	const size_t step = area.pages / row->times * PAGE_BYTES;
	size_t others = 0;
	VERIFY(madvise(area.base, area.pages * PAGE_BYTES, MADV_DONTNEED) == 0);
	volatile uint64_t *word = (uint64_t *)area.base;
	const uint64_t took = counter_loop(row->times, {
		*word = 1;
		others += word[1] != 0;
		word += step / sizeof(*word);
	});
	VERIFY(others == 0);
	for (unsigned i = 0; i < row->times; i++)
		VERIFY(*(uint64_t *)(area.base + i * step) == 1);
	return took;
}

/* ---- open files ------------------------------------------------------------------------- */

static struct pollfd *polled;

/* number of pipes' reading ends, of which only the last can be read. */
static void setup_files(const struct row *row)
{
	struct rlimit limit;
	int ends[2];
	VERIFY(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	VERIFY(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	polled = malloc(row->number * sizeof(*polled));
	VERIFY(polled != NULL && pipe(ends) == 0);
	for (unsigned i = 0; i + 1 < row->number; i++)
		polled[i] = (struct pollfd){ .fd = dup(ends[0]), .events = POLLIN };
	VERIFY(polled[row->number - 2].fd >= (int)row->number);
	VERIFY(pipe(ends) == 0 && write(ends[1], "", 1) == 1);
	polled[row->number - 1] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
}

static uint64_t open_and_close(const struct row *row)
{
	const int least = open("/etc/inittab", O_RDONLY);
	int sum = 0;
	VERIFY(least > (int)row->number && close(least) == 0);
	const uint64_t took = counter_loop(row->times, {
		const int fd = open("/etc/inittab", O_RDONLY);
		sum += fd + close(fd);
	});
	VERIFY(sum == (int)row->times * least);
	return took;
}

static uint64_t dup_and_close(const struct row *row)
{
	const int least = dup(polled[0].fd);
	int sum = 0;
	VERIFY(least > (int)row->number && close(least) == 0);
	const uint64_t took = counter_loop(row->times, {
		const int fd = dup(polled[0].fd);
		sum += fd + close(fd);
	});
	VERIFY(sum == (int)row->times * least);
	return took;
}

/* Times is number: it is the part of each file. */
static uint64_t poll_all(const struct row *row)
{
	const uint64_t start = counter_begin();
	const int ready = poll(polled, row->number, -1);
	const uint64_t end = counter_end();
	VERIFY(ready == 1 && polled[row->number - 1].revents == POLLIN);
	return counter_between(start, end);
}

/* ---- processes -------------------------------------------------------------------------- */

static pid_t *children;

/* number of children that sleep as long as their parent lives. */
static void setup_processes(const struct row *row)
{
	children = malloc(row->number * sizeof(*children));
	VERIFY(children != NULL);
	for (unsigned i = 0; i < row->number; i++) {
		children[i] = process_fork();
		if (children[i] == 0)
			for (;;)
				pause();
	}
}

static uint64_t fork_exit_wait(const struct row *row)
{
	int status = 0;
	(void)row;
	const uint64_t start = counter_begin();
	const pid_t pid = fork();
	if (pid == 0)
		_exit(1);
	const pid_t dead = pid < 0 ? pid : waitpid(pid, &status, 0);
	const uint64_t end = counter_end();
	process_forked(pid);
	VERIFY(dead == pid);
	process_verify(status, 1);
	return counter_between(start, end);
}

static uint64_t ask_for_each(const struct row *row)
{
	int failed = 0;
	const pid_t *child = children;
	const uint64_t took = counter_loop(row->times, failed |= kill(*child++, 0));
	VERIFY(failed == 0);
	return took;
}

/* A child is killed, and waited for among the others. In its place comes another. */
static uint64_t kill_and_wait(const struct row *row)
{
	pid_t *const child = &children[row->number / 2];
	int status = 0;
	const uint64_t start = counter_begin();
	const int failed = kill(*child, SIGKILL);
	const pid_t dead = waitpid(-1, &status, 0);
	const uint64_t end = counter_end();
	VERIFY(failed == 0 && dead == *child && WIFSIGNALED(status));
	*child = process_fork();
	if (*child == 0)
		for (;;)
			pause();
	return counter_between(start, end);
}

#define REGIONS(count)                                                         \
	{ .name = "munmap_mmap_regions_" #count,                               \
	  .setup = setup_regions,                                              \
	  .round = unmap_and_map,                                              \
	  .times = TIMES,                                                      \
	  .number = (count) },                                                 \
	{                                                                      \
		.name = "first_touch_regions_" #count, .setup = setup_regions, \
		.round = touch_regions, .times = TIMES, .number = (count)      \
	}
#define FILES(count)                                                                     \
	{ .name = "open_close_files_" #count,                                            \
	  .setup = setup_files,                                                          \
	  .round = open_and_close,                                                       \
	  .times = TIMES,                                                                \
	  .number = (count) },                                                           \
		{ .name = "dup_close_files_" #count,                                     \
		  .setup = setup_files,                                                  \
		  .round = dup_and_close,                                                \
		  .times = TIMES,                                                        \
		  .number = (count) },                                                   \
	{                                                                                \
		.name = "poll_each_of_" #count, .setup = setup_files, .round = poll_all, \
		.times = (count), .number = (count)                                      \
	}
#define PROCESSES(count)                                                         \
	{ .name = "fork_exit_wait_processes_" #count,                            \
	  .setup = setup_processes,                                              \
	  .round = fork_exit_wait,                                               \
	  .number = (count) },                                                   \
		{ .name = "kill_0_processes_" #count,                            \
		  .setup = setup_processes,                                      \
		  .round = ask_for_each,                                         \
		  .times = (count),                                              \
		  .number = (count) },                                           \
	{                                                                        \
		.name = "kill_wait_processes_" #count, .setup = setup_processes, \
		.round = kill_and_wait, .number = (count)                        \
	}
static const struct row rows[] = {
	REGIONS(100), REGIONS(10000), FILES(10), FILES(1000), PROCESSES(10), PROCESSES(5000),
};

const struct group group_scale = { "scale", rows, ARRAY_SIZE(rows) };
