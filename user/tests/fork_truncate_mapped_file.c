// SPDX-License-Identifier: MIT
/* modes: all */
/* A file that shrinks takes its pages from every process that maps it, also from those that share
 * the tables they are in; from nobody it takes anything else. */
#include "lib/forks.h"

#define FILE_PAGES 700UL
#define LEFT       50UL /* pages that stay */
#define CHILDREN   4
#define SEED       9000UL

static char *shared, *private, *other;
static int fd;
static struct gate go, done;

/* The file twice, amid memory that has nothing to do with it, all in the same tables. */
static void set_up(void)
{
	fd = make_file("f", FILE_PAGES * PAGE);
	char *area = map_tables(4);
	shared = area + 10 * PAGE;
	private = shared + (FILE_PAGES + 10) * PAGE;
	other = private + FILE_PAGES * PAGE;
	CHECK(mmap(shared, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		   0) == shared);
	CHECK(mmap(private, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
		   0) == private);
	mark_pages(other, 200, SEED);
	mark_pages(shared, FILE_PAGES, SEED);
	mark_pages(private, FILE_PAGES, 2 * SEED);
	gate_init(&go);
	gate_init(&done);
}

static void tear_down(void)
{
	CHECK_EQ(munmap(shared - 10 * PAGE, 4 * TABLE_BYTES), 0);
	close(fd);
	gate_close(&go);
	gate_close(&done);
}

static void check_truncated(void)
{
	check_pages(other, 200, SEED);
	check_pages(shared, LEFT, SEED);
	check_pages(private, LEFT, 2 * SEED);
	for (size_t i = LEFT; i < FILE_PAGES; i += 131) {
		CHECK_EQ(touch_signal(shared + i * PAGE, TOUCH_READ, NULL), SIGBUS);
		CHECK_EQ(touch_signal(private + i * PAGE, TOUCH_WRITE, NULL), SIGBUS);
	}
}

/* Children that touched nothing, or something, or all of it, before the file shrinks. */
static void live_through(int me)
{
	if (me == 1)
		mark_pages(private, 1, 2 * SEED);
	if (me >= 2) {
		check_pages(shared, FILE_PAGES, SEED);
		mark_pages(private, FILE_PAGES, 2 * SEED);
	}
	gate_open(&done, 1);
	gate_wait(&go);
	check_truncated();
	gate_open(&done, 1);
	gate_wait(&go);
	/* Grown again: zeros, also where a private copy was. */
	check_pages(shared, LEFT, SEED);
	check_zero(shared + LEFT * PAGE, FILE_PAGES - LEFT);
	check_pages(private, LEFT, 2 * SEED);
	check_zero(private + LEFT * PAGE, FILE_PAGES - LEFT);
	mark_pages(private + LEFT * PAGE, FILE_PAGES - LEFT, 3 * SEED);
	check_zero(shared + LEFT * PAGE, FILE_PAGES - LEFT);
}

static void all_wait(void)
{
	for (int i = 0; i < CHILDREN; i++)
		gate_wait(&done);
}

static void all_who_map_it_lose_the_pages(void)
{
	pid_t pids[CHILDREN];
	set_up();
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			live_through(i);
			_exit(0);
		}
	}
	all_wait();
	CHECK_EQ(ftruncate(fd, LEFT * PAGE), 0);
	gate_open(&go, CHILDREN);
	check_truncated();
	all_wait();
	CHECK_EQ(ftruncate(fd, FILE_PAGES * PAGE), 0);
	gate_open(&go, CHILDREN);
	for (int i = 0; i < CHILDREN; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	check_zero(private + LEFT * PAGE, FILE_PAGES - LEFT);
	check_zero(shared + LEFT * PAGE, FILE_PAGES - LEFT);
	check_pages(other, 200, SEED);
	tear_down();
}

/* A child shrinks it while its parent, who shares every table with it, stands by. */
static void shrink_and_look(void)
{
	CHECK_EQ(ftruncate(fd, LEFT * PAGE), 0);
	check_truncated();
	CHECK_EQ(ftruncate(fd, FILE_PAGES * PAGE), 0);
	mark_pages(shared, FILE_PAGES, 5 * SEED);
}

/* What was private and has gone is the file's again. */
static void check_after_shrinking(void)
{
	check_pages(private, LEFT, 2 * SEED);
	check_pages(private + LEFT * PAGE, FILE_PAGES - LEFT, 5 * SEED + LEFT);
	check_pages(other, 200, SEED);
}

static void shrink_below(void)
{
	CHECK_CHILD(shrink_and_look);
	check_pages(shared, FILE_PAGES, 5 * SEED);
	check_after_shrinking();
}

static void a_grandchild_may_shrink_it(void)
{
	set_up();
	CHECK_CHILD(shrink_below);
	check_pages(shared, FILE_PAGES, 5 * SEED);
	check_after_shrinking();
	tear_down();
}

/* ---- again and again, while they fork and go ---- */

#define SHRINKS 4

static volatile int *volatile stop;

static void fork_on(void)
{
	unsigned long state = (unsigned long)getpid();
	while (*stop == 0) {
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			check_pages(other, 200, SEED);
			mark_pages(other + random_next(&state) % 200 * PAGE, 1, 0);
			check_pages(private, LEFT, 2 * SEED);
			if (random_next(&state) % 2 == 0)
				mark_pages(private, LEFT, 0);
			_exit(0);
		}
		CHECK_EXITED(wait_for(pid), 0);
	}
}

static void it_may_shrink_while_they_fork_and_end(void)
{
	pid_t pids[CHILDREN];
	set_up();
	stop = map_shared_page();
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = start_child(fork_on);
	for (int i = 0; i < SHRINKS && has_time(); i++) {
		CHECK_EQ(ftruncate(fd, (off_t)((LEFT + (size_t)i * 11) * PAGE)), 0);
		CHECK_EQ(ftruncate(fd, FILE_PAGES * PAGE), 0);
		check_zero(shared + (FILE_PAGES - 20) * PAGE, 20);
		check_zero(private + (FILE_PAGES - 300) * PAGE, 5 + (size_t)i % 7);
		mark_pages(shared, FILE_PAGES, SEED);
	}
	*stop = 1;
	for (int i = 0; i < CHILDREN; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	check_pages(other, 200, SEED);
	check_pages(private, LEFT, 2 * SEED);
	tear_down();
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(all_who_map_it_lose_the_pages),
		TEST(a_grandchild_may_shrink_it),
		TEST(it_may_shrink_while_they_fork_and_end),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
