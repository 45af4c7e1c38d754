// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* Who looks at another's memory while it ends, or becomes another program, sees its bytes or is
 * told that there are none: never another's. */
#include "lib/forks.h"

#define TABLES 2
#define PAGES  (TABLES * TABLE_PAGES)
#define ROUNDS 8
#define SEED   8000UL

static char *area;
static struct gate looked_at, ready;
static char text[1 << 14];

/* 0: read, -1: there is nothing to read. What is read must be page @page as marked by either. */
static int read_page(int fd, size_t page)
{
	unsigned long words[2];
	const ssize_t n =
		pread(fd, words, sizeof(words[0]), (off_t)(uintptr_t)(area + page * PAGE));
	if (n != sizeof(words[0])) {
		/* 0: no memory any more. EIO, ESRCH: it is being taken down. */
		CHECK(n == 0 || errno == EIO || errno == ESRCH);
		return -1;
	}
	CHECK(words[0] == SEED + page || words[0] == 2 * SEED + page);
	return 0;
}

static void read_until_it_is_gone(pid_t pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	const int fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	gate_open(&looked_at, 1);
	gate_wait(&ready);
	unsigned long state = (unsigned long)pid;
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	for (int missing = 0; missing < 3;) {
		const size_t page = random_next(&state) % PAGES;
		missing += read_page(fd, page) != 0;
		const unsigned long mark = 2 * SEED + page;
		if (page % 4 == 0)
			(void)!pwrite(fd, &mark, sizeof(mark),
				      (off_t)(uintptr_t)(area + page * PAGE));
		/* Walks all of its tables. */
		if (page % 16 == 1) {
			const int maps = open(path, O_RDONLY);
			while (maps >= 0 && read(maps, text, sizeof(text)) > 0) {}
			close(maps);
		}
	}
	close(fd);
}

static int round_now;

static void live_shortly(void)
{
	gate_wait(&looked_at);
	gate_open(&ready, 1);
	for (int i = 0; i < round_now % 5; i++)
		sched_yield();
	if (round_now % 3 == 1)
		mark_pages(area, PAGES / 2, SEED);
	if (round_now % 3 == 2)
		CHECK_EQ(munmap(area, TABLE_BYTES), 0);
	if (round_now % 4 == 3) {
		execl(TEST_SELF, test_name, "end", (char *)NULL);
		_exit(TEST_CHILD_FAILED);
	}
}

static void a_reader_of_proc_mem_may_outlive_the_memory(void)
{
	gate_init(&looked_at);
	gate_init(&ready);
	for (round_now = 0; round_now < ROUNDS; round_now++) {
		mark_pages(area, PAGES, SEED);
		const pid_t pid = start_child(live_shortly);
		read_until_it_is_gone(pid);
		CHECK_EXITED(wait_for(pid), 0);
		/* Whatever was written there was not written here. */
		check_pages(area, PAGES, SEED);
	}
	gate_close(&looked_at);
	gate_close(&ready);
}

/* ---- truncation, which goes to all who map the file ---- */

#define MAPPERS     3
#define TRUNCATIONS 12

static char *map;
static volatile int *volatile stop;

static void fork_and_exit_on(void)
{
	while (*stop == 0) {
		const pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(0);
		CHECK_EXITED(wait_for(pid), 0);
	}
}

static void a_file_may_shrink_while_those_who_map_it_come_and_go(void)
{
	const int fd = make_file("f", PAGES / 2 * PAGE);
	stop = map_shared_page();
	map = mmap(NULL, PAGES / 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	for (size_t i = 0; i < PAGES / 2; i++)
		map[i * PAGE] = 1;
	mark_pages(area, PAGES, SEED);
	pid_t pids[MAPPERS];
	for (int i = 0; i < MAPPERS; i++)
		pids[i] = start_child(fork_and_exit_on);
	for (int i = 0; i < TRUNCATIONS; i++) {
		const off_t left = (off_t)((size_t)(i * 7 % 11) * 20 * PAGE);
		CHECK_EQ(ftruncate(fd, left), 0);
		CHECK_EQ(ftruncate(fd, PAGES / 2 * PAGE), 0);
		for (size_t page = 0; page < PAGES / 2; page += 8) {
			if ((off_t)(page * PAGE) >= left)
				CHECK_EQ(map[page * PAGE], 0);
			map[page * PAGE] = 1;
		}
	}
	*stop = 1;
	for (int i = 0; i < MAPPERS; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	CHECK_EQ(munmap(map, PAGES / 2 * PAGE), 0);
	close(fd);
	check_pages(area, PAGES, SEED);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_reader_of_proc_mem_may_outlive_the_memory),
		TEST(a_file_may_shrink_while_those_who_map_it_come_and_go),
	};
	if (argc > 1)
		return 0;
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
