// SPDX-License-Identifier: MIT
/* modes: all */
/* What a process wrote into private pages of a file, its .data among them, is what its children
 * find there and write on: never again what the file holds. */
#include "lib/forks.h"

#define SEED 4000

/* Pages of the program's file, which tell where they are; and enough beside them to be shared. */
static unsigned long in_data[3][PAGE / sizeof(unsigned long)] = {
	{ [0] = 11, [1] = 12, [511] = 13 },
	{ [0] = 21, [1] = 22, [511] = 23 },
	{ [0] = 31, [1] = 32, [511] = 33 },
};
static char in_bss[TABLE_PAGES * PAGE];

static void check_data(unsigned long first, unsigned long second, unsigned long third)
{
	const unsigned long expected[] = { first, second, third };
	for (unsigned long i = 0; i < 3; i++) {
		CHECK_EQ(((volatile unsigned long *)in_data[i])[0], expected[i]);
		CHECK_EQ(in_data[i][1], 10 * i + 12);
		CHECK_EQ(in_data[i][511], 10 * i + 13);
	}
}

/* Writes what the parent has written, and what it has not. */
static void child_writes_data(void)
{
	check_data(111, 21, 131);
	in_data[0][0] = 211;
	in_data[1][0] = 221;
	check_data(211, 221, 131);
	in_data[2][0] = 231;
	check_data(211, 221, 231);
}

static void the_data_of_a_program_stays_as_it_was_written(void)
{
	mark_pages(in_bss, sizeof(in_bss) / PAGE, SEED);
	in_data[0][0] = 111;
	in_data[2][0] = 131;
	for (int i = 0; i < 3; i++) {
		CHECK_CHILD(child_writes_data);
		check_data(111, 21, 131);
	}
	check_pages(in_bss, sizeof(in_bss) / PAGE, SEED);
	in_data[1][0] = 121;
	check_data(111, 121, 131);
}

#define PAGES 700

static unsigned char *map;

static unsigned char in_file(size_t at)
{
	return (unsigned char)(at % 251);
}

/* Every third page has a byte of the parent's, every fourth one of the child's. */
static void check_map(unsigned char parents, unsigned char childs)
{
	for (size_t i = 0; i < PAGES; i++) {
		const size_t at = i * PAGE;
		CHECK_EQ(map[at], in_file(at));
		CHECK_EQ(map[at + 1], i % 3 == 0 ? parents : in_file(at + 1));
		CHECK_EQ(map[at + 2], i % 4 == 0 && childs != 0 ? childs : in_file(at + 2));
		CHECK_EQ(map[at + PAGE - 1], in_file(at + PAGE - 1));
	}
}

static void write_map(size_t step, size_t offset, unsigned char value)
{
	for (size_t i = 0; i < PAGES; i += step)
		map[i * PAGE + offset] = value;
}

static void child_writes_map(void)
{
	check_map('p', 0);
	write_map(4, 2, 'c');
	check_map('p', 'c');
	write_map(3, 1, 'C');
	check_map('C', 'c');
}

static void write_map_between_generations(void)
{
	CHECK_CHILD(child_writes_map);
	write_map(4, 2, 'm');
	check_map('p', 'm');
}

static void private_pages_of_a_file_stay_as_they_were_written(void)
{
	const int fd = make_file("f", PAGES * PAGE);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(map != MAP_FAILED);
	write_map(3, 1, 'p');
	for (int i = 0; i < 2; i++) {
		CHECK_CHILD(child_writes_map);
		check_map('p', 0);
		CHECK_CHILD(write_map_between_generations);
		check_map('p', 0);
	}
	write_map(4, 2, 'q');
	check_map('p', 'q');
	CHECK_EQ(munmap(map, PAGES * PAGE), 0);
	for (size_t i = 0; i < PAGES; i++) {
		unsigned char bytes[3];
		CHECK_EQ(pread(fd, bytes, 3, (off_t)(i * PAGE)), 3);
		CHECK_EQ(bytes[1], in_file(i * PAGE + 1));
		CHECK_EQ(bytes[2], in_file(i * PAGE + 2));
	}
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_data_of_a_program_stays_as_it_was_written),
		TEST(private_pages_of_a_file_stay_as_they_were_written),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
