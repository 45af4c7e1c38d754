// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: mlock() says EAGAIN */
/* Filling memory at once: handlers do not stop it, the end of the process does. */
#include "lib/test.h"

#include <poll.h>
#include <sys/time.h>

#define PAGES      2048
#define HUGE_BYTES (16UL << 30)

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void mlock_is_not_interrupted(void)
{
	static unsigned char here[PAGES];
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	handle(SIGALRM, count_alarm, 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int round = 0; round < 1000 && (round == 0 || alarms < 20); round++) {
		char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
		CHECK_EQ(mlock(p, PAGES * PAGE), 0);
		CHECK_EQ(mincore(p, PAGES * PAGE, here), 0);
		for (int i = 0; i < PAGES; i++)
			CHECK_EQ(here[i] & 1, 1);
		CHECK_EQ(munmap(p, PAGES * PAGE), 0);
	}
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(alarms != 0);
}

static int ready[2];

static void populate_for_long(void)
{
	write_all(ready[1], "", 1);
	/* Only zero pages and their tables: it costs time, not memory. */
	mmap(NULL, HUGE_BYTES, PROT_READ,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
	pause();
}

static void end_by(int sig)
{
	char byte;
	const pid_t pid = start_child(populate_for_long);
	read_all(ready[0], &byte, 1);
	poll(NULL, 0, 20); /* so that it most likely has begun */
	CHECK_EQ(kill(pid, sig), 0);
	CHECK_KILLED(wait_for(pid), sig);
}

static void a_signal_without_handler_ends_it(void)
{
	CHECK_EQ(pipe(ready), 0);
	end_by(SIGKILL);
	end_by(SIGTERM);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(mlock_is_not_interrupted),
		TEST(a_signal_without_handler_ends_it),
	};
	if (geteuid() != 0)
		test_skip("locks more than a user may");
	return test_run(cases, ARRAY_SIZE(cases));
}
