// SPDX-License-Identifier: MIT
/*
 * Row "allowed, and the leaf already allows it": another hart was faster. That cannot be forced
 * from here; what a program can see is that nothing is lost when several processes fault on the
 * same pages at once.
 */
#include "lib/test.h"

#define WORKERS 4
#define PAGES   32
#define ROUNDS  200

struct shared {
	_Atomic int ready;
	_Atomic int counts[PAGES][PAGE / sizeof(int)];
};

static struct shared *s;

static void touch_all_at_once(void)
{
	s->ready++;
	while (s->ready < WORKERS)
		;
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < PAGES; i++)
			s->counts[i][round]++;
}

static void pages_first_touched_by_several_at_once_count_right(void)
{
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
	pid_t pids[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		pids[i] = start_child(touch_all_at_once);
	for (int i = 0; i < WORKERS; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	for (size_t i = 0; i < PAGES; i++)
		for (int round = 0; round < ROUNDS; round++)
			CHECK_EQ(s->counts[i][round], WORKERS);
	CHECK_EQ(munmap(s, sizeof(*s)), 0);
}

static void a_page_that_lost_and_got_back_its_rights_can_be_written(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	for (int round = 0; round < 200; round++) {
		*(volatile char *)p = (char)round;
		CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
		CHECK_EQ(*(volatile char *)p, (char)round);
		CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	}
	CHECK_EQ(munmap(p, PAGE), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(pages_first_touched_by_several_at_once_count_right),
		TEST(a_page_that_lost_and_got_back_its_rights_can_be_written),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
