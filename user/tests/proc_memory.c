// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* lack shows: a page of another that finds no memory is EIO in /proc/N/mem */
/* What /proc/N/smaps and status say of memory, and to whom. */
#include "lib/test.h"

#include <sys/resource.h>

static char text[1 << 18];

static const char *read_file(const char *path)
{
	const int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	size_t size = 0;
	ssize_t n;
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	CHECK_EQ(n, 0);
	text[size] = '\0';
	close(fd);
	return text;
}

/* The number behind @name in what follows @from. */
static long kib(const char *from, const char *name)
{
	const char *line = from != NULL ? strstr(from, name) : NULL;
	CHECK(line != NULL);
	return strtol(line + strlen(name), NULL, 10);
}

static const char *smaps_of(const char *mapping)
{
	char line[32];
	snprintf(line, sizeof(line), "%lx-", (unsigned long)mapping);
	return strstr(read_file("/proc/self/smaps"), line);
}

#define PAGES   16
#define TOUCHED 5
#define KIB     ((long)(PAGE >> 10))

static void touch(char *p)
{
	for (int i = 0; i < TOUCHED; i++)
		p[i * PAGE] = 1;
}

static char *shared; /* PAGES, of which TOUCHED are written */

static void look_at_shared_memory(void)
{
	touch(shared);
	const char *lines = smaps_of(shared);
	CHECK_EQ(kib(lines, "\nRss:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nPss:"), TOUCHED * KIB / 2);
	CHECK_EQ(kib(lines, "\nShared_Dirty:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nPrivate_Dirty:"), 0);
}

static void smaps_tells_what_is_shared(void)
{
	shared =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	touch(shared);
	CHECK_EQ(kib(smaps_of(shared), "\nPrivate_Dirty:"), TOUCHED * KIB);
	CHECK_CHILD(look_at_shared_memory);
	CHECK_EQ(munmap(shared, PAGES * PAGE), 0);
}

static void smaps_counts_the_pages_that_are_there(void)
{
	char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
	touch(p);
	CHECK_EQ(((volatile char *)p)[TOUCHED * PAGE], 0); /* costs no memory */
	const char *lines = smaps_of(p);
	CHECK_EQ(kib(lines, "\nSize:"), PAGES * KIB);
	CHECK_EQ(kib(lines, "\nRss:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nPss:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nPrivate_Dirty:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nAnonymous:"), TOUCHED * KIB);
	CHECK_EQ(kib(lines, "\nSwap:"), 0);
	CHECK_EQ(munmap(p, PAGES * PAGE), 0);
}

static void locked_memory_is_told(void)
{
	char *p = map_pages(PAGES, PROT_READ | PROT_WRITE);
	const long before = kib(read_file("/proc/self/status"), "\nVmLck:");
	CHECK_EQ(mlock(p, PAGES * PAGE), 0);
	CHECK_EQ(kib(read_file("/proc/self/status"), "\nVmLck:"), before + PAGES * KIB);
	CHECK_EQ(kib(smaps_of(p), "\nLocked:"), PAGES * KIB);
	CHECK_EQ(munmap(p, PAGES * PAGE), 0);
	CHECK_EQ(kib(read_file("/proc/self/status"), "\nVmLck:"), before);
}

/* More than the harts' own counts can be off by. */
#define MANY 4096

static void peaks_remember_what_was(void)
{
	read_file("/proc/self/status");
	const long size = kib(text, "\nVmSize:"), resident = kib(text, "\nVmRSS:");
	char *p = map_pages(MANY, PROT_READ | PROT_WRITE);
	for (int i = 0; i < MANY; i++)
		p[i * PAGE] = 1;
	CHECK_EQ(munmap(p, MANY * PAGE), 0);
	read_file("/proc/self/status");
	CHECK(kib(text, "\nVmPeak:") >= size + MANY * KIB);
	CHECK(kib(text, "\nVmSize:") < size + MANY * KIB / 2);
	CHECK(kib(text, "\nVmHWM:") >= resident + MANY * KIB / 2);
	CHECK(kib(text, "\nVmRSS:") < resident + MANY * KIB / 2);
}

static void peaks_begin_anew(void)
{
	CHECK_CHILD(peaks_remember_what_was);
	CHECK(kib(read_file("/proc/self/status"), "\nVmHWM:") < MANY * KIB);
}

static void touch_many(void)
{
	char *p = map_pages(MANY, PROT_READ | PROT_WRITE);
	for (int i = 0; i < MANY; i++)
		p[i * PAGE] = 1;
	CHECK_EQ(munmap(p, MANY * PAGE), 0);
	struct rusage r;
	CHECK_EQ(getrusage(RUSAGE_SELF, &r), 0);
	CHECK(r.ru_maxrss >= MANY * KIB / 2);
}

static void parents_learn_of_the_peaks_of_children(void)
{
	struct rusage r, all;
	CHECK_EQ(getrusage(RUSAGE_SELF, &r), 0);
	CHECK(r.ru_maxrss > 0 && r.ru_maxrss < MANY * KIB);
	const pid_t child = start_child(touch_many);
	int status;
	CHECK_EQ(wait4(child, &status, 0, &r), child);
	CHECK_EQ(status, 0);
	CHECK_EQ(getrusage(RUSAGE_CHILDREN, &all), 0);
	CHECK(r.ru_maxrss >= MANY * KIB / 2 && all.ru_maxrss >= r.ru_maxrss);
}

static char *pages; /* three, of which the second is not there */

static void be_looked_at(void)
{
	pages[0] = 'c';
	for (;;)
		pause();
}

static void mem_is_the_memory_of_the_process(void)
{
	char path[64], bytes[4] = { 0 };
	pages = map_pages(3, PROT_READ | PROT_WRITE);
	strcpy(pages + PAGE - 4, "end");
	strcpy(pages + 2 * PAGE, "own");
	CHECK_EQ(munmap(pages + PAGE, PAGE), 0);
	const pid_t child = start_child(be_looked_at);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
	const int fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	const off_t at = (off_t)(uintptr_t)pages;
	do
		CHECK_EQ(pread(fd, bytes, 1, at), 1);
	while (bytes[0] != 'c');
	CHECK_EQ(pages[0], 0); /* the parent's is another one */
	/* As much as there is. */
	CHECK_EQ(lseek(fd, at + (off_t)PAGE - 4, SEEK_SET), at + (off_t)PAGE - 4);
	CHECK_EQ(read(fd, bytes, sizeof(bytes)), 4);
	CHECK_STR(bytes, "end");
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), at + (off_t)PAGE);
	CHECK_ERRNO(read(fd, bytes, sizeof(bytes)), EIO);
	static char two[2 * PAGE];
	CHECK_EQ(pread(fd, two, sizeof(two), at), PAGE);
	CHECK_ERRNO(syscall(SYS_pread64, fd, 8, 1, at), EFAULT);
	CHECK_ERRNO(lseek(fd, 0, SEEK_END), EINVAL);
	/* What is written there is the child's alone. */
	CHECK_EQ(pwrite(fd, "new", 4, at + 2 * (off_t)PAGE), 4);
	CHECK_EQ(pread(fd, bytes, 4, at + 2 * (off_t)PAGE), 4);
	CHECK_STR(bytes, "new");
	CHECK_STR(pages + 2 * PAGE, "own");
	CHECK_ERRNO(pwrite(fd, "new", 4, at + (off_t)PAGE), EIO);
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(wait_for(child), SIGKILL);
	CHECK_EQ(pread(fd, bytes, 1, at), 0);
	close(fd);
}

/* In the program that exec has put in the place of the one that opened it. */
static int use_inherited(int fd)
{
	static char mine[8] = "mine";
	char bytes[4];
	CHECK_EQ(pwrite(fd, "his", 4, (off_t)(uintptr_t)mine), 0);
	CHECK_EQ(pread(fd, bytes, 4, (off_t)(uintptr_t)mine), 0);
	CHECK_STR(mine, "mine");
	return 0;
}

static void exec_with_mem_open(void)
{
	char number[12];
	snprintf(number, sizeof(number), "%d", open("/proc/self/mem", O_RDWR));
	execl(TEST_SELF, "proc_memory", number, (char *)NULL);
	CHECK(false);
}

static void mem_opened_before_exec_is_of_nobody_after_it(void)
{
	CHECK_CHILD(exec_with_mem_open);
}

static void look_as_somebody_else(void)
{
	static const char *const names[] = { "maps", "smaps", "environ", "mem" };
	const pid_t parent = getppid();
	CHECK_EQ(setuid(1000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)parent, names[i]);
		CHECK_ERRNO(open(path, O_RDONLY), EACCES);
	}
	CHECK(strstr(read_file("/proc/self/maps"), "[stack]") != NULL);
}

static void who_may_not_look_is_told_when_opening(void)
{
	if (getuid() != 0)
		test_skip("only root can become somebody else");
	CHECK_CHILD(look_as_somebody_else);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(smaps_counts_the_pages_that_are_there),
		TEST(smaps_tells_what_is_shared),
		TEST(locked_memory_is_told),
		TEST(peaks_begin_anew),
		TEST(parents_learn_of_the_peaks_of_children),
		TEST(mem_is_the_memory_of_the_process),
		TEST(mem_opened_before_exec_is_of_nobody_after_it),
		TEST(who_may_not_look_is_told_when_opening),
	};
	if (argc > 1)
		return use_inherited(atoi(argv[1]));
	return test_run(cases, ARRAY_SIZE(cases));
}
