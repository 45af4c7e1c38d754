// SPDX-License-Identifier: MIT
/* modes: all */
/* Private pages of a file whose file has gone, or loses them: a writer gets a page of its own, even
 * where nobody but it and the file has this one, and nobody's private write reaches the file. */
#include "lib/forks.h"

#include <setjmp.h>

#define PAGES 600

static char *map;
static struct gate go;

static void check_bytes(size_t page, char first)
{
	const char *p = map + page * PAGE;
	CHECK_EQ(p[0], first != 0 ? first : (char)(page * PAGE % 251));
	CHECK_EQ(p[1], (char)((page * PAGE + 1) % 251));
	CHECK_EQ(p[PAGE - 1], (char)((page * PAGE + PAGE - 1) % 251));
}

static void check_all(char even, char odd)
{
	for (size_t i = 0; i < PAGES; i++)
		check_bytes(i, i % 2 == 0 ? even : odd);
}

static void write_even(char value)
{
	for (size_t i = 0; i < PAGES; i += 2)
		map[i * PAGE] = value;
}

static void child_writes(void)
{
	gate_wait(&go);
	check_all('p', 0);
	write_even('c');
	map[PAGE] = 'c';
	CHECK_EQ(map[PAGE], 'c');
	CHECK_EQ(map[PAGE + 1], (char)((PAGE + 1) % 251));
	map[PAGE] = (char)(PAGE % 251);
	check_all('c', 0);
}

static void a_file_without_a_name_stays_in_its_mappings(void)
{
	const int fd = make_file("f", PAGES * PAGE);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(map != MAP_FAILED);
	check_all(0, 0);
	write_even('p');
	gate_init(&go);
	const pid_t pids[] = { start_child(child_writes), start_child(child_writes) };
	CHECK_EQ(unlink("f"), 0);
	close(fd);
	gate_open(&go, 1);
	check_all('p', 0);
	gate_open(&go, 1);
	CHECK_EXITED(wait_for(pids[0]), 0);
	CHECK_EXITED(wait_for(pids[1]), 0);
	check_all('p', 0);
	for (size_t i = 0; i < PAGES; i++)
		map[i * PAGE] = 'q';
	check_all('q', 'q');
	CHECK_EQ(munmap(map, PAGES * PAGE), 0);
	gate_close(&go);
}

/* ---- truncated under the writers ---- */

#define SOME    4
#define ROUNDS  60
#define WRITERS 3
#define SECRET  0x5e5e

static sigjmp_buf out;
static volatile int *volatile stop;

static void leave_fault(int sig)
{
	siglongjmp(out, 1);
}

/* The file's words say its round; the secret is only ever written here, privately. */
static void write_secrets(void)
{
	handle(SIGBUS, leave_fault, SA_NODEFER);
	for (volatile size_t i = 0; *stop == 0; i++) {
		volatile int *word = (int *)(map + i % SOME * PAGE);
		if (sigsetjmp(out, 1) != 0)
			continue;
		const int seen = word[0];
		CHECK(seen == SECRET || (seen >= 0 && seen <= ROUNDS));
		word[0] = SECRET;
		word[0] = SECRET;
	}
}

static void no_private_write_reaches_a_file_that_comes_and_goes(void)
{
	const int fd = make_file("f", 0);
	stop = map_shared_page();
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(map != MAP_FAILED);
	/* So that there is something to share beside them. */
	char *more = map_tables(1);
	mark_pages(more, TABLE_PAGES, 1);
	pid_t pids[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		pids[i] = start_child(write_secrets);
	for (int round = 1; round <= ROUNDS && has_time(); round++) {
		for (size_t i = 0; i < SOME; i++)
			CHECK_EQ(pwrite(fd, &round, sizeof(round), (off_t)(i * PAGE)),
				 sizeof(round));
		sched_yield();
		for (size_t i = 0; i < SOME; i++) {
			int seen = 0;
			CHECK_EQ(pread(fd, &seen, sizeof(seen), (off_t)(i * PAGE)), sizeof(seen));
			CHECK_EQ(seen, round);
		}
		CHECK_EQ(ftruncate(fd, round % 2 == 0 ? 0 : PAGE), 0);
	}
	*stop = 1;
	for (int i = 0; i < WRITERS; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	CHECK_EQ(munmap(map, PAGES * PAGE), 0);
	CHECK_EQ(munmap(more, TABLE_BYTES), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_file_without_a_name_stays_in_its_mappings),
		TEST(no_private_write_reaches_a_file_that_comes_and_goes),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
