// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/*
 * A fork that fails leaves nothing behind that the next one would trip over: no translation a
 * thread could still write by what the next child is to see. Where allocations can be made to fail
 * (debug builds of Heifer, /proc/fail-nth) every one of fork's does; everywhere a fork fails that
 * has copied all memory and then finds fault with what it was asked for.
 */
#include "lib/forks.h"

#define TABLES  2
#define PAGES   (TABLES * TABLE_PAGES)
#define WRITERS 1

static char *area;
static atomic_bool stop;
static int control = -1; /* /proc/fail-nth */
static unsigned long nth;

/* x is raised before y, so y <= x <= y + 1 at any moment. */
static volatile unsigned long *x_of(size_t writer)
{
	return (void *)(area + writer * PAGE + 64);
}

static volatile unsigned long *y_of(size_t writer)
{
	return (void *)(area + (TABLE_PAGES + writer) * PAGE + 64);
}

static void *raise_pair(void *arg)
{
	const size_t i = (size_t)(intptr_t)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		++*x_of(i);
		atomic_thread_fence(memory_order_seq_cst);
		++*y_of(i);
		atomic_thread_fence(memory_order_seq_cst);
	}
	return NULL;
}

static void look(void)
{
	unsigned long seen[WRITERS][2];
	for (size_t i = 0; i < WRITERS; i++) {
		seen[i][1] = *y_of(i);
		seen[i][0] = *x_of(i);
		CHECK(seen[i][1] <= seen[i][0] && seen[i][0] <= seen[i][1] + 1);
	}
	for (int round = 0; round < 2; round++) {
		sched_yield();
		for (size_t i = 0; i < WRITERS; i++) {
			CHECK_EQ(*x_of(i), seen[i][0]);
			CHECK_EQ(*y_of(i), seen[i][1]);
		}
	}
	check_pages(area, PAGES, 1);
}

static pthread_t writers[WRITERS];

static void start_writers(void)
{
	start_threads(writers, WRITERS, raise_pair);
	for (size_t i = 0; i < WRITERS; i++)
		while (*y_of(i) == 1)
			sched_yield();
}

static void stop_writers(void)
{
	atomic_store(&stop, true);
	join_threads(writers, WRITERS);
	check_pages(area, PAGES, 1);
}

/* ---- the fork that fails late ---- */

static void fork_in_vain(void)
{
	/* The child's descriptor cannot be told. Who does not know of such fails it as well. */
	CHECK_EQ(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, KERNEL_LINEAR_ADDRESS, 0, 0), -1);
}

static void fork_in_vain_and_again(void)
{
	start_writers();
	for (int i = 0; i < 3; i++) {
		fork_in_vain();
		CHECK_CHILD(look);
		fork_in_vain();
	}
	stop_writers();
}

static void the_fork_after_one_that_failed_late_is_right(void)
{
	CHECK_CHILD(fork_in_vain_and_again);
}

/* ---- forks whose allocations fail ---- */

#define NOT_HIT 3 /* exit status: fork has fewer allocations */

static void fail_allocation(unsigned long number)
{
	char text[24];
	const int length = snprintf(text, sizeof(text), "%lu", number);
	(void)!write(control, text, (size_t)length);
}

/* In its own process, as a failure that comes after fork may end it. */
static void fork_with_a_failure(void)
{
	start_writers();
	fail_allocation(nth);
	const pid_t pid = fork();
	const int error = errno;
	if (pid == 0)
		_exit(0); /* its own business */
	fail_allocation(0);
	if (pid > 0) {
		(void)wait_for(pid);
		_exit(NOT_HIT);
	}
	CHECK_EQ(error, ENOMEM);
	CHECK_CHILD(look);
	stop_writers();
}

static void the_fork_after_one_without_memory_is_right(void)
{
	control = open("/proc/fail-nth", O_RDWR);
	if (control < 0)
		return; /* nothing can be made to fail here */
	int failures = 0;
	for (int missed = 0; missed < 3;) {
		/* Each of the tables' and objects'; where fork copies all pages, some of those. */
		nth += 1 + nth / 40 * 20;
		const int status = run_in_child(fork_with_a_failure);
		if (WIFSIGNALED(status))
			continue; /* of a page that it wanted on the way to fork or from there */
		CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == NOT_HIT);
		failures += WEXITSTATUS(status) == 0;
		missed = WEXITSTATUS(status) == 0 ? 0 : missed + 1;
	}
	CHECK(failures > 3);
	close(control);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_fork_after_one_that_failed_late_is_right),
		TEST(the_fork_after_one_without_memory_is_right),
	};
	area = map_tables(TABLES);
	mark_pages(area, PAGES, 1);
	/* They start at what the mark says. */
	for (size_t i = 0; i < WRITERS; i++)
		*x_of(i) = *y_of(i) = 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
