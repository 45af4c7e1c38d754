// SPDX-License-Identifier: MIT
/* modes: all */
/* Generations: each process forks the next, which finds everything its ancestors wrote. */
#include "lib/forks.h"

#define GENERATIONS 20

static int marks[GENERATIONS + 1];
static char *pages;

static void live(int generation)
{
	for (int i = 0; i < generation; i++) {
		CHECK_EQ(marks[i], i + 1);
		CHECK_EQ(pages[(size_t)i * PAGE], i + 1);
	}
	marks[generation] = generation + 1;
	pages[(size_t)generation * PAGE] = (char)(generation + 1);
	if (generation < GENERATIONS) {
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			live(generation + 1);
			_exit(generation + 1);
		}
		CHECK_EXITED(wait_for(pid), generation + 1);
	}
	for (int i = generation + 1; i <= GENERATIONS; i++) {
		CHECK_EQ(marks[i], 0);
		CHECK_EQ(pages[(size_t)i * PAGE], 0);
	}
}

static void each_generation_sees_its_ancestors_only(void)
{
	pages = map_pages(GENERATIONS + 1, PROT_READ | PROT_WRITE);
	live(0);
	CHECK_EQ(munmap(pages, (GENERATIONS + 1) * PAGE), 0);
}

static void ancestors_may_die_first(void)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < GENERATIONS; i++) {
			pid = fork();
			CHECK(pid >= 0);
			if (pid != 0)
				_exit(0);
			marks[i]++;
		}
		int sum = 0;
		for (int i = 0; i < GENERATIONS; i++)
			sum += marks[i] & 1;
		write_all(ends[1], &sum, sizeof(sum));
		_exit(0);
	}
	close(ends[1]);
	int sum = 0;
	read_all(ends[0], &sum, sizeof(sum));
	int expected = GENERATIONS;
	for (int i = 0; i < GENERATIONS; i++)
		expected -= marks[i] & 1;
	CHECK_EQ(sum, expected);
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	CHECK_EXITED(wait_for(pid), 0);
}

/* ---- a word in every table ---- */

#define TABLES 96UL

static char *tables;

static volatile unsigned long *word(unsigned long table)
{
	return (void *)(tables + table * TABLE_BYTES + table % TABLE_PAGES * PAGE);
}

static void check_words(unsigned long generation)
{
	for (unsigned long i = 0; i < TABLES; i++)
		CHECK_EQ(*word(i), (generation << 16) + i);
}

static void write_words(unsigned long generation)
{
	for (unsigned long i = 0; i < TABLES; i++)
		*word(i) = (generation << 16) + i;
}

static void live_in_tables(unsigned long generation)
{
	check_words(generation - 1);
	write_words(generation);
	if (generation == GENERATIONS)
		return;
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		live_in_tables(generation + 1);
		_exit(0);
	}
	write_words(2 * generation);
	CHECK_EXITED(wait_for(pid), 0);
	check_words(2 * generation);
}

static void each_generation_writes_into_every_table(void)
{
	tables = map_tables(TABLES);
	write_words(0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		live_in_tables(1);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	check_words(0);
	CHECK_EQ(munmap(tables, TABLES * TABLE_BYTES), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(ancestors_may_die_first),
		TEST(each_generation_sees_its_ancestors_only),
		TEST(each_generation_writes_into_every_table),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
