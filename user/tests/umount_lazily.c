// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* umount2(MNT_DETACH): what is in use is out of sight at once, and no place for anything new. */
#include "lib/test.h"

#include <sys/mount.h>

#define ROUNDS 50

static void mount_tmpfs(const char *at)
{
	CHECK_EQ(mount("none", at, "tmpfs", 0, NULL), 0);
}

static void mount_two(void)
{
	mount_tmpfs("outer");
	CHECK_EQ(mkdir("outer/inner", 0755), 0);
	CHECK_EQ(mkdir("outer/other", 0755), 0);
	mount_tmpfs("outer/inner");
}

static bool is_listed(const char *name)
{
	static char text[1 << 16];
	const int fd = open("/proc/self/mounts", O_RDONLY);
	CHECK(fd >= 0);
	const ssize_t n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	return strstr(text, name) != NULL;
}

static void what_is_in_use_stays_for_its_users(void)
{
	CHECK_EQ(mkdir("outer", 0755), 0);
	mount_two();
	CHECK_ERRNO(umount2("outer", 0), EBUSY);
	const int dir = open("outer", O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	CHECK_EQ(umount2("outer", MNT_DETACH), 0);
	CHECK(!is_listed("/outer"));
	CHECK_ERRNO(access("outer/other", F_OK), ENOENT);
	CHECK_EQ(faccessat(dir, "other", F_OK, 0), 0);
	CHECK_EQ(mkdirat(dir, "new", 0755), 0);
	close(dir);
}

static void use_what_is_out_of_sight(void)
{
	mount_two();
	CHECK_EQ(chdir("outer"), 0);
	CHECK_EQ(umount2("../outer", MNT_DETACH), 0);
	CHECK_ERRNO(mount("none", "other", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERRNO(umount2("inner", 0), EINVAL); /* it is a plain directory again */
	CHECK_EQ(rmdir("inner"), 0);
}

static void nothing_is_mounted_where_nobody_can_unmount_it(void)
{
	CHECK_CHILD(use_what_is_out_of_sight);
	CHECK(!is_listed("/outer"));
}

/* ---- two at a time ---------------------------------------------------------------------- */

static int ready[2];
static pid_t user; /* who stays inside; 0: nobody */

static void stay_inside(void)
{
	CHECK_EQ(chdir("outer/inner"), 0);
	write_all(ready[1], "x", 1);
	for (;;)
		pause();
}

static void try_to_unmount_the_inner_one(void)
{
	while (umount2("outer/inner", 0) != 0 && errno == EBUSY)
		;
}

static void who_unmounts_meanwhile_leaves_nothing_behind(void)
{
	char byte;
	CHECK_EQ(pipe(ready), 0);
	for (int i = 0; i < ROUNDS && has_time(); i++) {
		mount_two();
		user = start_child(stay_inside);
		read_all(ready[0], &byte, 1);
		const pid_t other = start_child(try_to_unmount_the_inner_one);
		sched_yield();
		CHECK_EQ(umount2("outer", MNT_DETACH), 0);
		CHECK_EQ(wait_for(other), 0);
		CHECK(!is_listed("/outer"));
		CHECK_EQ(kill(user, SIGKILL), 0);
		CHECK_EQ(wait_for(user), SIGKILL);
		user = 0;
	}
	close(ready[0]), close(ready[1]);
}

/* Also what a case that failed has left, so that its directory can go. */
static void in_the_end_nothing_is_mounted(void)
{
	if (user != 0) {
		CHECK_EQ(kill(user, SIGKILL), 0);
		(void)wait_for(user);
	}
	while (umount2("outer", MNT_DETACH) == 0 || errno == ENOMEM)
		;
	CHECK(!is_listed("/outer"));
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(what_is_in_use_stays_for_its_users),
		TEST(nothing_is_mounted_where_nobody_can_unmount_it),
		TEST(who_unmounts_meanwhile_leaves_nothing_behind),
		TEST(in_the_end_nothing_is_mounted),
	};
	if (getuid() != 0)
		test_skip("only root mounts");
	return test_run(cases, ARRAY_SIZE(cases));
}
