// SPDX-License-Identifier: MIT
/*
 * The real mm/vmm under the interleavings of short programs, searched up to a number of
 * preemptions, and under random ones of longer programs (docs/fork.md). Every run is the same
 * again: usage() says how.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/host/interleave/program.h"

#define RANDOM_RUNS 30000
/* Of a mutant; before the search, which takes longer. */
#define RANDOM_RUNS_FIRST 3000

/* ---- the search ---- */

/* Each is searched in every mode of fork that copies nothing at once. */
static const struct program programs[] = {
	{ "read-write-fork", "w0", { "w0f0", "w0r0" }, { "r0w0" }, 2 },
	{ "two-pages", "w0w1", { "f0w1", "w0r1" }, { "r0r1" }, 2 },
	{ "causal", "w0w1", { "f0", "w1w0" }, { "r0w1r0" }, 2 },
	{ "two-touch", "w0", { "f0", "r0w0", "r0" }, { "x0" }, 2 },
	{ "copy-coherent", "w0", { "f0w0", "r0", "w0" }, { "" }, 2 },
	{ "zero-coherent", "", { "w0", "r0r0", "r0w0" }, { NULL }, 2 },
	{ "unmap", "w0w1", { "u0", "w0r1" }, { NULL }, 4 },
	{ "unmap-forked", "w0", { "f0u0m0r0", "w0" }, { "r0w0" }, 2 },
	{ "unmap-block", "w0", { "f0U0", "r0" }, { "w0r0" }, 2 },
	{ "dontneed", "w0", { "f0d0r0", "w0" }, { "r0w0" }, 2 },
	{ "protect", "w0w1", { "p0", "w0w1" }, { NULL }, 4 },
	{ "protect-forked", "w0", { "f0p0w0", "r0" }, { "w0x0" }, 2 },
	{ "siblings", "w0w3", { "f0f1w0", NULL }, { "r0w3x0", "w0r3x0" }, 2 },
	{ "generations", "w0w4", { "f0w4x0", NULL }, { "w0f1r4x0", "r0w4x0" }, 2 },
	{ "exits", "w0", { "f0x0", "f1x0" }, { "w0x0", "r0x0" }, 2 },
	{ "truncate", "w5", { "t0", "f0w5" }, { "w5" }, 2 },
	{ "truncate-exit", "w5", { "f0r5x0", "t0" }, { "w5x0" }, 2 },
	{ "truncate-copy", "w5w0", { "f0t0", "w0" }, { "w0r5" }, 2 },
	{ "truncate-unmap", "w5", { "u5", "t0", "r5" }, { NULL }, 2 },
	{ "failing-forks", "w0", { "n2f0f1", "w0w0" }, { "r0", "r0" }, 2 },
	/* The first fork fails between page 0, which has lost W then, and the table of page 3. */
	{ "fork-after-failing", "w0r3", { "n8f0f1", "w0w0" }, { "r0", "r0" }, 2 },
	{ "truncate-forked", "w5w0", { "f0t0", NULL }, { "w0F1", "" }, 2 },
	{ "failing-copies", "w0w3", { "f0n1w0w3" }, { "n0w0w3x0" }, 3 },
	{ "peek", "w0", { "f0w0x0", NULL }, { "c0w0c0" }, 2 },
};

/* ---- what went on, for reports ---- */

static const char *running = "nothing";
static u64 running_seed;
static bool is_mutant, is_quiet = true;
static enum fork_mode running_mode;

static void print_sums(const char *what, int mode)
{
	if (is_quiet)
		return;
	printf("%s, mode %d: %lu runs, %lu of them cut off, %lu points\n", what, mode,
	       (unsigned long)explore_sums.runs, (unsigned long)explore_sums.cut_off,
	       (unsigned long)explore_sums.points);
	explore_sums = (struct explore_sums){ .places = explore_sums.places };
}

void violation(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (is_mutant) {
		printf("caught in run %lu of %s: ", (unsigned long)explore_sums.runs, running);
		vprintf(format, args);
		putchar('\n');
		exit(0);
	}
	explore_print();
	fprintf(stderr, "T%d: ", explore_current);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nrun %lu of %s, fork mode %d. Again: build/host/test_ptable_interleave ",
		(unsigned long)explore_sums.runs, running, (int)running_mode);
	if (explore_is_random())
		fprintf(stderr, "seed=%lu\n", (unsigned long)running_seed);
	else
		fprintf(stderr, "program=%s\n", running);
	exit(1);
}

/* ---- runs ---- */

static void search(const struct program *p, enum fork_mode mode)
{
	if (p->children[0] == NULL && mode != FORK_MODES - 1)
		return; /* it does not fork */
	running = p->name;
	running_mode = mode;
	explore_search(p->preemptions);
	while (explore_begin_next()) {
		program_set_up(p, mode, NULL);
		if (program_run())
			program_end();
	}
	print_sums(p->name, (int)mode);
}

static void run_random(u64 seed)
{
	running = "random";
	running_seed = seed;
	explore_begin_random(seed);
	/* What is copied at once, since it will be touched soon. */
	static const struct fork_place first_giga = { BLOCK0, BLOCK0, 0 };
	static const struct fork_place second_giga = { BLOCK2, BLOCK2, BLOCK2 + PAGE_SIZE };
	static const struct fork_place *const light[] = { NULL, NULL, &first_giga, &second_giga };
	const unsigned k = explore_random(2 * FORK_MODES);
	running_mode = k < FORK_MODES ? (enum fork_mode)k : FORK_MODES - 1;
	program_set_up(NULL, running_mode, light[explore_random(ARRAY_SIZE(light))]);
	if (program_run())
		program_end();
}

static void search_all(const char *only)
{
	for (unsigned i = 0; i < ARRAY_SIZE(programs); i++)
		if (only == NULL || strcmp(only, programs[i].name) == 0)
			for (enum fork_mode m = FORK_PAGE; m < FORK_MODES; m++)
				search(&programs[i], m);
}

static void run_randoms(u64 seed, u64 runs)
{
	for (u64 i = 0; i < runs; i++)
		run_random(seed + i);
	print_sums("random", -1);
}

static void crashed(int signal)
{
	violation("signal %d", signal);
}

static void usage(void)
{
	fputs("usage: test_ptable_interleave [program=NAME | seed=N [runs=N]] [-v]\n"
	      "                              [mutant] [leave-late]\n"
	      "  program=NAME  search this program alone\n"
	      "  seed=N        run what this seed draws; runs=N: and the next ones\n"
	      "  -v            say what was run\n"
	      "  mutant        succeed if something is found to be wrong\n"
	      "  leave-late    harts leave spaces in the wrong order\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	u64 seed = 0, runs = 0;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "program=", 8) == 0)
			only = argv[i] + 8;
		else if (strncmp(argv[i], "seed=", 5) == 0)
			seed = strtoull(argv[i] + 5, NULL, 0), runs = runs != 0 ? runs : 1;
		else if (strncmp(argv[i], "runs=", 5) == 0)
			runs = strtoull(argv[i] + 5, NULL, 0);
		else if (strcmp(argv[i], "mutant") == 0)
			is_mutant = true;
		else if (strcmp(argv[i], "leave-late") == 0)
			machine_leaves_late = true;
		else if (strcmp(argv[i], "-v") == 0)
			is_quiet = false;
		else
			usage();
	}
	signal(SIGSEGV, crashed);
	signal(SIGABRT, crashed);
	memory_init();
	machine_reset();
	memory_reset();
	vmm_init();

	if (is_mutant)
		run_randoms(0, RANDOM_RUNS_FIRST);
	if (runs == 0)
		search_all(only);
	if (only == NULL)
		run_randoms(seed, runs != 0 ? runs : RANDOM_RUNS);
	if (is_mutant)
		puts("survived");
	return is_mutant ? 1 : 0;
}
