// SPDX-License-Identifier: MIT
/* modes: all */
/* Many children of one parent share its memory, and go in any order: who stays has what it had. */
#include "lib/forks.h"

#define TABLES   2
#define PAGES    (TABLES * TABLE_PAGES)
#define CHILDREN 50UL
#define SEED     7000UL

static char *area;
static struct gate gates[CHILDREN];
static pid_t pids[CHILDREN];

/* The page that is a child's to write, now in one table, now in the other. */
static char *page_of(unsigned long child)
{
	return area + (child * 331 + 17) % PAGES * PAGE;
}

static void check_all_but(unsigned long child)
{
	char *own = page_of(child);
	const size_t before = (size_t)(own - area) / PAGE;
	check_pages(area, before, SEED);
	check_pages(own + PAGE, PAGES - before - 1, SEED + before + 1);
}

static void live(unsigned long me)
{
	/* Half of them take part at once, half have touched nothing when they go. */
	if (me % 2 == 0) {
		mark_pages(page_of(me), 1, me);
		check_all_but(me);
	}
	gate_wait(&gates[me]);
	if (me % 3 == 0) {
		mark_pages(page_of(me), 1, me);
		check_pages(page_of(me), 1, me);
		check_all_but(me);
	}
}

static void start_all(void)
{
	for (unsigned long i = 0; i < CHILDREN; i++) {
		gate_init(&gates[i]);
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			live(i);
			_exit(0);
		}
	}
}

static void end(unsigned long child)
{
	gate_open(&gates[child], 1);
	CHECK_EXITED(wait_for(pids[child]), 0);
	gate_close(&gates[child]);
}

/* A permutation that looks like none. */
static unsigned long shuffled(unsigned long i)
{
	return (i * 37 + 11) % CHILDREN;
}

static void children_go_in_any_order(void)
{
	mark_pages(area, PAGES, SEED);
	start_all();
	for (unsigned long i = 0; i < CHILDREN; i++)
		end(shuffled(i));
	check_pages(area, PAGES, SEED);
}

/* The parent writes a page whenever one goes: with many sharers, with few, with none. */
static void the_parent_writes_among_them(void)
{
	mark_pages(area, PAGES, SEED);
	start_all();
	for (unsigned long i = 0; i < CHILDREN; i++) {
		mark_pages(page_of(i), 1, 2 * SEED + i);
		end(shuffled(i));
	}
	for (unsigned long i = 0; i < CHILDREN; i++)
		check_pages(page_of(i), 1, 2 * SEED + i);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(children_go_in_any_order),
		TEST(the_parent_writes_among_them),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
