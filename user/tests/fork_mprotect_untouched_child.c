// SPDX-License-Identifier: MIT
/* modes: all */
/* mprotect of memory that has not been touched since the fork: it forbids there, and only there,
 * whoever is left to own the pages. */
#include "lib/forks.h"

#define TABLES 2
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   2000
/* Begins and ends within tables. */
#define FIRST 100UL
#define COUNT 600UL

static char *area;
static struct gate go;

static void protect(int prot)
{
	CHECK_EQ(mprotect(area + FIRST * PAGE, COUNT * PAGE, prot), 0);
}

static void check_forbidden(size_t page, enum touch how)
{
	int code = 0;
	CHECK_EQ(touch_signal(area + page * PAGE, how, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
}

/* Its own children find the same: so it is looked at before and after the tables are touched. */
static void check_read_only(void)
{
	check_forbidden(FIRST, TOUCH_WRITE);
	check_forbidden(FIRST + COUNT - 1, TOUCH_WRITE);
	check_pages(area, PAGES, SEED);
	check_forbidden(FIRST + 300, TOUCH_WRITE);
	CHECK_EQ(touch_signal(area + (FIRST - 1) * PAGE, TOUCH_WRITE, NULL), 0);
	CHECK_EQ(touch_signal(area + (FIRST + COUNT) * PAGE, TOUCH_WRITE, NULL), 0);
}

static void protect_and_look(void)
{
	protect(PROT_READ);
	check_read_only();
	protect(PROT_NONE);
	check_forbidden(FIRST + 1, TOUCH_READ);
	protect(PROT_READ | PROT_WRITE);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 5 * SEED);
	check_pages(area, PAGES, 5 * SEED);
}

static void a_child_forbids_itself_to_write(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(protect_and_look);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 3 * SEED);
	check_pages(area, PAGES, 3 * SEED);
}

/* The child's life has the tables shared while the parent edits them, and its end does not bring
 * the old rights back. */
static void write_when_told(void)
{
	gate_wait(&go);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 4 * SEED);
	check_pages(area, PAGES, 4 * SEED);
}

static void a_parent_forbids_itself_and_its_child_writes(void)
{
	mark_pages(area, PAGES, SEED);
	gate_init(&go);
	const pid_t pid = start_child(write_when_told);
	protect(PROT_READ);
	gate_open(&go, 1);
	CHECK_EXITED(wait_for(pid), 0);
	check_read_only();
	protect(PROT_READ | PROT_WRITE);
	gate_close(&go);
}

static void leave_untouched(void)
{
	gate_wait(&go);
}

static void what_was_forbidden_stays_so_when_the_child_has_gone(void)
{
	static const int rights[] = { PROT_NONE, PROT_READ };
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		mark_pages(area, PAGES, SEED);
		gate_init(&go);
		const pid_t pid = start_child(leave_untouched);
		protect(rights[i]);
		gate_open(&go, 1);
		CHECK_EXITED(wait_for(pid), 0);
		check_forbidden(FIRST + 200, rights[i] == PROT_NONE ? TOUCH_READ : TOUCH_WRITE);
		check_forbidden(FIRST + 200, TOUCH_CALL);
		protect(PROT_READ | PROT_WRITE);
		check_pages(area, PAGES, SEED);
		gate_close(&go);
	}
}

static void look_at_the_forbidden(void)
{
	check_forbidden(FIRST + 5, TOUCH_READ);
	protect(PROT_READ);
	check_read_only();
}

static void what_is_forbidden_is_inherited_with_what_is_in_it(void)
{
	mark_pages(area, PAGES, SEED);
	protect(PROT_NONE);
	CHECK_CHILD(look_at_the_forbidden);
	check_forbidden(FIRST + 6, TOUCH_READ);
	protect(PROT_READ | PROT_WRITE);
	check_pages(area, PAGES, SEED);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_forbids_itself_to_write),
		TEST(a_parent_forbids_itself_and_its_child_writes),
		TEST(what_was_forbidden_stays_so_when_the_child_has_gone),
		TEST(what_is_forbidden_is_inherited_with_what_is_in_it),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
