// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* Every system call of a shell that takes a pointer says EFAULT to a bad one, and does nothing
 * else. */
#include "lib/test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <termios.h>

/* Stands in an argument list for the bad pointer. */
#define BAD 0x6261645f707472UL

static int file, pipe_in, pipe_out;
static char path[] = "f", *good;

struct call {
	const char *name;
	long number;
	unsigned long arguments[6];
	bool null_is_allowed;
};

static unsigned long bad[6];
enum { BAD_NULL, BAD_LOW, BAD_LINEAR, BAD_IMAGE, BAD_HOLE, BAD_NONE };

static void bad_init(void)
{
	char *p = map_pages(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, PROT_NONE), 0);
	bad[BAD_NULL] = 0;
	bad[BAD_LOW] = 16;
	bad[BAD_LINEAR] = KERNEL_LINEAR_ADDRESS;
	bad[BAD_IMAGE] = KERNEL_IMAGE_ADDRESS + 64;
	bad[BAD_HOLE] = (unsigned long)p + PAGE;
	bad[BAD_NONE] = (unsigned long)p + 3 * PAGE;
	good = p;
}

static void check_call(const struct call *call)
{
	for (size_t i = call->null_is_allowed ? BAD_LOW : BAD_NULL; i < ARRAY_SIZE(bad); i++) {
		unsigned long a[6];
		for (int j = 0; j < 6; j++)
			a[j] = call->arguments[j] == BAD ? bad[i] : call->arguments[j];
		errno = 0;
		const long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (result != -1 || errno != EFAULT)
			test_fail(__FILE__, __LINE__, "%s with %#lx: %ld, errno %d", call->name,
				  bad[i], result, errno);
	}
}

static void open_files(void)
{
	bad_init();
	file = make_file(path, 100);
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	pipe_in = ends[0];
	pipe_out = ends[1];
	write_all(pipe_out, "kept", 4);
}

static void close_files(void)
{
	char text[5] = { 0 };
	read_all(pipe_in, text, 4);
	CHECK_STR(text, "kept"); /* no call has taken it */
	close(file), close(pipe_in), close(pipe_out);
	struct stat st;
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_size, 100); /* none has written */
}

#define CALL(name, ...)                                   \
	{                                                 \
#name, SYS_##name, { __VA_ARGS__ }, false \
	}
#define CALL_OR_NULL(name, ...)                          \
	{                                                \
#name, SYS_##name, { __VA_ARGS__ }, true \
	}
#define HERE ((unsigned long)AT_FDCWD)

static void buffers(void)
{
	open_files();
	const struct call calls[] = {
		CALL(read, (unsigned)file, BAD, 10),
		CALL(read, (unsigned)pipe_in, BAD, 2),
		CALL(write, (unsigned)file, BAD, 10),
		CALL(write, (unsigned)pipe_out, BAD, 10),
		CALL(pread64, (unsigned)file, BAD, 10, 0),
		CALL(pwrite64, (unsigned)file, BAD, 10, 0),
		CALL(readv, (unsigned)file, BAD, 1),
		CALL(writev, (unsigned)file, BAD, 1),
		CALL(getrandom, BAD, 10, 0),
		CALL(readlinkat, HERE, (unsigned long)"l", BAD, 10),
		CALL(getcwd, BAD, 100),
		CALL(uname, BAD),
		CALL(fstat, (unsigned)file, BAD),
		CALL(newfstatat, HERE, (unsigned long)path, BAD, 0),
		CALL(ioctl, 0, TIOCGWINSZ, BAD),
		CALL(pipe2, BAD, 0),
		CALL(statfs, (unsigned long)"/", BAD),
		CALL(sysinfo, BAD),
		CALL(sendfile, (unsigned)pipe_out, (unsigned)file, BAD, 10),
	};
	CHECK_EQ(symlink("target", "l"), 0);
	const bool is_terminal = isatty(0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if ((calls[i].number != SYS_ioctl || is_terminal) &&
		    calls[i].number != SYS_sendfile)
			check_call(&calls[i]);
	struct call sendfile_call = calls[ARRAY_SIZE(calls) - 1];
	sendfile_call.null_is_allowed = true;
	check_call(&sendfile_call);
	const int directory = open(".", O_RDONLY);
	const struct call getdents = CALL(getdents64, (unsigned)directory, BAD, 1000);
	check_call(&getdents);
	CHECK(syscall(SYS_getdents64, directory, good, 1000) > 0); /* the names are not lost */
	close(directory);
	close_files();
}

static void names(void)
{
	open_files();
	const struct call calls[] = {
		CALL(openat, HERE, BAD, O_RDONLY, 0),
		CALL(chdir, BAD),
		CALL(mkdirat, HERE, BAD, 0700),
		CALL(unlinkat, HERE, BAD, 0),
		CALL(symlinkat, BAD, HERE, (unsigned long)"new"),
		CALL(symlinkat, (unsigned long)"target", HERE, BAD),
		CALL(linkat, HERE, BAD, HERE, (unsigned long)"new", 0),
		CALL(linkat, HERE, (unsigned long)path, HERE, BAD, 0),
		CALL(renameat2, HERE, BAD, HERE, (unsigned long)"new", 0),
		CALL(renameat2, HERE, (unsigned long)path, HERE, BAD, 0),
		CALL(readlinkat, HERE, BAD, (unsigned long)good, 10),
		CALL(newfstatat, HERE, BAD, (unsigned long)good, 0),
		CALL(faccessat, HERE, BAD, F_OK),
		CALL(fchmodat, HERE, BAD, 0700),
		CALL(fchownat, HERE, BAD, 0, 0, 0),
		CALL(execve, BAD, 0, 0),
		CALL(statfs, BAD, (unsigned long)good),
		CALL(truncate, BAD, 5),
	};
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		check_call(&calls[i]);
	close_files();
}

static void structures(void)
{
	open_files();
	const struct call calls[] = {
		CALL(ppoll, BAD, 1, 0, 0, 8),
		CALL_OR_NULL(ppoll, 0, 0, BAD, 0, 8),
		CALL_OR_NULL(rt_sigaction, SIGUSR1, BAD, 0, 8),
		CALL_OR_NULL(rt_sigaction, SIGUSR1, 0, BAD, 8),
		CALL_OR_NULL(rt_sigprocmask, SIG_BLOCK, BAD, 0, 8),
		CALL_OR_NULL(rt_sigprocmask, SIG_BLOCK, 0, BAD, 8),
		CALL(rt_sigpending, BAD, 8),
		CALL(rt_sigsuspend, BAD, 8),
		CALL_OR_NULL(prlimit64, 0, 7, BAD, 0),
		CALL_OR_NULL(prlimit64, 0, 7, 0, BAD),
		CALL(clock_gettime, 1, BAD),
		CALL(clock_nanosleep, 1, 0, BAD, 0),
		CALL(nanosleep, BAD, 0),
		CALL(getrusage, 0, BAD),
		CALL_OR_NULL(setitimer, 0, BAD, 0),
		CALL(getitimer, 0, BAD),
		CALL_OR_NULL(sigaltstack, BAD, 0),
		CALL_OR_NULL(sigaltstack, 0, BAD),
		CALL(prctl, 15, BAD),
		CALL(prctl, 16, BAD),
		CALL_OR_NULL(gettimeofday, BAD, 0),
		CALL_OR_NULL(times, BAD),
	};
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		check_call(&calls[i]);
	close_files();
}

static void strings_may_not_run_into_nothing(void)
{
	bad_init();
	char *end = good + PAGE;
	memset(end - 10, 'a', 10);
	CHECK_ERRNO(open(end - 10, O_RDONLY), EFAULT);
	end[-1] = '\0';
	CHECK_ERRNO(open(end - 10, O_RDONLY), ENOENT);
}

static void a_transfer_may_end_at_a_bad_page(void)
{
	open_files();
	char *end = good + PAGE;
	const ssize_t n = pread(file, end - 10, 50, 0);
	CHECK(n == 10 || (n == -1 && errno == EFAULT));
	if (n == 10)
		CHECK_EQ(end[-1], 9);
	memset(end - 10, 'z', 10);
	CHECK_ERRNO(fstat(file, (struct stat *)(end - 8)), EFAULT);
	int *straddling = (int *)(end - sizeof(int));
	const int next = dup(0);
	close(next);
	CHECK_ERRNO(syscall(SYS_pipe2, straddling, 0), EFAULT);
	const int again = dup(0);
	CHECK_EQ(again, next); /* no descriptor was left open */
	close(again);
	close_files();
}

static void zeros_end_where_memory_does(void)
{
	const size_t room = 20 * PAGE; /* more than is cleared at once */
	char *const memory =
		mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	CHECK_EQ(munmap(memory + room, PAGE), 0);
	memset(memory, 1, room);
	const int fd = open("/dev/zero", O_RDONLY);
	CHECK_EQ(read(fd, memory + room - 16, 64), 16);
	CHECK_ERRNO(read(fd, memory + room, 8), EFAULT);
	CHECK_EQ(read(fd, memory + room, 0), 0);
	CHECK_EQ(read(fd, memory + 32, room), room - 32);
	const struct iovec list[] = { { memory, 16 }, { memory + room, 0 }, { memory + 16, 15 } };
	CHECK_EQ(readv(fd, list, 3), 31);
	for (size_t i = 0; i < room; i++)
		CHECK_EQ(memory[i], i == 31 ? 1 : 0);
	close(fd);
	munmap(memory, room);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(buffers),
		TEST(names),
		TEST(structures),
		TEST(strings_may_not_run_into_nothing),
		TEST(a_transfer_may_end_at_a_bad_page),
		TEST(zeros_end_where_memory_does),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
