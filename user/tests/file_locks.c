// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: a lock without memory is ENOLCK */
/* Advisory locks: flock, and fcntl's on ranges of bytes. They do not see each other. */
#include "lib/test.h"

#include <sys/file.h>
#include <time.h>

static int new_file(void)
{
	const int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	return fd;
}

static int record(int fd, int command, short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
	return fcntl(fd, command, &l);
}

/* What another process finds in the way of writing [@start, @start + @len), told by its exit. */
static off_t asked_start, asked_len;
static struct flock *answer; /* shared with the child */

static void ask_in_child(void)
{
	*answer = (struct flock){ .l_type = F_WRLCK, .l_start = asked_start, .l_len = asked_len };
	CHECK_EQ(fcntl(new_file(), F_GETLK, answer), 0);
}

static const struct flock *ask(off_t start, off_t len)
{
	if (answer == NULL)
		answer =
			mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	asked_start = start;
	asked_len = len;
	CHECK_CHILD(ask_in_child);
	return answer;
}

#define CHECK_HELD(from, start, len)                   \
	do {                                           \
		const struct flock *l_ = ask(from, 1); \
		CHECK(l_->l_type != F_UNLCK);          \
		CHECK_EQ(l_->l_start, start);          \
		CHECK_EQ(l_->l_len, len);              \
		CHECK_EQ(l_->l_pid, getpid());         \
	} while (0)
#define CHECK_FREE(start, len) CHECK_EQ(ask(start, len)->l_type, F_UNLCK)

/* ---- flock ----------------------------------------------------------------------------------- */

static void flock_is_of_the_open_file(void)
{
	const int a = new_file(), b = new_file();
	CHECK_EQ(flock(a, LOCK_EX), 0);
	CHECK_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
	CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	const int same = dup(a);
	close(a); /* the open file lives */
	CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(same, LOCK_SH), 0);
	CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(same);
	CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(flock(b, LOCK_UN), 0);
	CHECK_EQ(flock(b, LOCK_UN), 0);
	CHECK_ERRNO(flock(b, LOCK_SH | LOCK_EX), EINVAL);
	CHECK_ERRNO(flock(-1, LOCK_SH), EBADF);
	close(b);
	const int path = open("f", O_PATH);
	CHECK_ERRNO(flock(path, LOCK_SH), EBADF);
	close(path);
}

static void a_refused_conversion_loses_the_lock(void)
{
	const int a = new_file(), b = new_file(), c = new_file();
	CHECK_EQ(flock(a, LOCK_SH), 0);
	CHECK_EQ(flock(b, LOCK_SH), 0);
	CHECK_ERRNO(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0); /* so a has none */
	CHECK_ERRNO(flock(c, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	close(a), close(b), close(c);
}

static int shared_fd;

static void flock_in_turn(void)
{
	const int fd = new_file();
	for (int i = 0; i < 25; i++) {
		int count = 0;
		CHECK_EQ(flock(fd, LOCK_EX), 0);
		CHECK(pread(fd, &count, sizeof(count), 0) >= 0);
		count++;
		CHECK_EQ(pwrite(fd, &count, sizeof(count), 0), sizeof(count));
		CHECK_EQ(flock(fd, LOCK_UN), 0);
	}
}

static void record_in_turn(void)
{
	const int fd = new_file();
	for (int i = 0; i < 25; i++) {
		int count = 0;
		CHECK_EQ(record(fd, F_SETLKW, F_WRLCK, 0, 4), 0);
		CHECK(pread(fd, &count, sizeof(count), 0) >= 0);
		count++;
		CHECK_EQ(pwrite(fd, &count, sizeof(count), 0), sizeof(count));
		CHECK_EQ(record(fd, F_SETLK, F_UNLCK, 0, 4), 0);
	}
}

static void four_count(test_fn *in_turn)
{
	pid_t pids[4];
	int count = 0;
	const int fd = new_file();
	CHECK_EQ(ftruncate(fd, 0), 0);
	for (int i = 0; i < 4; i++)
		pids[i] = start_child(in_turn);
	for (int i = 0; i < 4; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
	CHECK_EQ(pread(fd, &count, sizeof(count), 0), sizeof(count));
	CHECK_EQ(count, 100);
	close(fd);
}

static void those_who_wait_come_one_by_one(void)
{
	four_count(flock_in_turn);
	four_count(record_in_turn);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void wait_twice(void)
{
	handle(SIGUSR1, on_signal, 0);
	const int fd = new_file();
	write_all(shared_fd, "x", 1);
	CHECK_ERRNO(flock(fd, LOCK_SH), EINTR);
	write_all(shared_fd, "y", 1);
	CHECK_ERRNO(record(fd, F_SETLKW, F_RDLCK, 5, 1), EINTR);
}

/* Signals come again and again, since nobody can see that the other sleeps. */
static void signals_end_the_wait(void)
{
	int ends[2], status;
	CHECK_EQ(pipe(ends), 0);
	shared_fd = ends[1];
	const int fd = new_file();
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	const pid_t pid = start_child(wait_twice);
	char byte;
	read_all(ends[0], &byte, 1);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		CHECK_EQ(kill(pid, SIGUSR1), 0);
		const struct timespec moment = { .tv_nsec = 1000000 };
		nanosleep(&moment, NULL);
	}
	CHECK_EXITED(status, 0);
	close(fd), close(ends[0]), close(ends[1]);
}

/* ---- records --------------------------------------------------------------------------------- */

static void ranges_grow_together_and_split(void)
{
	const int fd = new_file();
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 20, 10), 0);
	CHECK_HELD(0, 0, 10);
	CHECK_FREE(10, 10);
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 10, 10), 0);
	CHECK_HELD(0, 0, 30);
	CHECK_EQ(record(fd, F_SETLK, F_UNLCK, 5, 5), 0);
	CHECK_HELD(0, 0, 5);
	CHECK_FREE(5, 5);
	CHECK_HELD(10, 10, 20);
	CHECK_EQ(record(fd, F_SETLK, F_RDLCK, 12, 3), 0);
	CHECK_HELD(10, 10, 2);
	CHECK_HELD(12, 12, 3);
	CHECK_EQ(answer->l_type, F_RDLCK);
	CHECK_HELD(15, 15, 15);
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 3, 0), 0);
	CHECK_HELD(1000, 0, 0);
	CHECK_EQ(record(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_FREE(0, 0);
	close(fd);
}

static void ranges_are_counted_from_three_places(void)
{
	const int fd = new_file();
	CHECK_EQ(ftruncate(fd, 100), 0);
	CHECK_EQ(lseek(fd, 50, SEEK_SET), 50);
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -10, .l_len = 5 };
	CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
	CHECK_HELD(40, 40, 5);
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 0, .l_len = -20 };
	CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
	CHECK_HELD(99, 80, 20);
	l.l_whence = 7;
	CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
	CHECK_ERRNO(record(fd, F_SETLK, F_WRLCK, -1, 1), EINVAL);
	CHECK_ERRNO(record(fd, F_SETLK, F_WRLCK, 1, -2), EINVAL);
	CHECK_ERRNO(record(fd, F_SETLK, F_WRLCK, 2, INT64_MAX), EOVERFLOW);
	CHECK_ERRNO(record(fd, F_SETLK, 9, 0, 1), EINVAL);
	CHECK_ERRNO(record(fd, F_GETLK, F_UNLCK, 0, 1), EINVAL);
	CHECK_ERRNO(record(-1, F_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERRNO(fcntl(fd, F_SETLK, (void *)KERNEL_LINEAR_ADDRESS), EFAULT);
	close(fd);
	const int reader = open("f", O_RDONLY), writer = open("f", O_WRONLY);
	CHECK_ERRNO(record(reader, F_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERRNO(record(writer, F_SETLK, F_RDLCK, 0, 1), EBADF);
	CHECK_EQ(record(reader, F_SETLK, F_UNLCK, 0, 1), 0);
	close(reader), close(writer);
}

static void try_in_child(void)
{
	const int fd = new_file();
	CHECK_EQ(record(fd, F_SETLK, F_RDLCK, 10, 5), 0);
	CHECK_ERRNO(record(fd, F_SETLK, F_WRLCK, 10, 5), EAGAIN);
	CHECK_ERRNO(record(fd, F_SETLK, F_RDLCK, 0, 5), EAGAIN);
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 30, 0), 0);
	/* What the parent holds stays when a copy of its descriptor is closed here. */
	close(shared_fd);
	CHECK_ERRNO(record(fd, F_SETLK, F_RDLCK, 0, 5), EAGAIN);
}

static void records_are_the_processs(void)
{
	shared_fd = new_file();
	CHECK_EQ(record(shared_fd, F_SETLK, F_WRLCK, 0, 5), 0);
	CHECK_EQ(record(shared_fd, F_SETLK, F_RDLCK, 10, 5), 0);
	CHECK_EQ(flock(shared_fd, LOCK_EX), 0); /* the other kind */
	CHECK_CHILD(try_in_child);
	CHECK_EQ(record(shared_fd, F_SETLK, F_WRLCK, 10, 30), 0); /* the child's went with it */
	CHECK_HELD(20, 10, 30);
	/* Any descriptor of the file, says POSIX. */
	close(new_file());
	CHECK_FREE(0, 0);
	CHECK_EQ(record(shared_fd, F_SETLK, F_WRLCK, 0, 5), 0);
	CHECK(dup2(STDERR_FILENO, shared_fd) == shared_fd);
	CHECK_FREE(0, 0);
	close(shared_fd);
}

static int to_child[2], to_parent[2];

static void lock_two_then_one(void)
{
	char byte;
	const int fd = new_file();
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 2, 1), 0);
	write_all(to_parent[1], "x", 1);
	read_all(to_child[0], &byte, 1);
	/* One of us two is refused; who waits gets it when the other gives up. */
	const int result = record(fd, F_SETLKW, F_WRLCK, 1, 1);
	if (result < 0)
		CHECK_EQ(errno, EDEADLK);
	close(fd);
	_exit(result < 0 ? 1 : 0);
}

static void a_circle_is_refused(void)
{
	char byte;
	CHECK_EQ(pipe(to_child), 0);
	CHECK_EQ(pipe(to_parent), 0);
	const int fd = new_file();
	CHECK_EQ(record(fd, F_SETLK, F_WRLCK, 1, 1), 0);
	const pid_t pid = start_child(lock_two_then_one);
	read_all(to_parent[0], &byte, 1);
	write_all(to_child[1], "x", 1);
	const int result = record(fd, F_SETLKW, F_WRLCK, 2, 1);
	if (result < 0)
		CHECK_EQ(errno, EDEADLK);
	close(fd);
	const int status = wait_for(pid);
	CHECK_EXITED(status, result < 0 ? 0 : 1);
	for (int i = 0; i < 2; i++)
		close(to_child[i]), close(to_parent[i]);
}

static void open_files_own_records_too(void)
{
	const int a = new_file(), b = new_file();
	CHECK_EQ(record(a, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
	CHECK_ERRNO(record(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	CHECK_ERRNO(record(b, F_SETLK, F_WRLCK, 5, 1), EAGAIN); /* even of the same process */
	struct flock l = { .l_type = F_RDLCK, .l_start = 3, .l_len = 1 };
	CHECK_EQ(fcntl(b, F_OFD_GETLK, &l), 0);
	CHECK_EQ(l.l_type, F_WRLCK);
	CHECK_EQ(l.l_len, 10);
	CHECK_EQ(l.l_pid, -1);
	l.l_pid = 1;
	CHECK_ERRNO(fcntl(b, F_OFD_SETLK, &l), EINVAL);
	const int same = dup(a);
	close(same);
	CHECK_ERRNO(record(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	close(a);
	CHECK_EQ(record(b, F_OFD_SETLK, F_WRLCK, 5, 1), 0);
	close(b);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(flock_is_of_the_open_file),      TEST(a_refused_conversion_loses_the_lock),
		TEST(those_who_wait_come_one_by_one), TEST(signals_end_the_wait),
		TEST(ranges_grow_together_and_split), TEST(ranges_are_counted_from_three_places),
		TEST(records_are_the_processs),       TEST(a_circle_is_refused),
		TEST(open_files_own_records_too),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
