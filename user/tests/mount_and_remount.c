// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* mount, remount and umount of tmpfs and proc: what they give, and what they refuse. */
#include "lib/test.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>

static void make_place(const char *name)
{
	CHECK_EQ(mkdir(name, 0755), 0);
}

/* The line of /proc/self/mounts with @word in it, or "". */
static const char *mount_line(const char *word)
{
	static char text[1 << 16];
	const int fd = open("/proc/self/mounts", O_RDONLY);
	CHECK(fd >= 0);
	size_t len = 0;
	for (ssize_t n = 1; n > 0; len += (size_t)n) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		CHECK(n >= 0);
	}
	text[len] = '\0';
	close(fd);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strstr(line, word) != NULL)
			return line;
	return "";
}

static void tmpfs_covers_a_directory_until_it_goes(void)
{
	struct statfs fs;
	make_place("m");
	close(make_file("m/below", 1));
	CHECK_EQ(mount("what I call it", "m", "tmpfs", MS_NOSUID, "size=64k,mode=700"), 0);
	CHECK_ERRNO(access("m/below", F_OK), ENOENT);
	CHECK_EQ(statfs("m", &fs), 0);
	CHECK_EQ(fs.f_type, TMPFS_MAGIC);
	CHECK_EQ(fs.f_blocks * (unsigned long)fs.f_bsize, 64 << 10);
	struct stat st;
	CHECK_EQ(stat("m", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK(strncmp(mount_line("/m tmpfs rw,nosuid"), "what\\040I\\040call\\040it ", 22) == 0);
	close(make_file("m/above", 1));
	CHECK_ERRNO(rename("m/above", "above"), EXDEV);
	CHECK_ERRNO(rmdir("m"), EBUSY);
	CHECK_EQ(umount("m"), 0);
	CHECK_EQ(access("m/below", F_OK), 0);
	CHECK_ERRNO(access("m/above", F_OK), ENOENT);
	CHECK_ERRNO(umount("m"), EINVAL);
}

static void proc_is_the_same_everywhere(void)
{
	struct statfs fs;
	make_place("p");
	CHECK_EQ(mount("proc", "p", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), 0);
	CHECK_EQ(statfs("p", &fs), 0);
	CHECK_EQ(fs.f_type, PROC_SUPER_MAGIC);
	CHECK_EQ(access("p/self/status", F_OK), 0);
	CHECK_ERRNO(mkdir("p/new", 0755), ENOENT);
	CHECK_EQ(mount("proc", "p", "proc", 0, NULL), 0); /* each is one of its own */
	CHECK_EQ(umount("p"), 0);
	const int fd = open("p/self/status", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_ERRNO(umount("p"), EBUSY);
	close(fd);
	CHECK_EQ(umount("p"), 0);
}

static void remount_changes_what_may_be_done(void)
{
	make_place("r");
	CHECK_EQ(mount("none", "r", "tmpfs", MS_RDONLY, NULL), 0);
	CHECK_ERRNO(mkdir("r/new", 0755), EROFS);
	CHECK_EQ(mount("none", "r", NULL, MS_REMOUNT, NULL), 0);
	close(make_file("r/f", 1));
	CHECK_EQ(mount("none", "r", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK_ERRNO(open("r/f", O_WRONLY), EROFS);
	CHECK_ERRNO(unlink("r/f"), EROFS);
	CHECK_ERRNO(mount("none", "r/f", NULL, MS_REMOUNT, NULL), EINVAL);
	CHECK_EQ(umount("r"), 0);
	CHECK_ERRNO(mount("none", "r", NULL, MS_REMOUNT, NULL), EINVAL);
}

/* What a read of "a/f" makes of its times. */
static bool read_moves_atime(void)
{
	struct stat st;
	char byte;
	const int fd = open("a/f", O_RDONLY);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	close(fd);
	return st.st_atime != 1000;
}

static void a_mount_says_whether_reads_move_atime(void)
{
	const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
	make_place("a");
	CHECK_EQ(mount("none", "a", "tmpfs", MS_NOATIME, NULL), 0);
	close(make_file("a/f", 1));
	CHECK_EQ(utimensat(AT_FDCWD, "a/f", times, 0), 0);
	CHECK(!read_moves_atime());
	CHECK_EQ(mount("none", "a", NULL, MS_REMOUNT | MS_RDONLY | MS_RELATIME, NULL), 0);
	CHECK(!read_moves_atime());
	CHECK_EQ(mount("none", "a", NULL, MS_REMOUNT | MS_RELATIME, NULL), 0);
	CHECK(read_moves_atime());
	CHECK_EQ(umount("a"), 0);
}

static void they_stack_and_go_in_turn(void)
{
	make_place("s");
	CHECK_EQ(mount("none", "s", "tmpfs", 0, NULL), 0);
	close(make_file("s/first", 1));
	make_place("s/inner");
	CHECK_EQ(mount("none", "s", "tmpfs", 0, NULL), 0);
	CHECK_ERRNO(access("s/first", F_OK), ENOENT);
	CHECK_EQ(umount("s"), 0);
	CHECK_EQ(access("s/first", F_OK), 0);
	CHECK_EQ(mount("none", "s/inner", "tmpfs", 0, NULL), 0);
	CHECK_ERRNO(umount("s"), EBUSY);
	CHECK_EQ(umount("s/inner"), 0);
	CHECK_EQ(umount("s"), 0);
}

static void what_cannot_be_mounted(void)
{
	make_place("w");
	close(make_file("file", 1));
	CHECK_ERRNO(mount("none", "w", "nosuch", 0, NULL), ENODEV);
	CHECK_ERRNO(mount("none", "w", NULL, 0, NULL), EINVAL);
	CHECK_ERRNO(mount("none", "missing", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERRNO(mount("none", "file", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERRNO(mount("none", "w", "tmpfs", 0, "size=junk"), EINVAL);
	CHECK_ERRNO(mount("none", "w", "tmpfs", 0, "nosuch=1"), EINVAL);
	CHECK_ERRNO(mount("none", (void *)PAGE, "tmpfs", 0, NULL), EFAULT);
	CHECK_ERRNO(mount("none", "w", (void *)PAGE, 0, NULL), EFAULT);
	CHECK_ERRNO(umount("missing"), ENOENT);
	CHECK_ERRNO(umount("w"), EINVAL);
	CHECK_ERRNO(umount2("w", 0x1000), EINVAL);
	CHECK_STR(mount_line("/w "), "");
}

static void only_root(void)
{
	CHECK_EQ(setuid(1000), 0);
	CHECK_ERRNO(mount("none", "u", "tmpfs", 0, NULL), EPERM);
	CHECK_ERRNO(mount("none", "u", NULL, MS_REMOUNT, NULL), EPERM);
	CHECK_ERRNO(umount("u"), EPERM);
	CHECK_ERRNO(umount("missing"), ENOENT);
}

static void others_may_not(void)
{
	make_place("u");
	CHECK_EQ(chmod(".", 0755), 0);
	CHECK_CHILD(only_root);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(tmpfs_covers_a_directory_until_it_goes),
		TEST(proc_is_the_same_everywhere),
		TEST(remount_changes_what_may_be_done),
		TEST(a_mount_says_whether_reads_move_atime),
		TEST(they_stack_and_go_in_turn),
		TEST(what_cannot_be_mounted),
		TEST(others_may_not),
	};
	if (getuid() != 0)
		test_skip("only root mounts");
	return test_run(cases, ARRAY_SIZE(cases));
}
