// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/*
 * Row "no memory": the largest process is killed, and nobody else. Only on a small machine: filling
 * a large one takes long, and on somebody's own Linux it would be no test but an attack.
 */
#include "lib/test.h"

#include <sys/prctl.h>
#include <sys/sysinfo.h>

#include "kernel/syscall/heifer.h"

#define SMALL_MACHINE_BYTES (64UL << 20)

static void eat(void)
{
	for (;;) {
		char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
		if (p == MAP_FAILED)
			continue;
		for (size_t i = 0; i < 64; i++)
			p[i * PAGE] = 1;
	}
}

static void idle(void)
{
	for (;;)
		pause();
}

static void the_eater_is_killed_and_a_small_process_lives(void)
{
	const pid_t small = start_child(idle);
	for (int round = 0; round < 2; round++)
		CHECK_KILLED(run_in_child(eat), SIGKILL);
	CHECK_EQ(waitpid(small, NULL, WNOHANG), 0);
	CHECK_EQ(kill(small, SIGKILL), 0);
	CHECK_KILLED(wait_for(small), SIGKILL);
	/* What it ate is there again. */
	char *p = map_pages(512, PROT_READ | PROT_WRITE);
	memset(p, 1, 512 * PAGE);
	CHECK_EQ(munmap(p, 512 * PAGE), 0);
}

/* The copy runs out of memory half way, and gives all back: which is not to be tried for ever. */
static void fork_more_than_there_is(void)
{
	struct sysinfo info;
	if (prctl(PR_HEIFER_SET_FORK_MODE, HEIFER_FORK_COPY) != 0 || sysinfo(&info) != 0)
		_exit(0); /* no such mode: there is nothing to copy */
	const size_t pages = info.freeram * info.mem_unit / PAGE * 2 / 3;
	memset(map_pages(pages, PROT_READ | PROT_WRITE), 1, pages * PAGE);
	(void)fork();
	_exit(1);
}

static void who_forks_what_does_not_fit_is_killed(void)
{
	const int status = run_in_child(fork_more_than_there_is);
	if (status != 0)
		CHECK_KILLED(status, SIGKILL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_eater_is_killed_and_a_small_process_lives),
		TEST(who_forks_what_does_not_fit_is_killed),
	};
	struct sysinfo info;
	if (sysinfo(&info) != 0 || info.totalram * info.mem_unit >= SMALL_MACHINE_BYTES)
		test_skip("only on a machine with less than 64 MiB");
	return test_run(cases, ARRAY_SIZE(cases));
}
