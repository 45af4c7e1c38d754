// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* lack shows: mlock() says EAGAIN */
/* Memory that is locked after a fork, or before it: the process has its own pages then, as it had
 * them; locks are not inherited. */
#include "lib/forks.h"

#define TABLES 2
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   14000UL
/* What is locked: from within one table into the other. */
#define FIRST 200UL
#define COUNT 600UL

static char *area;
static struct gate go;

static long locked_kib(void)
{
	static char text[4096];
	const int fd = open("/proc/self/status", O_RDONLY);
	const ssize_t n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	const char *line = strstr(text, "\nVmLck:");
	CHECK(line != NULL);
	return strtol(line + 7, NULL, 10);
}

static void lock(void)
{
	CHECK_EQ(mlock(area + FIRST * PAGE, COUNT * PAGE), 0);
	CHECK_EQ(locked_kib(), COUNT * PAGE >> 10);
}

static void check_there(size_t first, size_t count)
{
	unsigned char there[PAGES];
	CHECK_EQ(mincore(area + first * PAGE, count * PAGE, there), 0);
	for (size_t i = 0; i < count; i++)
		CHECK(there[i] & 1);
}

static void lock_and_write(void)
{
	CHECK_EQ(locked_kib(), 0);
	lock();
	check_there(FIRST, COUNT);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 2 * SEED);
	check_pages(area, PAGES, 2 * SEED);
	CHECK_EQ(munlock(area + FIRST * PAGE, COUNT * PAGE), 0);
	CHECK_EQ(locked_kib(), 0);
}

static void a_child_locks_its_own(void)
{
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(lock_and_write);
	CHECK_EQ(locked_kib(), 0);
	check_pages(area, PAGES, SEED);
}

static void expect_unlocked(void)
{
	gate_wait(&go);
	CHECK_EQ(locked_kib(), 0);
	check_pages(area, PAGES, SEED);
	mark_pages(area, PAGES, 3 * SEED);
	/* Nothing is in the way of dropping what is not locked here. */
	CHECK_EQ(madvise(area, PAGES * PAGE, MADV_DONTNEED), 0);
	check_zero(area, PAGES);
}

static void a_parent_locks_before_and_after(void)
{
	mark_pages(area, PAGES, SEED);
	gate_init(&go);
	const pid_t before = start_child(expect_unlocked);
	lock();
	const pid_t after = start_child(expect_unlocked);
	check_pages(area, PAGES, SEED);
	mark_pages(area + FIRST * PAGE, COUNT, 4 * SEED);
	gate_open(&go, 2);
	CHECK_EXITED(wait_for(before), 0);
	CHECK_EXITED(wait_for(after), 0);
	check_pages(area + FIRST * PAGE, COUNT, 4 * SEED);
	CHECK_ERRNO(madvise(area, PAGES * PAGE, MADV_DONTNEED), EINVAL);
	CHECK_EQ(munlock(area, PAGES * PAGE), 0);
	check_pages(area + (FIRST + COUNT) * PAGE, PAGES - FIRST - COUNT, SEED + FIRST + COUNT);
	gate_close(&go);
}

/* Locking what was never touched brings it in, and for this process alone. */
static void lock_the_untouched(void)
{
	lock();
	check_there(FIRST, COUNT);
	check_pages(area, FIRST, SEED);
	check_zero(area + FIRST * PAGE, PAGES - FIRST);
	mark_pages(area, PAGES, 5 * SEED);
}

static void what_was_never_touched_is_locked_on_one_side(void)
{
	CHECK_EQ(madvise(area, PAGES * PAGE, MADV_DONTNEED), 0);
	mark_pages(area, FIRST, SEED);
	CHECK_CHILD(lock_the_untouched);
	check_pages(area, FIRST, SEED);
	check_zero(area + FIRST * PAGE, PAGES - FIRST);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_locks_its_own),
		TEST(a_parent_locks_before_and_after),
		TEST(what_was_never_touched_is_locked_on_one_side),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
