// SPDX-License-Identifier: MIT
/* modes: all */
/*
 * A few writes amid many pages that were only read, over two middle tables and several generations.
 * It makes tables and few pages, so each of its allocations can be made to fail in a short time
 * (tests/system/test_failalloc.py).
 */
#include "lib/forks.h"

#define CHUNKS      2UL
#define CHUNK_PAGES 300UL
#define STEP        100UL /* pages from one write to the next */

static char *area;

/* Each chunk lies across two tables, the chunks a GiB apart. */
static char *chunk(size_t i)
{
	return area + i * MIDDLE_BYTES + TABLE_BYTES - CHUNK_PAGES / 2 * PAGE;
}

static volatile unsigned char *byte(size_t in_chunk, size_t page)
{
	return (unsigned char *)chunk(in_chunk) + page * PAGE + page;
}

/* 0 where nobody writes. */
static void check_all(unsigned char written)
{
	for (size_t c = 0; c < CHUNKS; c++)
		for (size_t page = 0; page < CHUNK_PAGES; page++)
			CHECK_EQ(*byte(c, page), page % STEP == 0 ? written : 0);
}

static void write_some(unsigned char value)
{
	for (size_t c = 0; c < CHUNKS; c++)
		for (size_t page = 0; page < CHUNK_PAGES; page += STEP)
			*byte(c, page) = value;
}

static void grandchild(void)
{
	check_all('c');
	CHECK_EQ(munmap(chunk(0) + 10 * PAGE, 40 * PAGE), 0);
	CHECK_EQ(mprotect(chunk(1), CHUNK_PAGES / 2 * PAGE, PROT_READ), 0);
	CHECK_EQ(*byte(0, STEP), 'c');
	*byte(0, STEP) = 'g';
	CHECK_EQ(*byte(1, 0), 'c');
}

static void child(void)
{
	check_all('p');
	write_some('c');
	CHECK_CHILD(grandchild);
	check_all('c');
	CHECK_EQ(madvise(chunk(0), CHUNK_PAGES * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(*byte(0, 0), 0);
}

static void a_few_writes_stay_with_who_made_them(void)
{
	area = map_tables(CHUNKS * MIDDLE_BYTES / TABLE_BYTES);
	check_all(0);
	write_some('p');
	CHECK_CHILD(child);
	check_all('p');
	write_some('q');
	check_all('q');
	CHECK_EQ(munmap(area, CHUNKS * MIDDLE_BYTES), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(a_few_writes_stay_with_who_made_them) };
	return test_run(cases, ARRAY_SIZE(cases));
}
