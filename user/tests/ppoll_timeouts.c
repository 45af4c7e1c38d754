// SPDX-License-Identifier: MIT
/* poll waits for the first of many, for a time, or for a signal; times are checked from below only.
 */
#include "lib/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>

static int ends[2];

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_timeout_lasts_as_long_as_asked(void)
{
	CHECK_EQ(pipe(ends), 0);
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	long start = now_ms();
	CHECK_EQ(poll(&p, 1, 50), 0);
	CHECK(now_ms() - start >= 49);
	start = now_ms();
	CHECK_EQ(poll(NULL, 0, 30), 0);
	CHECK(now_ms() - start >= 29);
	CHECK_EQ(poll(&p, 1, 0), 0);
	close(ends[0]), close(ends[1]);
}

static void write_one(void)
{
	write_all(ends[1], "x", 1);
}

static void a_writer_wakes_a_waiting_reader(void)
{
	CHECK_EQ(pipe(ends), 0);
	struct pollfd p[] = { { .fd = -1, .events = POLLIN }, { .fd = ends[0], .events = POLLIN } };
	const pid_t pid = start_child(write_one);
	CHECK_EQ(poll(p, 2, -1), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLIN);
	CHECK_EXITED(wait_for(pid), 0);
	close(ends[0]), close(ends[1]);
}

static void on_signal(int signal_number)
{
}

static void the_mask_is_changed_for_the_wait_alone(void)
{
	sigset_t blocked, none, old;
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	handle(SIGUSR1, on_signal, SA_RESTART);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	const struct timespec times[] = { { .tv_sec = 30 }, { .tv_sec = 0 } };
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		CHECK_EQ(raise(SIGUSR1), 0);
		CHECK_ERRNO(ppoll(NULL, 0, &times[i], &none), EINTR); /* never restarted */
		CHECK_EQ(ppoll(NULL, 0, &times[1], &none), 0);
		CHECK_EQ(raise(SIGUSR1), 0);
		CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &times[i], &none), EINTR);
		CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &old), 0);
		CHECK(sigismember(&old, SIGUSR1));
	}
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	handle(SIGUSR1, SIG_DFL, 0);
}

static void senseless_times_are_einval(void)
{
	struct timespec t = { .tv_sec = 0, .tv_nsec = 1000000000 };
	CHECK_ERRNO(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), EINVAL);
	t = (struct timespec){ .tv_sec = -1 };
	CHECK_ERRNO(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), EINVAL);
}

static void files_are_always_ready(void)
{
	const int fd = make_file("f", 0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
	close(fd);
}

static void what_cannot_be_asked_is_told_unasked(void)
{
	close(make_file("f", 0));
	const int path = open("f", O_PATH);
	struct pollfd p[] = { { .fd = path }, { .fd = -1, .events = POLLIN }, { .fd = 999 } };
	CHECK_EQ(poll(p, 3, -1), 2);
	CHECK_EQ(p[0].revents, POLLNVAL);
	CHECK_EQ(p[1].revents, 0);
	CHECK_EQ(p[2].revents, POLLNVAL);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(path, &set);
	fd_set except = set;
	CHECK_EQ(select(path + 1, &set, NULL, &except, NULL), 2);
	close(path);
	CHECK_ERRNO(select(path + 1, &set, NULL, NULL, NULL), EBADF);
}

#define MANY 40

static void the_last_of_many_ends_the_wait(void)
{
	struct pollfd p[MANY];
	int others[MANY];
	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(pipe(ends), 0);
		p[i] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
		others[i] = ends[1];
	}
	CHECK_EQ(poll(p, MANY, 0), 0);
	const pid_t pid = start_child(write_one);
	CHECK_EQ(poll(p, MANY, -1), 1);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(p[i].revents, i == MANY - 1 ? POLLIN : 0);
	CHECK_EXITED(wait_for(pid), 0);
	for (int i = 0; i < MANY; i++)
		close(p[i].fd), close(others[i]);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_timeout_lasts_as_long_as_asked),
		TEST(a_writer_wakes_a_waiting_reader),
		TEST(the_mask_is_changed_for_the_wait_alone),
		TEST(senseless_times_are_einval),
		TEST(files_are_always_ready),
		TEST(what_cannot_be_asked_is_told_unasked),
		TEST(the_last_of_many_ends_the_wait),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
