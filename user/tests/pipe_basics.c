// SPDX-License-Identifier: MIT
/* Pipes: bytes in order, full and empty, ends that close, and whole writes up to PIPE_BUF. */
#include "lib/test.h"

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>

static int ends[2];

static void bytes_come_out_in_order(void)
{
	CHECK_EQ(pipe(ends), 0);
	write_all(ends[1], "hello ", 6);
	write_all(ends[1], "world", 5);
	char text[32] = { 0 };
	CHECK_EQ(read(ends[0], text, 3), 3);
	CHECK_EQ(read(ends[0], text + 3, sizeof(text) - 3), 8);
	CHECK_STR(text, "hello world");
	CHECK_ERRNO(write(ends[0], "x", 1), EBADF);
	CHECK_ERRNO(read(ends[1], text, 1), EBADF);
	CHECK_ERRNO(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERRNO(pread(ends[0], text, 1, 0), ESPIPE);
	CHECK_ERRNO(ftruncate(ends[1], 0), EINVAL);
	struct stat st;
	CHECK_EQ(fstat(ends[0], &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	close(ends[0]), close(ends[1]);
}

/* A pipe has no places, whatever else is wrong with the call. */
static void no_end_takes_a_position(void)
{
	CHECK_EQ(pipe(ends), 0);
	char text[1];
	const struct iovec one = { text, 1 };
	CHECK_ERRNO(pread(ends[1], text, 1, 0), ESPIPE);
	CHECK_ERRNO(pwrite(ends[0], "x", 1, 0), ESPIPE);
	CHECK_ERRNO(preadv(ends[1], &one, 1, 0), ESPIPE);
	CHECK_ERRNO(pwritev(ends[0], &one, 1, 0), ESPIPE);
	CHECK_ERRNO(pread(ends[0], text, 1, -1), EINVAL);
	const int by_path = open(".", O_PATH);
	CHECK_ERRNO(pread(by_path, text, 1, 0), EBADF);
	CHECK_ERRNO(preadv(by_path, &one, 1, 0), EBADF);
	close(ends[0]), close(ends[1]), close(by_path);
}

static void flags_are_those_asked_for(void)
{
	CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	CHECK_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	/* QEMU 10's user mode reports every file as a large one. */
	const int large_file = 0100000;
	CHECK_EQ(fcntl(ends[0], F_GETFL) & ~large_file, O_RDONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(ends[1], F_GETFL) & ~large_file, O_WRONLY | O_NONBLOCK);
	close(ends[0]), close(ends[1]);
	CHECK_ERRNO(syscall(SYS_pipe2, ends, 0x1234567), EINVAL);
}

static void full_and_empty_are_eagain_if_nonblocking(void)
{
	CHECK_EQ(pipe2(ends, O_NONBLOCK), 0);
	char block[PAGE] = { 0 };
	CHECK_ERRNO(read(ends[0], block, 1), EAGAIN);
	size_t total = 0;
	ssize_t n;
	while ((n = write(ends[1], block, sizeof(block))) > 0)
		total += (size_t)n;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(total, 65536);
	CHECK_ERRNO(write(ends[1], block, 1), EAGAIN);
	CHECK_EQ(read(ends[0], block, sizeof(block)), sizeof(block));
	CHECK_EQ(write(ends[1], block, sizeof(block)), sizeof(block));
	close(ends[0]), close(ends[1]);
}

static void pump(void)
{
	char block[1000];
	close(ends[0]);
	for (int i = 0; i < 300; i++) {
		memset(block, i, sizeof(block));
		CHECK_EQ(write(ends[1], block, sizeof(block)), sizeof(block)); /* blocks, and is
										  whole */
	}
}

static void a_full_pipe_blocks_until_it_is_read(void)
{
	CHECK_EQ(pipe(ends), 0);
	const pid_t pid = start_child(pump);
	close(ends[1]);
	for (int i = 0; i < 300; i++) {
		char block[1000];
		read_all(ends[0], block, sizeof(block));
		for (size_t j = 0; j < sizeof(block); j++)
			CHECK_EQ(block[j], (char)i);
	}
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	CHECK_EXITED(wait_for(pid), 0);
	close(ends[0]);
}

static char letter;

static void write_whole_blocks(void)
{
	char block[PIPE_BUF];
	memset(block, letter, sizeof(block));
	for (int i = 0; i < 30; i++)
		CHECK_EQ(write(ends[1], block, sizeof(block)), sizeof(block));
}

static void writes_up_to_pipe_buf_are_not_mixed(void)
{
	CHECK_EQ(pipe(ends), 0);
	pid_t pids[3];
	for (int i = 0; i < 3; i++) {
		letter = (char)('a' + i);
		pids[i] = start_child(write_whole_blocks);
	}
	close(ends[1]);
	for (int i = 0; i < 90; i++) {
		char block[PIPE_BUF];
		read_all(ends[0], block, sizeof(block));
		for (size_t j = 1; j < sizeof(block); j++)
			CHECK_EQ(block[j], block[0]);
	}
	for (int i = 0; i < 3; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	close(ends[0]);
}

static void read_a_byte(void)
{
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 1);
}

static void one_write_wakes_as_many_readers_as_it_feeds(void)
{
	pid_t pids[4];
	CHECK_EQ(pipe(ends), 0);
	for (int i = 0; i < 4; i++) {
		pids[i] = start_child(read_a_byte);
		wait_until_asleep(pids[i]);
	}
	write_all(ends[1], "four", 4);
	for (int i = 0; i < 4; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	close(ends[0]);
	close(ends[1]);
}

static void write_a_block(void)
{
	char block[PIPE_BUF] = { 0 };
	CHECK_EQ(write(ends[1], block, sizeof(block)), sizeof(block));
}

static void one_read_wakes_as_many_writers_as_it_makes_room_for(void)
{
	static char all[1 << 16];
	pid_t pids[4];
	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(fcntl(ends[1], F_GETPIPE_SZ), sizeof(all));
	write_all(ends[1], all, sizeof(all));
	for (int i = 0; i < 4; i++) {
		pids[i] = start_child(write_a_block);
		wait_until_asleep(pids[i]);
	}
	CHECK_EQ(read(ends[0], all, sizeof(all)), sizeof(all));
	for (int i = 0; i < 4; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	close(ends[0]);
	close(ends[1]);
}

static void write_to_nobody(void)
{
	CHECK_EQ(write(ends[1], "x", 1), -1);
	_exit(1); /* not reached: the signal kills */
}

static void nobody_reads_is_sigpipe_and_epipe(void)
{
	CHECK_EQ(pipe(ends), 0);
	close(ends[0]);
	CHECK_KILLED(run_in_child(write_to_nobody), SIGPIPE);
	handle(SIGPIPE, SIG_IGN, 0);
	CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
	handle(SIGPIPE, SIG_DFL, 0);
	close(ends[1]);
}

static volatile sig_atomic_t broken;

static void on_broken_pipe(int signal_number)
{
	broken++;
}

static void leave_a_sleeping_writer(void)
{
	struct pollfd begun = { .fd = ends[0], .events = POLLIN };
	close(ends[1]);
	CHECK_EQ(poll(&begun, 1, -1), 1);
	wait_until_asleep(getppid());
	close(ends[0]);
	_exit(0);
}

/* What went in before the last reader left is counted; the signal comes all the same. */
static void write_that_loses_its_reader_tells_what_it_wrote(void)
{
	static char much[65536 + PAGE];
	CHECK_EQ(pipe(ends), 0);
	handle(SIGPIPE, on_broken_pipe, SA_RESTART);
	const pid_t pid = start_child(leave_a_sleeping_writer);
	close(ends[0]);
	broken = 0;
	CHECK_EQ(write(ends[1], much, sizeof(much)), 65536);
	CHECK_EQ(broken, 1);
	CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
	CHECK_EQ(broken, 2);
	CHECK_EXITED(wait_for(pid), 0);
	handle(SIGPIPE, SIG_DFL, 0);
	close(ends[1]);
}

static void end_of_file_comes_after_the_last_byte(void)
{
	CHECK_EQ(pipe(ends), 0);
	const int second = dup(ends[1]);
	write_all(ends[1], "ab", 2);
	close(ends[1]);
	char byte;
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	CHECK_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	close(second);
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	CHECK_EQ(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static short events_of(int fd, short asked)
{
	struct pollfd p = { .fd = fd, .events = asked };
	const int n = poll(&p, 1, 0);
	CHECK_EQ(n, p.revents != 0);
	return p.revents;
}

static void poll_tells_what_would_not_block(void)
{
	char block[65536] = { 0 };
	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(events_of(ends[0], POLLIN), 0);
	CHECK_EQ(events_of(ends[1], POLLOUT), POLLOUT);
	write_all(ends[1], block, sizeof(block));
	CHECK_EQ(events_of(ends[0], POLLIN), POLLIN);
	CHECK_EQ(events_of(ends[1], POLLOUT), 0);
	close(ends[1]);
	CHECK_EQ(events_of(ends[0], POLLIN), POLLIN | POLLHUP);
	read_all(ends[0], block, sizeof(block));
	CHECK_EQ(events_of(ends[0], POLLIN), POLLHUP);
	close(ends[0]);
	CHECK_EQ(pipe(ends), 0);
	close(ends[0]);
	CHECK_EQ(events_of(ends[1], POLLOUT), POLLOUT | POLLERR);
	close(ends[1]);
	CHECK_EQ(events_of(ends[1], POLLOUT), POLLNVAL);
}

static void who_opens_late_is_not_hung_up_on(void)
{
	CHECK_EQ(mkfifo("fifo", 0600), 0);
	const int early = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK_EQ(events_of(early, POLLIN), 0);
	int writer = open("fifo", O_WRONLY);
	CHECK_EQ(events_of(early, POLLIN), 0);
	close(writer);
	CHECK_EQ(events_of(early, POLLIN), POLLHUP);
	const int late = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK_EQ(events_of(late, POLLIN), 0);
	CHECK_EQ(events_of(early, POLLIN), POLLHUP);
	writer = open("fifo", O_WRONLY);
	CHECK_EQ(events_of(late, POLLIN), 0);
	close(writer);
	CHECK_EQ(events_of(late, POLLIN), POLLHUP);
	close(early), close(late);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(bytes_come_out_in_order),
		TEST(no_end_takes_a_position),
		TEST(flags_are_those_asked_for),
		TEST(full_and_empty_are_eagain_if_nonblocking),
		TEST(a_full_pipe_blocks_until_it_is_read),
		TEST(writes_up_to_pipe_buf_are_not_mixed),
		TEST(one_write_wakes_as_many_readers_as_it_feeds),
		TEST(one_read_wakes_as_many_writers_as_it_makes_room_for),
		TEST(nobody_reads_is_sigpipe_and_epipe),
		TEST(write_that_loses_its_reader_tells_what_it_wrote),
		TEST(end_of_file_comes_after_the_last_byte),
		TEST(poll_tells_what_would_not_block),
		TEST(who_opens_late_is_not_hung_up_on),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
