// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: a lock without memory is ENOLCK */
/* /proc/locks: who holds which lock, and who waits for it. */
#include "lib/test.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

static char text[1 << 16];

static bool is_listed(const char *line)
{
	const int fd = open("/proc/locks", O_RDONLY);
	CHECK(fd >= 0);
	const ssize_t n = read(fd, text, sizeof(text) - 1);
	CHECK(n >= 0);
	text[n] = '\0';
	close(fd);
	return strstr(text, line) != NULL;
}

/* What a line about the file says from its kind on. */
static const char *line_of(const char *kind, const char *type, pid_t pid, int fd, const char *range)
{
	static char line[128];
	struct stat st;
	CHECK_EQ(fstat(fd, &st), 0);
	snprintf(line, sizeof(line), ": %s %s %d %02x:%02x:%lu %s\n", kind, type, (int)pid,
		 major(st.st_dev), minor(st.st_dev), (unsigned long)st.st_ino, range);
	return line;
}

static void set(int fd, int command, short type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_start = start, .l_len = len };
	CHECK_EQ(fcntl(fd, command, &lock), 0);
}

static void each_kind_has_its_words(void)
{
	const int fd = make_file("f", 100);
	set(fd, F_SETLK, F_WRLCK, 10, 10);
	set(fd, F_SETLK, F_RDLCK, 50, 0);
	set(fd, F_OFD_SETLK, F_RDLCK, 0, 5);
	CHECK(is_listed(line_of("POSIX  ADVISORY ", "WRITE", getpid(), fd, "10 19")));
	CHECK(is_listed(line_of("POSIX  ADVISORY ", "READ", getpid(), fd, "50 EOF")));
	CHECK(is_listed(line_of("OFDLCK ADVISORY ", "READ", -1, fd, "0 4")));
	/* What is cut in two is two. */
	set(fd, F_SETLK, F_UNLCK, 14, 2);
	CHECK(is_listed(line_of("POSIX  ADVISORY ", "WRITE", getpid(), fd, "10 13")));
	CHECK(is_listed(line_of("POSIX  ADVISORY ", "WRITE", getpid(), fd, "16 19")));
	close(fd);
	CHECK(!is_listed(
		line_of("POSIX  ADVISORY ", "READ", getpid(), open("f", O_RDONLY), "50 EOF")));
}

static void lock_it(void)
{
	const int fd = open("g", O_RDWR);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
}

static void who_waits_stands_behind_the_holder(void)
{
	const int fd = make_file("g", 1);
	CHECK_EQ(flock(fd, LOCK_SH), 0);
	CHECK(is_listed(line_of("FLOCK  ADVISORY ", "READ", getpid(), fd, "0 EOF")));
	const pid_t child = start_child(lock_it);
	while (!is_listed(line_of("-> FLOCK  ADVISORY ", "WRITE", child, fd, "0 EOF")))
		sched_yield();
	CHECK_EQ(flock(fd, LOCK_UN), 0);
	CHECK_EQ(wait_for(child), 0);
	CHECK(!is_listed("-> FLOCK"));
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(each_kind_has_its_words),
		TEST(who_waits_stands_behind_the_holder),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
