// SPDX-License-Identifier: MIT
/* modes: all */
/* After fork neither process sees what the other writes, wherever it writes. */
#include "lib/test.h"

enum { DATA, BSS, HEAP, STACK, MAP, FILE_MAP, PLACES };

static volatile int in_data = 100;
static volatile int in_bss;
static volatile int *places[PLACES];
static int to_child[2], to_parent[2];

static void check_all(int value)
{
	for (int i = 0; i < PLACES; i++)
		CHECK_EQ(*places[i], value + i);
}

static void set_all(int value)
{
	for (int i = 0; i < PLACES; i++)
		*places[i] = value + i;
}

static void take_turns(int from, int to, int mine, bool first)
{
	char byte = 't';
	for (int round = 0; round < 20; round++) {
		if (!first || round > 0)
			read_all(from, &byte, 1);
		check_all(mine);
		mine += 10;
		set_all(mine);
		write_all(to, &byte, 1);
	}
	if (first)
		read_all(from, &byte, 1);
	check_all(mine);
}

static void writes_show_on_one_side_only(void)
{
	volatile int on_stack = 0;
	const int fd = make_file("f", PAGE);
	places[DATA] = &in_data;
	places[BSS] = &in_bss;
	places[HEAP] = malloc(sizeof(int));
	places[STACK] = &on_stack;
	places[MAP] = (int *)map_pages(1, PROT_READ | PROT_WRITE);
	places[FILE_MAP] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(places[FILE_MAP] != MAP_FAILED);
	CHECK_EQ(pipe(to_child), 0);
	CHECK_EQ(pipe(to_parent), 0);
	set_all(1000);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		take_turns(to_child[0], to_parent[1], 1000, false);
		_exit(0);
	}
	set_all(5000);
	take_turns(to_parent[0], to_child[1], 5000, true);
	CHECK_EXITED(wait_for(pid), 0);
	int first;
	CHECK_EQ(pread(fd, &first, sizeof(first), 0), sizeof(first));
	CHECK_EQ(first, 0x03020100);
	close(fd);
}

static void mapping_and_unmapping_show_on_one_side_only(void)
{
	char *p = map_pages(4, PROT_READ | PROT_WRITE);
	memset(p, 3, 4 * PAGE);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(munmap(p, PAGE), 0);
		CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
		CHECK_EQ(mmap(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 p + 2 * PAGE);
		CHECK_EQ(p[2 * PAGE], 0);
		CHECK_EQ(madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED), 0);
		CHECK_EQ(p[3 * PAGE], 0);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	for (size_t i = 0; i < 4 * PAGE; i += 128)
		CHECK_EQ(p[i], 3);
	memset(p, 4, 4 * PAGE);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

static void descriptors_show_on_one_side_only(void)
{
	const int fd = make_file("f", 1);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(close(fd), 0);
		CHECK_EQ(dup2(0, 200), 200);
		_exit(0);
	}
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_ERRNO(fcntl(200, F_GETFD), EBADF);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(writes_show_on_one_side_only),
		TEST(mapping_and_unmapping_show_on_one_side_only),
		TEST(descriptors_show_on_one_side_only),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
