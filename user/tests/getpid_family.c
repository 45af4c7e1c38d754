// SPDX-License-Identifier: MIT
/* Who am I, who are my relatives, and on what do I run. */
#include "lib/test.h"

#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static pid_t parent, group, session;

static void child(void)
{
	CHECK(getpid() > 0 && getpid() != parent);
	CHECK_EQ(getppid(), parent);
	CHECK_EQ(syscall(SYS_gettid), getpid());
	CHECK_EQ(getpgrp(), group);
	CHECK_EQ(getsid(0), session);
	CHECK_EQ(getpgid(parent), group);
}

static void ids_are_consistent(void)
{
	parent = getpid();
	group = getpgrp();
	session = getsid(0);
	CHECK_EQ(syscall(SYS_getpid), parent);
	CHECK_EQ(syscall(SYS_gettid), parent);
	CHECK_EQ(syscall(SYS_set_tid_address, NULL), parent);
	CHECK_CHILD(child);
	uid_t r, e, s;
	CHECK_EQ(getresuid(&r, &e, &s), 0);
	CHECK(r == getuid() && e == geteuid() && s == e);
}

static void uname_fields(void)
{
	struct utsname u;
	memset(&u, 'x', sizeof(u));
	CHECK_EQ(uname(&u), 0);
	CHECK(strnlen(u.sysname, sizeof(u.sysname)) > 0 &&
	      strnlen(u.sysname, sizeof(u.sysname)) < 65);
	CHECK_STR(u.machine, "riscv64");
	int major, minor;
	CHECK_EQ(sscanf(u.release, "%d.%d", &major, &minor), 2); /* the libc refuses old kernels by
								    it */
	CHECK(major >= 4);
	CHECK(memchr(u.nodename, '\0', sizeof(u.nodename)) != NULL);
	CHECK(memchr(u.version, '\0', sizeof(u.version)) != NULL);
}

static void names_of_threads_are_kept(void)
{
	char name[17] = { 0 };
	CHECK_EQ(prctl(PR_SET_NAME, "a-name-that-is-longer-than-that"), 0);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK_STR(name, "a-name-that-is-");
	_Alignas(8) static const char shorter[16] = "ab\0not of it";
	CHECK_EQ(prctl(PR_SET_NAME, shorter), 0);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK(memcmp(name, "ab\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0);
}

static void sysinfo_is_plausible(void)
{
	struct sysinfo info;
	CHECK_EQ(sysinfo(&info), 0);
	CHECK(info.mem_unit > 0 && info.totalram > 0 && info.freeram <= info.totalram);
	CHECK(info.procs > 0 && info.uptime >= 0);
}

static void affinity_names_a_processor(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) > 0);
	CHECK(CPU_COUNT(&set) >= 1);
	unsigned cpu = 9999;
	CHECK_EQ(syscall(SYS_getcpu, &cpu, NULL, NULL), 0);
	CHECK(cpu < CPU_SETSIZE);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(ids_are_consistent),         TEST(uname_fields),
		TEST(names_of_threads_are_kept),  TEST(sysinfo_is_plausible),
		TEST(affinity_names_a_processor),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
