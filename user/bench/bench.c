// SPDX-License-Identifier: MIT
/*
 * What operations cost, in instructions: one static program for Linux and for Heifer.
 *
 *	bench [-l] [ROW | GROUP]...
 *
 * runs the rows that are named, with * and ? or by their group (all without a name), or lists them.
 * On standard output comes a line `# unit ...` that says what is counted, and then for each row one
 * of
 *
 *	NAME MEDIAN MIN ITERATIONS
 *	NAME skipped REASON
 *	NAME failed REASON
 *
 * or two, the other of NAME_page: what it took for each page.
 *
 * The exit status is 0 if no row failed, 1 if one did, 2 if there is no such row.
 *
 * The program goes by some other names, too: what a row executes is this same ELF (helpers[]).
 */
#include "user/bench/bench.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/counter.h"
#include "user/bench/stats.h"

#define MEBI (1UL << 20)
/* A row has so many rounds, but no further one begins once they have taken so much, the uncounted
 * parts included. That is in the unit, so the number of rounds repeats as the counts do. */
#define MAX_ROUNDS   15
#define ROUNDS_LIMIT 100000000UL
#define WARM_UPS     2
/* A round so long is a row by itself: what caches do at its beginning does not weigh, and more of
 * them take QEMU minutes. */
#define LONG_ROUND 40000000UL
/* How often a round may have to be done again before the row gives up. */
#define MAX_AGAIN 64
/* What the kernel and the other processes may need while a row runs. */
#define SPARE_BYTES (16 * MEBI)

static const struct group *const groups[] = {
	&group_call, &group_file, &group_memory, &group_signal, &group_switch, &group_thread,
	&group_fork, &group_exec, &group_shell,  &group_cow,    &group_scale,  &group_harts,
};

static const char *row_name = "bench";
bool bench_warms_up;

/* ---- how a row ends --------------------------------------------------------------------- */

static void say(const char *what, const char *format, va_list arguments)
{
	printf("%s %s ", row_name, what);
	vprintf(format, arguments);
	printf("\n");
	fflush(stdout);
}

void bench_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say("failed", format, arguments);
	va_end(arguments);
	_exit(BENCH_FAILED);
}

void bench_skip(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say("skipped", format, arguments);
	va_end(arguments);
	_exit(0);
}

/* ---- one row, in its own process -------------------------------------------------------- */

static const struct row *find_row(const char *name)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			if (strcmp(groups[g]->rows[i].name, name) == 0)
				return &groups[g]->rows[i];
	return NULL;
}

static void check_machine(const struct row *row)
{
	struct sysinfo info;
	VERIFY(sysinfo(&info) == 0);
	const uint64_t wanted = row->bytes * (row->copies != 0 ? row->copies : 1) + SPARE_BYTES;
	const uint64_t there = (uint64_t)info.freeram * info.mem_unit;
	if (there < wanted)
		bench_skip("needs %lu MiB of free memory, there are %lu", wanted / MEBI,
			   there / MEBI);
	const unsigned harts = process_harts();
	if (harts < row->harts)
		bench_skip("needs %u harts, there are %u", row->harts, harts);
	if (row->harts <= 1)
		process_pin();
}

static uint64_t do_round(const struct row *row)
{
	for (int i = 0; i < MAX_AGAIN; i++) {
		counter_mark(MARK_FORGET);
		const uint64_t took = row->round(row);
		if (took != ROUND_AGAIN)
			return took;
	}
	bench_skip("the order of events that it counts did not come about in %d rounds", MAX_AGAIN);
}

static void print_line(const char *name, const char *suffix, struct stats stats, uint64_t parts,
		       unsigned rounds)
{
	printf("%s%s %lu %lu %u\n", name, suffix, stats_divide(stats.median, parts),
	       stats_divide(stats.min, parts), rounds);
}

static void print_row(const struct row *row, struct stats stats, unsigned rounds)
{
	const int lines = row->lines != 0 ? row->lines : LINE_OF_ALL;
	const unsigned times = row->times != 0 ? row->times : 1;
	if (lines & LINE_OF_ALL)
		print_line(row->name, "", stats, times, rounds);
	if (lines & LINE_OF_PAGE)
		print_line(row->name, "_page", stats, row->bytes / PAGE_BYTES * times, rounds);
}

/* Returns: how many of the @most rounds were done before they had taken ROUNDS_LIMIT; at least 1.
 */
static unsigned do_rounds(const struct row *row, unsigned most, uint64_t values[])
{
	const uint64_t start = counter_read();
	unsigned done = 0;
	do {
		values[done++] = do_round(row);
		if (!bench_warms_up)
			counter_mark(MARK_KEEP);
	} while (done < most && counter_read() - start < ROUNDS_LIMIT);
	return done;
}

/* bench-row NAME UNIT */
static int row_main(int argc, char **argv)
{
	const struct row *const row = argc == 3 ? find_row(argv[1]) : NULL;
	if (row == NULL)
		return 2;
	uint64_t values[MAX_ROUNDS];
	row_name = row->name;
	counter_use((enum counter_unit)atoi(argv[2]));
	VERIFY(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	check_machine(row);
	process_init();
	if (row->setup != NULL)
		row->setup(row);
	const uint64_t start = counter_read();
	unsigned rounds = 1;
	bench_warms_up = true;
	values[0] = do_round(row);
	if (counter_read() - start < LONG_ROUND) {
		(void)do_rounds(row, WARM_UPS - 1, values);
		bench_warms_up = false;
		rounds = do_rounds(row, MAX_ROUNDS, values);
	} else {
		counter_mark(MARK_KEEP);
	}
	counter_mark(MARK_WRITE);
	print_row(row, stats_of(values, rounds), rounds);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------ */

/* Returns: did it not fail? */
static bool run_row(const struct row *row)
{
	char unit[] = { (char)('0' + counter_unit), '\0' };
	char *const arguments[] = { "bench-row", (char *)row->name, unit, NULL };
	int status;
	row_name = row->name;
	const pid_t pid = fork();
	if (pid == 0) {
		execv(BENCH_SELF, arguments);
		bench_fail("cannot execute " BENCH_SELF ": %s", strerror(errno));
	}
	VERIFY(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		printf("%s failed killed by signal %d\n", row->name, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != BENCH_FAILED)
		printf("%s failed exit status %d\n", row->name, WEXITSTATUS(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_wanted(const struct group *group, const char *name, char **patterns)
{
	for (char **pattern = patterns; *pattern != NULL; pattern++)
		if (strcmp(*pattern, group->name) == 0 || fnmatch(*pattern, name, 0) == 0)
			return true;
	return *patterns == NULL;
}

static void print_header(void)
{
	struct utsname name;
	struct sysinfo info;
	const char *const reason = counter_probe();
	VERIFY(uname(&name) == 0 && sysinfo(&info) == 0);
	printf("# unit %s; %s %s, harts %u, free memory %lu MiB\n",
	       counter_unit == COUNTER_INSTRUCTIONS ? "instructions" : "nanoseconds", name.sysname,
	       name.release, process_harts(), (uint64_t)info.freeram * info.mem_unit / MEBI);
	if (reason != NULL)
		printf("# not instructions: %s\n", reason);
	fflush(stdout);
}

static int bench_main(int argc, char **argv)
{
	const bool is_list = argc > 1 && strcmp(argv[1], "-l") == 0;
	char **const patterns = argv + 1 + is_list;
	unsigned wanted = 0, failed = 0;
	if (argc > 1 && argv[1][0] == '-' && !is_list) {
		fprintf(stderr, "usage: bench [-l] [ROW | GROUP]...   -l lists them; ROW may "
				"have * and ?\n");
		return 2;
	}
	if (!is_list)
		print_header();
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		for (size_t i = 0; i < groups[g]->count; i++) {
			const struct row *const row = &groups[g]->rows[i];
			if (!is_wanted(groups[g], row->name, patterns))
				continue;
			wanted++;
			if (is_list)
				printf("%s %s\n", row->name, groups[g]->name);
			else
				failed += !run_row(row);
			fflush(stdout);
		}
	}
	if (wanted == 0) {
		fprintf(stderr, "bench: no row is called so; bench -l lists them\n");
		return 2;
	}
	return failed != 0;
}

/* bench-exit STATUS: a program like any other, but short. */
static int exit_main(int argc, char **argv)
{
	return argc == 2 ? atoi(argv[1]) : BENCH_FAILED;
}

/* bench-wait: says that it runs, and lives until the other end of its standard input is closed. */
static int wait_main(int argc, char **argv)
{
	char byte = 0;
	(void)argc, (void)argv;
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		return BENCH_FAILED;
	while (read(STDIN_FILENO, &byte, 1) > 0) {}
	return 0;
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} helpers[] = {
	{ "bench-exit", exit_main },   { "bench-wait", wait_main },   { "bench-say", say_main },
	{ "bench-count", count_main }, { "forkstat", forkstat_main }, { "bench-row", row_main },
};

int main(int argc, char **argv)
{
	const char *const slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *const name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "";
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		if (strcmp(helpers[i].name, name) == 0)
			return helpers[i].main(argc, argv);
	return bench_main(argc, argv);
}
