// SPDX-License-Identifier: MIT
/* modes: all */
/*
 * Memory over several GiB, few pages in each table, and generations that share the tables above
 * them: each finds what its ancestors wrote, and keeps what it writes to itself.
 */
#include "lib/forks.h"

#define MIDDLES 3                    /* tables of the middle level, 1 GiB each */
#define LEAVES  24                   /* tables below each */
#define APART   (21UL * TABLE_BYTES) /* so that they are all over the middle table */
#define SEED    100000UL
#define DEPTH   4

static char *area;
static struct gate go;

static volatile unsigned long *word(unsigned long middle, unsigned long leaf)
{
	/* Now here, now there in its table. */
	const unsigned long page = (leaf * 37 + middle * 11) % TABLE_PAGES;
	return (void *)(area + middle * MIDDLE_BYTES + leaf * APART + page * PAGE);
}

static unsigned long value(unsigned long seed, unsigned long middle, unsigned long leaf)
{
	return seed + middle * LEAVES + leaf;
}

static void mark_middle(unsigned long middle, unsigned long seed)
{
	for (unsigned long i = 0; i < LEAVES; i++)
		*word(middle, i) = value(seed, middle, i);
}

static void check_middle(unsigned long middle, unsigned long seed)
{
	for (unsigned long i = 0; i < LEAVES; i++)
		CHECK_EQ(*word(middle, i), value(seed, middle, i));
}

static void mark_all(unsigned long seed)
{
	for (unsigned long m = 0; m < MIDDLES; m++)
		mark_middle(m, seed);
}

static void check_all(unsigned long seed)
{
	for (unsigned long m = 0; m < MIDDLES; m++)
		check_middle(m, seed);
}

/* Generation @depth writes one table of leaves per middle table, and one middle table whole. */
static void live(unsigned long depth)
{
	check_all(SEED);
	if (depth < DEPTH) {
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			live(depth + 1);
			_exit(0);
		}
		for (unsigned long m = 0; m < MIDDLES; m++)
			*word(m, depth) = depth;
		CHECK_EXITED(wait_for(pid), 0);
		for (unsigned long m = 0; m < MIDDLES; m++)
			for (unsigned long i = 0; i < LEAVES; i++)
				CHECK_EQ(*word(m, i), i == depth ? depth : value(SEED, m, i));
	}
	mark_middle(depth % MIDDLES, 2 * SEED + depth);
	check_middle(depth % MIDDLES, 2 * SEED + depth);
}

static void one_by_one(void)
{
	live(0);
}

static void every_generation_keeps_its_own(void)
{
	mark_all(SEED);
	CHECK_CHILD(one_by_one);
	check_all(SEED);
	mark_all(3 * SEED);
	check_all(3 * SEED);
}

/* ---- middles that go first ---- */

static void grandchild(void)
{
	gate_wait(&go); /* its parent has gone */
	check_all(SEED);
	mark_all(4 * SEED);
	check_all(4 * SEED);
}

static int result[2];

static void leave_a_grandchild(void)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		grandchild();
		write_all(result[1], "k", 1);
		_exit(0);
	}
	*word(1, 5) = 0;
}

static void who_inherits_from_the_dead_has_all(void)
{
	mark_all(SEED);
	gate_init(&go);
	CHECK_EQ(pipe(result), 0);
	CHECK_CHILD(leave_a_grandchild);
	close(result[1]);
	check_middle(0, SEED);
	mark_middle(0, 5 * SEED);
	gate_open(&go, 1);
	char byte = 0;
	CHECK_EQ(read(result[0], &byte, 1), 1);
	CHECK_EQ(read(result[0], &byte, 1), 0);
	check_middle(0, 5 * SEED);
	check_middle(1, SEED);
	check_middle(2, SEED);
	close(result[0]);
	gate_close(&go);
}

/* ---- a GiB that goes ---- */

static void drop_the_middle_one(void)
{
	CHECK_EQ(munmap(area + MIDDLE_BYTES, MIDDLE_BYTES), 0);
	check_middle(0, SEED);
	check_middle(2, SEED);
	CHECK_EQ(touch_signal((void *)word(1, 3), TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(madvise(area + 2 * MIDDLE_BYTES, MIDDLE_BYTES / 2, MADV_DONTNEED), 0);
	for (unsigned long i = 0; i < LEAVES; i++)
		CHECK_EQ(*word(2, i), i * APART < MIDDLE_BYTES / 2 ? 0 : value(SEED, 2, i));
}

static void a_gib_may_go_on_one_side(void)
{
	mark_all(SEED);
	CHECK_CHILD(drop_the_middle_one);
	check_all(SEED);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(every_generation_keeps_its_own),
		TEST(who_inherits_from_the_dead_has_all),
		TEST(a_gib_may_go_on_one_side),
	};
	area = map_tables(MIDDLES * (MIDDLE_BYTES / TABLE_BYTES));
	return test_run(cases, ARRAY_SIZE(cases));
}
