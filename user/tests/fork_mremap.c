// SPDX-License-Identifier: MIT
/* modes: all */
/* What a process moves, grows or shrinks with mremap after a fork moves in its own memory alone. */
#include "lib/forks.h"

#define TABLES 3
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   12000UL

static char *area, *target;
static struct gate go;

/* In pages: within tables, at other places of them, whole tables. */
static const struct move {
	size_t from, to, count;
} moves[] = {
	{ 10, 400, 300 },
	{ TABLE_PAGES / 2, 7, TABLE_PAGES },
	{ TABLE_PAGES, TABLE_PAGES, TABLE_PAGES },
	{ 0, 0, PAGES },
};
static const struct move *move;

static void check_moved(unsigned long seed)
{
	const size_t end = move->from + move->count;
	check_pages(target + move->to * PAGE, move->count, seed + move->from);
	check_pages(area, move->from, seed);
	check_pages(area + end * PAGE, PAGES - end, seed + end);
	CHECK_EQ(touch_signal(area + move->from * PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(touch_signal(area + (end - 1) * PAGE, TOUCH_WRITE, NULL), SIGSEGV);
}

static void do_move(void)
{
	char *to = target + move->to * PAGE;
	CHECK(mremap(area + move->from * PAGE, move->count * PAGE, move->count * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

static void move_and_write(void)
{
	do_move();
	check_moved(SEED);
	CHECK_EQ(touch_signal(target + move->to * PAGE, TOUCH_WRITE, NULL), 0);
	mark_pages(target + move->to * PAGE, move->count, 2 * SEED);
	check_pages(target + move->to * PAGE, move->count, 2 * SEED);
}

static void a_child_moves_its_own(void)
{
	mark_pages(area, PAGES, SEED);
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		move = &moves[i];
		CHECK_CHILD(move_and_write);
		check_pages(area, PAGES, SEED);
	}
}

static void expect_unmoved(void)
{
	gate_wait(&go);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 3 * SEED);
	check_pages(area, PAGES, 3 * SEED);
}

/* Back again after each, by way of its children. */
static void a_parent_moves_its_own(void)
{
	gate_init(&go);
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		move = &moves[i];
		mark_pages(area, PAGES, SEED);
		const pid_t pid = start_child(expect_unmoved);
		do_move();
		gate_open(&go, 1);
		CHECK_EXITED(wait_for(pid), 0);
		check_moved(SEED);
		char *from = area + move->from * PAGE;
		CHECK(mremap(target + move->to * PAGE, move->count * PAGE, move->count * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
		check_pages(area, PAGES, SEED);
	}
	gate_close(&go);
}

static void shrink_and_grow(void)
{
	const size_t half = PAGES / 2 + 30;
	CHECK(mremap(area, PAGES * PAGE, half * PAGE, 0) == area);
	check_pages(area, half, SEED);
	CHECK_EQ(touch_signal(area + half * PAGE, TOUCH_READ, NULL), SIGSEGV);
	char *grown = mremap(area, half * PAGE, PAGES * PAGE, MREMAP_MAYMOVE);
	CHECK(grown != MAP_FAILED);
	check_pages(grown, half, SEED);
	check_zero(grown + half * PAGE, PAGES - half);
	mark_pages(grown, PAGES, 4 * SEED);
	check_pages(grown, PAGES, 4 * SEED);
}

static void a_child_shrinks_and_grows_its_own(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(shrink_and_grow);
	check_pages(area, PAGES, SEED);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_moves_its_own),
		TEST(a_parent_moves_its_own),
		TEST(a_child_shrinks_and_grows_its_own),
	};
	area = map_tables(TABLES);
	target = map_tables(TABLES + 1);
	return test_run(cases, ARRAY_SIZE(cases));
}
