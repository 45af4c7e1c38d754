// SPDX-License-Identifier: MIT
/*
 * What is explored: the protocol as it is, which must hold in every configuration; and the mistakes
 * that docs/fork.md names, each of which must be found in a configuration that can show it.
 *
 * Beside a run that holds stands how many states it has, beside one that fails how many steps the
 * shortest way there is: so a model fails that explores less than it did, or finds something else.
 * Who changes the model understands each number that changes, and writes the new one down.
 */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_WRITE_FORK (CAN(READ) | CAN(WRITE) | CAN(FORK))
#define UNMAP           (CAN(UNMAP_PAGE) | CAN(UNMAP_BLOCK))

/* Entries in a table of leaves, in a middle table; how many there are of frames, of each table. */
#define WORLD(leaves, middles, frames_, leaf_tables, middle_tables) \
	.entries = { leaves, middles }, .tables = { leaf_tables, middle_tables }, .frames = frames_
/* Threads of the first space; spaces; forks; what the first thread may do how often, what the
 * others of its space, what those of children. */
#define PROGRAM(threads_, spaces_, forks_, first, others, child, what)                            \
	.threads = threads_, .spaces = spaces_, .forks = forks_, .ops = { first, others, child }, \
	.operations = what

/* A fork, and another thread that writes. */
static const struct config fork_and_writer = {
	WORLD(2, 1, 5, 4, 3),
	PROGRAM(2, 2, 1, 1, 2, 1, READ_WRITE_FORK),
};

/* The same, and both may do anything. */
static const struct config two_threads_two_pages = {
	WORLD(2, 1, 5, 4, 3),
	PROGRAM(2, 2, 1, 2, 2, 1, READ_WRITE_FORK),
};

/* One page, which may go, or all of the table. */
static const struct config two_threads_unmap = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(2, 2, 1, 2, 2, 2, READ_WRITE_FORK | UNMAP),
};

/* One page, whose contents may go. */
static const struct config two_threads_dontneed = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(2, 2, 1, 2, 2, 2, READ_WRITE_FORK | CAN(UNMAP_PAGE)),
	.flags = WITH(UNMAP_IS_DONTNEED),
};

/* A middle table with two tables below. */
static const struct config two_threads_nested = {
	WORLD(1, 2, 6, 6, 3),
	PROGRAM(2, 2, 1, 1, 2, 1, READ_WRITE_FORK),
};

/* One copies a page, one finds the new leaf, one remembers the old one. */
static const struct config three_threads = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(3, 2, 1, 2, 1, 0, READ_WRITE_FORK),
};

/* Siblings and grandchildren. */
static const struct config generations_nested = {
	WORLD(1, 2, 6, 6, 4),
	PROGRAM(1, 3, 2, 2, 0, 1, READ_WRITE_FORK),
};

/* The same with time for more. */
static const struct config generations_nested_longer = {
	WORLD(1, 2, 6, 6, 4),
	PROGRAM(1, 3, 2, 3, 0, 1, READ_WRITE_FORK),
};

/* The same, and all of them unmap. */
static const struct config generations_unmap = {
	WORLD(1, 1, 4, 4, 4),
	PROGRAM(1, 3, 2, 2, 0, 2, READ_WRITE_FORK | UNMAP),
};

/* Two tables of two pages. */
static const struct config four_pages = {
	WORLD(2, 2, 8, 4, 3),
	PROGRAM(1, 2, 1, 2, 0, 2, READ_WRITE_FORK | UNMAP),
};

/* Harts walk unasked and remember inner entries. */
static const struct config speculating = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(1, 2, 1, 2, 0, 2, READ_WRITE_FORK | UNMAP),
	.flags = WITH(HARTS_SPECULATE) | WITH(HARTS_CACHE_INNER),
};

/* The same on two harts. */
static const struct config speculating_two_threads = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(2, 2, 1, 1, 1, 1, READ_WRITE_FORK | UNMAP),
	.flags = WITH(HARTS_SPECULATE) | WITH(HARTS_CACHE_INNER),
};

/* A private page, and one of a shared mapping that is truncated. */
static const struct config truncation = {
	WORLD(2, 1, 5, 4, 3),
	PROGRAM(1, 2, 1, 2, 0, 2, READ_WRITE_FORK | CAN(TRUNCATE)),
	.has_object_page = true,
};

/* The shared page alone. */
static const struct config truncation_two_threads = {
	WORLD(1, 1, 3, 4, 3),
	PROGRAM(2, 2, 1, 2, 2, 1, READ_WRITE_FORK | CAN(TRUNCATE)),
	.has_object_page = true,
};

/* The same with siblings and grandchildren. */
static const struct config truncation_generations = {
	WORLD(1, 1, 3, 4, 4),
	PROGRAM(1, 3, 2, 2, 0, 2, READ_WRITE_FORK | CAN(TRUNCATE)),
	.has_object_page = true,
};

/* The same, and all unmap it, too. */
static const struct config truncation_unmap = {
	WORLD(1, 1, 3, 4, 3),
	PROGRAM(2, 2, 1, 2, 1, 1, READ_WRITE_FORK | UNMAP | CAN(TRUNCATE)),
	.has_object_page = true,
};

/* The same, and it is faulted in again while it is cut. */
static const struct config truncation_dontneed = {
	WORLD(1, 1, 3, 4, 3),
	PROGRAM(2, 2, 1, 2, 1, 1, READ_WRITE_FORK | CAN(UNMAP_PAGE) | CAN(TRUNCATE)),
	.has_object_page = true,
	.flags = WITH(UNMAP_IS_DONTNEED),
};

/* Mapped privately: read as the object has it, and copied when it is written. */
static const struct config truncation_private = {
	WORLD(1, 1, 4, 4, 3),
	PROGRAM(2, 2, 1, 2, 1, 1, READ_WRITE_FORK | CAN(UNMAP_PAGE) | CAN(TRUNCATE)),
	.has_object_page = true,
	.maps_privately = true,
};

/* A fork that fails, then another. */
static const struct config failing_fork = {
	WORLD(1, 1, 5, 4, 3),
	PROGRAM(2, 2, 2, 2, 1, 1, READ_WRITE_FORK),
	.flags = WITH(FORK_MAY_FAIL),
};

/* Memory runs out in the middle of make_mine, of copy-on-write, of fork. */
static const struct config little_memory = {
	WORLD(2, 1, 3, 2, 2),
	PROGRAM(1, 2, 1, 2, 0, 2, READ_WRITE_FORK | UNMAP),
};

struct run {
	const char *name;
	const struct config *config;
	uint64_t flags;       /* added to the configuration's */
	unsigned long states; /* if it holds */
	enum verdict verdict;
	unsigned steps; /* if it does not */
	bool large;     /* minutes and gigabytes: not for every day */
};

static const struct run runs[] = {
	/* ---- the protocol as it is ---- */
	{ "three-threads", &three_threads, .states = 207128 },
	{ "generations-nested", &generations_nested, .states = 394556 },
	{ "speculating", &speculating, .states = 997846 },
	{ "truncation", &truncation, .states = 221678 },
	{ "truncation-two-threads", &truncation_two_threads, .states = 1833721 },
	{ "truncation-failing-fork", &truncation_two_threads, WITH(FORK_MAY_FAIL), 1837349 },
	{ "truncation-light-subtrees", &truncation_two_threads, WITH(FORK_COPIES_LIGHT), 57472 },
	{ "truncation-unmap", &truncation_unmap, .states = 1711307 },
	{ "truncation-private", &truncation_private, .states = 2230228 },
	{ "truncation-private-light", &truncation_private, WITH(FORK_COPIES_LIGHT), 110382 },
	{ "truncation-dontneed", &truncation_dontneed, .states = 1304866 },
	{ "truncation-private-dontneed", &truncation_private, WITH(UNMAP_IS_DONTNEED), 2373341 },
	{ "failing-fork", &failing_fork, .states = 1703092 },
	{ "little-memory", &little_memory, .states = 134535 },
	{ "light-subtrees", &two_threads_two_pages, WITH(FORK_COPIES_LIGHT), 995452 },
	{ "light-subtrees-generations", &generations_nested, WITH(FORK_COPIES_LIGHT), 22552 },
	{ "light-subtrees-little-memory", &little_memory, WITH(FORK_COPIES_LIGHT), 21390 },
	{ "fork-and-writer", &fork_and_writer, .states = 4664113, .large = true },
	{ "two-threads-two-pages", &two_threads_two_pages, .states = 26724842, .large = true },
	{ "two-threads-unmap", &two_threads_unmap, .states = 16890336, .large = true },
	{ "two-threads-dontneed", &two_threads_dontneed, .states = 11709857, .large = true },
	{ "two-threads-nested", &two_threads_nested, .states = 5900372, .large = true },
	{ "generations-nested-longer", &generations_nested_longer, .states = 41095392,
	  .large = true },
	{ "generations-unmap", &generations_unmap, .states = 41836780, .large = true },
	{ "four-pages", &four_pages, .states = 5375086, .large = true },
	{ "speculating-two-threads", &speculating_two_threads, .states = 6595260, .large = true },
	{ "truncation-generations", &truncation_generations, .states = 7956788, .large = true },

	/* ---- with and without what is no condition of correctness ---- */
	{ "no-table-lock", &little_memory, WITH(NO_TABLE_LOCK), 135518 },
	{ "second-look", &little_memory, WITH(SECOND_LOOK), 135007 },
	{ "truncate-without-table-lock", &truncation, WITH(TRUNCATE_WITHOUT_TABLE_LOCK), 272821 },
	{ "truncate-without-table-lock-two-threads", &truncation_two_threads,
	  WITH(TRUNCATE_WITHOUT_TABLE_LOCK), 2255097, .large = true },
	{ "no-table-lock-unmap", &two_threads_unmap, WITH(NO_TABLE_LOCK), 18123237, .large = true },
	{ "second-look-unmap", &two_threads_unmap, WITH(SECOND_LOOK), 14607891, .large = true },
	{ "truncate-without-table-lock-generations", &truncation_generations,
	  WITH(TRUNCATE_WITHOUT_TABLE_LOCK), 10068168, .large = true },

	/* ---- mistakes ---- */
	{ "no-remote-fence", &fork_and_writer, WITH(NO_REMOTE_FENCE), .verdict = WRONG_DATA,
	  .steps = 24 },
	{ "fence-before-marks", &fork_and_writer, WITH(FENCE_BEFORE_MARKS), .verdict = WRONG_DATA,
	  .steps = 26 },
	{ "publish-before-fence", &fork_and_writer, WITH(PUBLISH_BEFORE_FENCE),
	  .verdict = WRONG_DATA, .steps = 26 },
	{ "unlock-before-fence", &fork_and_writer, WITH(UNLOCK_BEFORE_FENCE), .verdict = WRONG_DATA,
	  .steps = 49 },
	{ "unlock-before-fence-moment-at-unlock", &fork_and_writer,
	  WITH(UNLOCK_BEFORE_FENCE) | WITH(MOMENT_AT_UNLOCK), .verdict = WRONG_DATA, .steps = 25 },
	{ "parent-stays-valid", &fork_and_writer, WITH(PARENT_STAYS_VALID), .verdict = TWO_NAMES,
	  .steps = 4 },
	{ "failed-fork-without-fence", &failing_fork, WITH(FAILED_FORK_WITHOUT_FENCE),
	  .verdict = WRONG_DATA, .steps = 31 },
	{ "light-copy-without-fence", &fork_and_writer,
	  WITH(FORK_COPIES_LIGHT) | WITH(LIGHT_COPY_WITHOUT_FENCE), .verdict = WRONG_DATA,
	  .steps = 14 },
	{ "faults-share-the-lock", &two_threads_two_pages, WITH(FAULTS_SHARE_THE_LOCK),
	  .verdict = USED_FREED, .steps = 33 },
	{ "count-down-before-copy", &two_threads_two_pages, WITH(COUNT_DOWN_BEFORE_COPY),
	  .verdict = USED_FREED, .steps = 18 },
	{ "nobody-frees", &two_threads_unmap, WITH(NOBODY_FREES), .verdict = WRONG_COUNT,
	  .steps = 5 },
	{ "mark-only-the-copy", &generations_nested, WITH(MARK_ONLY_THE_COPY),
	  .verdict = WRONG_DATA, .steps = 43 },
	{ "frames-not-counted", &two_threads_two_pages, WITH(FRAMES_NOT_COUNTED),
	  .verdict = WRONG_COUNT, .steps = 29 },
	{ "shared-page-marked-cow", &truncation, WITH(SHARED_PAGE_MARKED_COW),
	  .verdict = WRONG_DATA, .steps = 47 },
	{ "cow-without-fence", &two_threads_unmap, WITH(COW_WITHOUT_FENCE), .verdict = WRONG_DATA,
	  .steps = 36 },
	{ "cow-without-fence-three-threads", &three_threads, WITH(COW_WITHOUT_FENCE),
	  .verdict = WRONG_DATA, .steps = 36 },
	{ "cow-in-one-store", &three_threads, WITH(COW_IN_ONE_STORE), .verdict = WRONG_DATA,
	  .steps = 36 },
	{ "free-before-fence", &two_threads_unmap, WITH(FREE_BEFORE_FENCE), .verdict = USED_FREED,
	  .steps = 6 },
	{ "edit-passes-shared", &two_threads_dontneed, WITH(EDIT_PASSES_SHARED),
	  .verdict = WRONG_DATA, .steps = 34 },
	{ "exit-on-own-root", &speculating_two_threads, WITH(EXIT_ON_OWN_ROOT),
	  .verdict = USED_FREED, .steps = 9 },
	{ "truncate-without-reference", &truncation, WITH(TRUNCATE_WITHOUT_REFERENCE),
	  .verdict = USED_FREED, .steps = 40 },
	{ "truncate-without-space-lock", &truncation, WITH(TRUNCATE_WITHOUT_SPACE_LOCK),
	  .verdict = WRONG_DATA, .steps = 37 },
	{ "unlist-before-fence", &truncation_unmap, WITH(UNLIST_BEFORE_FENCE),
	  .verdict = USED_FREED, .steps = 39 },
	{ "cut-before-leaves", &truncation, WITH(CUT_BEFORE_LEAVES), .verdict = USED_FREED,
	  .steps = 31 },
	{ "cut-skips-locked", &truncation_two_threads, WITH(CUT_SKIPS_LOCKED),
	  .verdict = USED_FREED, .steps = 7 },
	{ "object-page-taken-over", &truncation_private, WITH(OBJECT_PAGE_TAKEN_OVER),
	  .verdict = WRONG_DATA, .steps = 41 },
	{ "object-page-dropped", &truncation, WITH(OBJECT_PAGE_DROPPED), .verdict = WRONG_COUNT,
	  .steps = 4 },
	{ "fence-by-own-interrupt", &two_threads_two_pages, WITH(FENCE_BY_OWN_INTERRUPT),
	  .verdict = STUCK, .steps = 6 },
};
enum { RUNS = sizeof runs / sizeof runs[0] };

static const char *const verdicts[] = {
	[HOLDS] = "holds",
	[WRONG_DATA] = "wrong data",
	[TWO_NAMES] = "an entry with V = 1 is not the only name",
	[WRONG_COUNT] = "a count is wrong",
	[USED_FREED] = "what is free is used",
	[STUCK] = "nobody can go on",
	[LEFT_OVER] = "something is left over",
};

/* Whether @run comes out as it must. A way to what is wrong is told if it is asked for or a
 * surprise. */
static bool perform(const struct run *run, bool tell)
{
	struct config c = *run->config;
	c.flags |= run->flags;
	const clock_t begin = clock();
	const struct result r = explore(&c, tell || run->verdict == HOLDS);
	const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	bool passed = r.verdict == run->verdict;
	printf("  %-40s ", run->name);
	if (r.verdict == HOLDS) {
		passed = passed && r.states == run->states;
		printf("holds in %lu states", r.states);
	} else {
		passed = passed && r.steps == run->steps;
		printf("fails in %u steps, %lu states: %s", r.steps, r.states, r.what);
	}
	printf(" (%.1f s)\n", seconds);
	if (!passed && run->verdict == HOLDS)
		printf("FAILED: it must hold, in %lu states: %s\n", run->states, __FILE__);
	else if (!passed)
		printf("FAILED: it must fail in %u steps by: %s: %s\n", run->steps,
		       verdicts[run->verdict], __FILE__);
	return passed;
}

static const struct run *find_run(const char *name)
{
	for (unsigned i = 0; i < RUNS; i++)
		if (strcmp(runs[i].name, name) == 0)
			return &runs[i];
	fprintf(stderr, "there is no run called %s; build/model/model --list-all names all\n",
		name);
	exit(2);
}

static void list(bool large)
{
	for (unsigned i = 0; i < RUNS; i++)
		if (large || !runs[i].large)
			puts(runs[i].name);
}

int main(int argc, char **argv)
{
	bool passed = true, tell = false;
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		puts("usage: model --list | --list-all | [--tell] RUN...\n"
		     "Explore runs, or list the small ones, or all. --tell: print the shortest way "
		     "to what is wrong.");
		return argc < 2 ? 2 : 0;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0 || strcmp(argv[i], "--list-all") == 0)
			list(strcmp(argv[i], "--list-all") == 0);
		else if (strcmp(argv[i], "--tell") == 0)
			tell = true;
		else
			passed = perform(find_run(argv[i]), tell) && passed;
	}
	return passed ? 0 : 1;
}
