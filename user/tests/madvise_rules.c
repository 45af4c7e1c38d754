// SPDX-License-Identifier: MIT
/* modes: all */
/* oracle: linux-system */
/* lack shows: madvise() says EAGAIN */
/* madvise beyond MADV_DONTNEED: what each advice does, to whom, and which ones are wrong where. */
#include "lib/test.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static char *p;

static void child_finds_nothing(void)
{
	CHECK_EQ(touch_signal(p + PAGE, TOUCH_READ, NULL), SIGSEGV);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[2 * PAGE], 3);
}

static void child_finds_zeros(void)
{
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[0], 1);
	p[PAGE] = 5;
}

static void child_finds_all(void)
{
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[PAGE], 2);
}

static void three_pages(void)
{
	p = map_pages(3, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 3; i++)
		p[i * PAGE] = (char)(i + 1);
}

static void dontfork_keeps_pages_from_children(void)
{
	three_pages();
	CHECK_EQ(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0);
	CHECK_CHILD(child_finds_nothing);
	CHECK_EQ(p[PAGE], 2);
	CHECK_EQ(madvise(p, 3 * PAGE, MADV_DOFORK), 0);
	CHECK_CHILD(child_finds_all);
	munmap(p, 3 * PAGE);
}

static void wipeonfork_gives_children_zeros(void)
{
	three_pages();
	CHECK_EQ(madvise(p + PAGE, PAGE, MADV_WIPEONFORK), 0);
	CHECK_CHILD(child_finds_zeros);
	CHECK_EQ(p[PAGE], 2);
	CHECK_EQ(madvise(p, 3 * PAGE, MADV_KEEPONFORK), 0);
	CHECK_CHILD(child_finds_all);
	munmap(p, 3 * PAGE);
	char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	CHECK_ERRNO(madvise(shared, PAGE, MADV_WIPEONFORK), EINVAL);
	CHECK_ERRNO(madvise(shared, PAGE, MADV_FREE), EINVAL);
	munmap(shared, PAGE);
}

static void populate_brings_pages_in(void)
{
	unsigned char here[4];
	char *q = map_pages(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(mincore(q, 4 * PAGE, here), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(here[i] & 1, 0);
	CHECK_EQ(madvise(q, 2 * PAGE, MADV_POPULATE_WRITE), 0);
	CHECK_EQ(mincore(q, 4 * PAGE, here), 0);
	CHECK_EQ(here[0] & 1, 1);
	CHECK_EQ(here[1] & 1, 1);
	CHECK_EQ(here[2] & 1, 0);
	CHECK_EQ(mprotect(q, 4 * PAGE, PROT_READ), 0);
	CHECK_EQ(madvise(q, 4 * PAGE, MADV_POPULATE_READ), 0);
	CHECK_ERRNO(madvise(q, PAGE, MADV_POPULATE_WRITE), EINVAL);
	CHECK_EQ(munmap(q + PAGE, PAGE), 0);
	CHECK_ERRNO(madvise(q, 3 * PAGE, MADV_POPULATE_READ), ENOMEM);
	munmap(q, 4 * PAGE);
	const int fd = make_file("short", PAGE);
	q = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(q != MAP_FAILED);
	CHECK_ERRNO(madvise(q, 2 * PAGE, MADV_POPULATE_READ), EFAULT);
	munmap(q, 2 * PAGE);
	close(fd);
}

static void locked_pages_are_not_dropped(void)
{
	three_pages();
	CHECK_EQ(mlock(p, 3 * PAGE), 0);
	CHECK_ERRNO(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(munlock(p, PAGE), 0);
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], 0);
	munmap(p, 3 * PAGE);
}

static void hints_are_accepted_and_nonsense_is_not(void)
{
	static const int hints[] = { MADV_NORMAL,   MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
				     MADV_DONTDUMP, MADV_DODUMP, MADV_COLD,       MADV_PAGEOUT };
	three_pages();
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		CHECK_EQ(madvise(p, 3 * PAGE, hints[i]), 0);
	CHECK_EQ(p[PAGE], 2);
	CHECK_ERRNO(madvise(p, PAGE, 7), EINVAL);
	CHECK_ERRNO(madvise(p, PAGE, 1000), EINVAL);
	CHECK_ERRNO(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
	CHECK_ERRNO(madvise(p, SIZE_MAX, MADV_NORMAL), EINVAL);
	CHECK_EQ(madvise(p, 0, MADV_DONTNEED), 0);
	CHECK_ERRNO(madvise(p, PAGE, MADV_REMOVE), EINVAL);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(p[0], 0); /* done all the same, on both sides */
	CHECK_EQ(p[2 * PAGE], 0);
	munmap(p, 3 * PAGE);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(dontfork_keeps_pages_from_children),
		TEST(wipeonfork_gives_children_zeros),
		TEST(populate_brings_pages_in),
		TEST(locked_pages_are_not_dropped),
		TEST(hints_are_accepted_and_nonsense_is_not),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
