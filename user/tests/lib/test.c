// SPDX-License-Identifier: MIT
/*
 * Running cases and what they share; test.h says it all. Lines are written with one write(2) each,
 * unbuffered: a fork must not print twice what the parent has not yet printed.
 */
#include "lib/test.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

/* A case that takes longer has failed; its processes are gone with the signal, but for its
 * children. */
#define CASE_SECONDS 300
/* What is done again and again in the hope of meeting a race is not begun again after so long. */
#define RACE_SECONDS 20
#define LINE_BYTES   512

const char *test_name;

static jmp_buf end_of_case;
static pid_t main_process;
static char work_directory[64];
static time_t case_begun;

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "# %s:%d: %s\n", file, line, text);
	if (getpid() == main_process)
		longjmp(end_of_case, 1);
	_exit(TEST_CHILD_FAILED);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void leave_directory(void)
{
	if (chdir("..") == 0)
		nftw(work_directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static bool enter_directory(void)
{
	snprintf(work_directory, sizeof(work_directory), "heifer-test-%d", (int)getpid());
	if (mkdir(work_directory, 0700) == 0 && chdir(work_directory) == 0)
		return true;
	dprintf(STDOUT_FILENO, "Bail out! no directory to work in: %s\n", strerror(errno));
	return false;
}

void test_skip(const char *why)
{
	dprintf(STDOUT_FILENO, "1..0 # SKIP %s\n", why);
	if (work_directory[0] != '\0')
		leave_directory();
	exit(0);
}

static time_t seconds_now(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec : 0;
}

bool has_time(void)
{
	return seconds_now() - case_begun < RACE_SECONDS;
}

/* 0 if the case went through. */
static int run_case(const struct test_case *c)
{
	char top[sizeof(work_directory) + 256];
	if (getcwd(top, sizeof(top)) == NULL)
		return 1;
	case_begun = seconds_now();
	alarm(CASE_SECONDS);
	const int failed = setjmp(end_of_case);
	if (failed == 0)
		c->run();
	alarm(0);
	return chdir(top) != 0 || failed != 0;
}

int test_run(const struct test_case *cases, size_t count)
{
	main_process = getpid();
	umask(022);
	if (!enter_directory())
		return 1;
	dprintf(STDOUT_FILENO, "KTAP version 1\n1..%zu\n", count);
	int result = 0;
	for (size_t i = 0; i < count; i++) {
		char sentence[LINE_BYTES];
		snprintf(sentence, sizeof(sentence), "%s", cases[i].name);
		for (char *c = sentence; *c != '\0'; c++)
			if (*c == '_')
				*c = ' ';
		const int failed = run_case(&cases[i]);
		dprintf(STDOUT_FILENO, "%sok %zu - %s\n", failed ? "not " : "", i + 1, sentence);
		result |= failed;
	}
	leave_directory();
	return result;
}

pid_t start_child(test_fn *fn)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	return pid;
}

int wait_for(pid_t pid)
{
	int status = -1;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	CHECK_EQ(got, pid);
	return status;
}

char state_of(pid_t pid)
{
	char path[32], text[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const int fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	CHECK_EQ(close(fd), 0);
	const char *name_end = strrchr(text, ')');
	CHECK(name_end != NULL && name_end[1] == ' ');
	return name_end[2];
}

void wait_until_asleep(pid_t pid)
{
	while (state_of(pid) != 'S')
		sched_yield();
}

int run_in_child(test_fn *fn)
{
	return wait_for(start_child(fn));
}

int run_self(const char *word)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(TEST_SELF, test_name, word, (char *)NULL);
		_exit(TEST_CHILD_FAILED);
	}
	return wait_for(pid);
}

void handle(int signal_number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	CHECK_EQ(sigaction(signal_number, &action, NULL), 0);
}

void handle_info(int signal_number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };
	CHECK_EQ(sigaction(signal_number, &action, NULL), 0);
}

char *map_pages(size_t pages, int prot)
{
	char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

int make_file(const char *name, size_t size)
{
	const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	char block[PAGE];
	for (size_t at = 0; at < size; at += sizeof(block)) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)((at + i) % 251);
		write_all(fd, block, size - at < sizeof(block) ? size - at : sizeof(block));
	}
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

void write_all(int fd, const void *from, size_t count)
{
	for (size_t done = 0; done < count;) {
		const ssize_t n = write(fd, (const char *)from + done, count - done);
		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0);
		done += (size_t)n;
	}
}

void read_all(int fd, void *to, size_t count)
{
	for (size_t done = 0; done < count;) {
		const ssize_t n = read(fd, (char *)to + done, count - done);
		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0);
		done += (size_t)n;
	}
}

/* What the child's handler saw, told by a pipe. */
struct report {
	int signal, code;
};
static int report_fd;

static void on_touch(int signal_number, siginfo_t *info, void *context)
{
	const struct report r = { signal_number, info->si_code };
	const ssize_t n = write(report_fd, &r, sizeof(r));
	_exit(n == sizeof(r) ? 0 : 1);
}

static void touch(const volatile void *address, enum touch how)
{
	if (how == TOUCH_READ)
		(void)*(const volatile char *)address;
	else if (how == TOUCH_WRITE)
		*(volatile char *)(uintptr_t)address = 1;
	else
		((void (*)(void))(uintptr_t)address)();
}

int touch_signal(const volatile void *address, enum touch how, int *code)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		report_fd = ends[1];
		handle_info(SIGSEGV, on_touch, 0);
		handle_info(SIGBUS, on_touch, 0);
		handle_info(SIGILL, on_touch, 0);
		touch(address, how);
		_exit(0);
	}
	close(ends[1]);
	struct report r = { 0, 0 };
	const ssize_t n = read(ends[0], &r, sizeof(r));
	close(ends[0]);
	const int status = wait_for(pid);
	CHECK_EXITED(status, 0);
	CHECK(n == 0 || n == sizeof(r));
	if (code != NULL)
		*code = r.code;
	return r.signal;
}
