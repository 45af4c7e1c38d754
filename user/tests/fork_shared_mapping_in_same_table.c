// SPDX-License-Identifier: MIT
/* modes: all */
/* Shared mappings amid private ones, in the same table: what is written there is everybody's, also
 * after fork, and what is written beside them nobody's else. */
#include "lib/forks.h"

#define TABLES 2
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   5000
#define COUNT  16UL

/* Pages of shared memory, the last over the border of two tables. */
static const size_t at[] = { 3, 100, TABLE_PAGES - COUNT / 2 };
#define PLACES ARRAY_SIZE(at)

static char *area;
static struct gate turn[2];

static char *place(size_t i)
{
	return area + at[i] * PAGE;
}

static void set_up(bool of_file)
{
	int fd = -1;
	int flags = MAP_SHARED | MAP_FIXED;
	if (of_file)
		fd = make_file("f", PLACES * COUNT * PAGE);
	else
		flags |= MAP_ANONYMOUS;
	area = map_tables(TABLES);
	for (size_t i = 0; i < PLACES; i++)
		CHECK(mmap(place(i), COUNT * PAGE, PROT_READ | PROT_WRITE, flags, fd,
			   of_file ? (off_t)(i * COUNT * PAGE) : 0) == place(i));
	close(fd);
	mark_pages(area, PAGES, SEED);
	gate_init(&turn[0]);
	gate_init(&turn[1]);
}

static void check_private(unsigned long seed)
{
	size_t from = 0;
	for (size_t i = 0; i < PLACES; i++) {
		check_pages(area + from * PAGE, at[i] - from, seed + from);
		from = at[i] + COUNT;
	}
	check_pages(area + from * PAGE, PAGES - from, seed + from);
}

static void mark_private(unsigned long seed)
{
	size_t from = 0;
	for (size_t i = 0; i < PLACES; i++) {
		mark_pages(area + from * PAGE, at[i] - from, seed + from);
		from = at[i] + COUNT;
	}
	mark_pages(area + from * PAGE, PAGES - from, seed + from);
}

static void check_shared(unsigned long seed)
{
	for (size_t i = 0; i < PLACES; i++)
		check_pages(place(i), COUNT, seed + at[i]);
}

static void mark_shared(unsigned long seed)
{
	for (size_t i = 0; i < PLACES; i++)
		mark_pages(place(i), COUNT, seed + at[i]);
}

#define ROUNDS 3UL

/* Two processes write in turns, private and shared memory, 0 first. */
static void play(size_t me, unsigned long private_seed)
{
	for (unsigned long round = 0; round < ROUNDS; round++) {
		gate_wait(&turn[me]);
		check_private(private_seed);
		check_shared(me == 0 && round == 0 ? SEED : SEED * (10 + 2 * round + me));
		private_seed += 100000;
		mark_shared(SEED * (11 + 2 * round + me));
		mark_private(private_seed);
		check_private(private_seed);
		gate_open(&turn[1 - me], 1);
	}
}

static void play_second(void)
{
	play(1, SEED);
}

static void play_first_below(void)
{
	gate_open(&turn[0], 1);
	play(0, SEED);
}

/* The middle one only looks on: what it has is untouched until the end. */
static void grandchild_plays(void)
{
	const pid_t pid = start_child(play_second);
	gate_open(&turn[0], 1);
	play(0, SEED);
	CHECK_EXITED(wait_for(pid), 0);
	gate_wait(&turn[0]);
	check_shared(SEED * (12 + 2 * (ROUNDS - 1)));
}

static void everybody_sees_the_shared(void)
{
	const pid_t pid = start_child(play_second);
	play_first_below();
	CHECK_EXITED(wait_for(pid), 0);
	gate_wait(&turn[0]);
	check_shared(SEED * (12 + 2 * (ROUNDS - 1)));
	/* And among grandchildren, while this process stands by. */
	mark_shared(SEED);
	mark_private(SEED);
	CHECK_CHILD(grandchild_plays);
	check_private(SEED);
	check_shared(SEED * (12 + 2 * (ROUNDS - 1)));
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
}

static void anonymous_memory_stays_shared_amid_private(void)
{
	set_up(false);
	everybody_sees_the_shared();
}

static void pages_of_a_file_stay_shared_amid_private(void)
{
	set_up(true);
	everybody_sees_the_shared();
	/* The file has them as well. */
	const int fd = open("f", O_RDONLY);
	for (size_t i = 0; i < PLACES; i++) {
		unsigned long word = 0;
		CHECK_EQ(pread(fd, &word, sizeof(word), (off_t)(i * COUNT * PAGE)), sizeof(word));
		CHECK_EQ(word, SEED * (12 + 2 * (ROUNDS - 1)) + at[i]);
	}
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(anonymous_memory_stays_shared_amid_private),
		TEST(pages_of_a_file_stay_shared_amid_private),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
