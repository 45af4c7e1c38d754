// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What ps, free, mount and programs themselves read in /proc. */
#include "lib/test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>

static char text[65536];

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

static void self_is_the_reader(void)
{
	char link[32] = { 0 }, expected[32];
	snprintf(expected, sizeof(expected), "%d", (int)getpid());
	CHECK(readlink("/proc/self", link, sizeof(link) - 1) > 0);
	CHECK_STR(link, expected);
}

static void stat_status_and_cmdline_name_the_process(void)
{
	int pid, parent, group, session;
	char state;
	CHECK_EQ(sscanf(strrchr(read_file("/proc/self/stat"), ')') + 1, " %c %d %d %d", &state,
			&parent, &group, &session),
		 4);
	CHECK_EQ(atoi(text), getpid());
	CHECK_EQ(state, 'R');
	CHECK(parent == getppid() && group == getpgrp() && session == getsid(0));
	int fields = 0;
	for (const char *c = text; *c != '\0'; c++)
		fields += *c == ' ';
	CHECK_EQ(fields + 1, 52);
	CHECK(strstr(read_file("/proc/self/status"), "\nPid:\t") != NULL);
	CHECK_EQ(sscanf(strstr(text, "\nPid:\t"), " Pid: %d", &pid), 1);
	CHECK_EQ(pid, getpid());
	CHECK(strstr(text, "\nVmRSS:") != NULL && strstr(text, "\nUid:\t") != NULL);
	read_file("/proc/self/cmdline");
	CHECK(strstr(text, test_name) != NULL);
	char name[32];
	snprintf(name, sizeof(name), "%.15s\n", "proc_files");
	CHECK_STR(read_file("/proc/self/comm"), name);
}

static void the_exe_link_is_the_file_that_runs(void)
{
	char before[256] = { 0 };
	CHECK(readlink(TEST_SELF, before, sizeof(before) - 1) > 0);
	CHECK_STR(before, "/tests/.all");
	CHECK_EXITED(run_self("exe"), 0); /* through the link itself */
}

static void exe_is(const char *wanted)
{
	char path[512] = { 0 };
	CHECK(readlink(TEST_SELF, path, sizeof(path) - 1) > 0);
	CHECK_STR(path, wanted);
}

static int look_at_exe(void)
{
	exe_is("/tests/.all");
	return 0;
}

static int move_own_file(void)
{
	char dir[256], wanted[300];
	CHECK(getcwd(dir, sizeof(dir)) != NULL);
	snprintf(wanted, sizeof(wanted), "%s/program", dir);
	exe_is(wanted);
	CHECK_EQ(rename("program", "moved"), 0);
	snprintf(wanted, sizeof(wanted), "%s/moved", dir);
	exe_is(wanted);
	CHECK_EQ(unlink("moved"), 0);
	snprintf(wanted, sizeof(wanted), "%s/moved (deleted)", dir);
	exe_is(wanted);
	return 0;
}

static void become_a_copy(void)
{
	char *const args[] = { (char *)(uintptr_t)test_name, "move", NULL };
	const int from = open(TEST_SELF, O_RDONLY);
	const int to = open("program", O_WRONLY | O_CREAT, 0700);
	CHECK(from >= 0 && to >= 0);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	close(from), close(to);
	execv("./program", args);
	test_fail(__FILE__, __LINE__, "exec: %s", strerror(errno));
}

static void the_exe_link_follows_its_file(void)
{
	CHECK_EXITED(run_in_child(become_a_copy), 0);
}

static void descriptors_are_listed_and_can_be_opened_again(void)
{
	const int fd = make_file("f", 10);
	char path[64], target[512] = { 0 };
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, target, sizeof(target) - 1) > 0);
	CHECK_STR(strrchr(target, '/'), "/f");
	CHECK_EQ(unlink("f"), 0);
	const int again = open(path, O_RDONLY); /* the file, not its name */
	CHECK(again >= 0);
	char byte;
	CHECK_EQ(pread(again, &byte, 1, 5), 1);
	CHECK_EQ(byte, 5);
	close(fd), close(again);
}

static void maps_has_the_stack_and_the_mapping(void)
{
	char *p = map_pages(3, PROT_READ);
	char line[64];
	snprintf(line, sizeof(line), "%lx-%lx r--p", (unsigned long)p, (unsigned long)p + 3 * PAGE);
	read_file("/proc/self/maps");
	CHECK(strstr(text, "[stack]") != NULL && strstr(text, "[vdso]") != NULL);
	CHECK(strstr(text, "r-xp") != NULL && strstr(text, "/tests/.all") != NULL);
	CHECK(strstr(text, "rwxp") == NULL);
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

static void the_system_tells_about_itself(void)
{
	unsigned long total, free_kib;
	CHECK_EQ(sscanf(read_file("/proc/meminfo"), "MemTotal: %lu kB MemFree: %lu kB", &total,
			&free_kib),
		 2);
	CHECK(total > free_kib && free_kib > 0);
	double up, idle;
	CHECK_EQ(sscanf(read_file("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(up > 0);
	CHECK_EQ(strncmp(read_file("/proc/stat"), "cpu ", 4), 0);
	CHECK(strstr(text, "\ncpu0 ") != NULL && strstr(text, "\nbtime ") != NULL);
	CHECK(strstr(read_file("/proc/mounts"), " /proc proc ") != NULL);
	CHECK(strstr(read_file("/proc/cpuinfo"), "processor\t: 0") != NULL);
	CHECK(strlen(read_file("/proc/version")) > 0);
}

static void every_name_and_process_is_listed(void)
{
	DIR *d = opendir("/proc");
	CHECK(d != NULL);
	bool init = false, self = false, sys = false;
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		CHECK(strchr(e->d_name, '/') == NULL);
		init |= strcmp(e->d_name, "1") == 0;
		self |= atoi(e->d_name) == getpid();
		sys |= strcmp(e->d_name, "sys") == 0 && e->d_type == DT_DIR;
	}
	closedir(d);
	CHECK(init && self && sys);
	CHECK_ERRNO(open("/proc/1073741823/stat", O_RDONLY), ENOENT);
}

/* ---- tasks ------------------------------------------------------------------------------ */

static atomic_int second; /* number of the second thread */
static atomic_bool may_end;

static void *be_second(void *arg)
{
	prctl(PR_SET_NAME, "second");
	atomic_store(&second, (int)syscall(SYS_gettid));
	while (!atomic_load(&may_end))
		sched_yield();
	return arg;
}

static const char *read_of_task(int tid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, name);
	return read_file(path);
}

static int count_tasks(const char *path)
{
	int count = 0;
	DIR *d = opendir(path);
	CHECK(d != NULL);
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		const int tid = atoi(e->d_name);
		CHECK(tid == 0 || tid == getpid() || tid == atomic_load(&second));
		count += tid != 0;
	}
	closedir(d);
	return count;
}

static void look_at_tasks(void)
{
	pthread_t thread;
	char line[64];
	CHECK_EQ(count_tasks("/proc/self/task"), 1);
	CHECK_EQ(pthread_create(&thread, NULL, be_second, NULL), 0);
	while (atomic_load(&second) == 0)
		sched_yield();
	const int tid = atomic_load(&second);
	CHECK_EQ(count_tasks("/proc/self/task"), 2);
	CHECK_STR(read_of_task(tid, "comm"), "second\n");
	CHECK(strncmp(read_of_task(getpid(), "comm"), test_name, 10) == 0);
	snprintf(line, sizeof(line), "%d (second) ", tid);
	CHECK_EQ(strncmp(read_of_task(tid, "stat"), line, strlen(line)), 0);
	read_of_task(tid, "status");
	snprintf(line, sizeof(line), "\nTgid:\t%d\n", (int)getpid());
	CHECK(strstr(text, line) != NULL);
	snprintf(line, sizeof(line), "\nPid:\t%d\n", tid);
	CHECK(strstr(text, line) != NULL && strstr(text, "\nThreads:\t2\n") != NULL);
	/* It has the rest, too, but no tasks; and is no process of the list. */
	snprintf(line, sizeof(line), "/proc/self/task/%d/task", tid);
	CHECK_ERRNO(open(line, O_RDONLY), ENOENT);
	CHECK(strstr(read_of_task(tid, "maps"), "[stack]") != NULL);
	CHECK_ERRNO(open("/proc/self/task/1/stat", O_RDONLY), ENOENT);
	atomic_store(&may_end, true);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	snprintf(line, sizeof(line), "/proc/self/task/%d/stat", tid);
	while (access(line, F_OK) == 0)
		sched_yield();
	CHECK_EQ(errno, ENOENT);
}

static void each_task_has_a_directory(void)
{
	CHECK_CHILD(look_at_tasks);
}

static void nothing_is_past_the_end(void)
{
	char entries[256];
	const int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ(syscall(SYS_getdents64, fd, entries, sizeof(entries)), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(self_is_the_reader),
		TEST(stat_status_and_cmdline_name_the_process),
		TEST(the_exe_link_is_the_file_that_runs),
		TEST(the_exe_link_follows_its_file),
		TEST(descriptors_are_listed_and_can_be_opened_again),
		TEST(maps_has_the_stack_and_the_mapping),
		TEST(the_system_tells_about_itself),
		TEST(every_name_and_process_is_listed),
		TEST(each_task_has_a_directory),
		TEST(nothing_is_past_the_end),
	};
	if (argc > 1)
		return strcmp(argv[1], "move") == 0 ? move_own_file() : look_at_exe();
	return test_run(cases, ARRAY_SIZE(cases));
}
