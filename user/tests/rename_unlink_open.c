// SPDX-License-Identifier: MIT
/* Names come and go; files live while they have a name or are open. */
#include "lib/test.h"

static ino_t inode_of(const char *name)
{
	struct stat st;
	CHECK_EQ(lstat(name, &st), 0);
	return st.st_ino;
}

static void an_open_file_outlives_its_name(void)
{
	const int fd = make_file("f", 100);
	CHECK_EQ(unlink("f"), 0);
	CHECK_ERRNO(open("f", O_RDONLY), ENOENT);
	struct stat st;
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 100);
	char byte;
	CHECK_EQ(pread(fd, &byte, 1, 50), 1);
	CHECK_EQ(byte, 50);
	CHECK_EQ(pwrite(fd, "x", 1, 200), 1);
	close(fd);
}

static void hard_links_are_one_file(void)
{
	close(make_file("a", 10));
	CHECK_EQ(link("a", "b"), 0);
	struct stat st;
	CHECK_EQ(stat("b", &st), 0);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(inode_of("a"), inode_of("b"));
	CHECK_ERRNO(link("a", "b"), EEXIST);
	CHECK_ERRNO(link("missing", "c"), ENOENT);
	CHECK_ERRNO(link(".", "c"), EPERM);
	CHECK_EQ(unlink("a"), 0);
	CHECK_EQ(stat("b", &st), 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(unlink("b"), 0);
}

static void rename_replaces_its_target(void)
{
	close(make_file("a", 10));
	close(make_file("b", 20));
	const ino_t a = inode_of("a");
	const int old = open("b", O_RDONLY);
	CHECK_EQ(rename("a", "b"), 0);
	CHECK_ERRNO(access("a", F_OK), ENOENT);
	CHECK_EQ(inode_of("b"), a);
	struct stat st;
	CHECK_EQ(fstat(old, &st), 0);
	CHECK_EQ(st.st_size, 20);
	close(old);
	CHECK_EQ(rename("b", "b"), 0);
	CHECK_EQ(link("b", "c"), 0);
	CHECK_EQ(rename("b", "c"), 0); /* one file: both names stay */
	CHECK_EQ(access("b", F_OK), 0);
	CHECK_EQ(unlink("b"), 0);
	CHECK_EQ(unlink("c"), 0);
}

static void directories_are_renamed_with_what_is_in_them(void)
{
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(mkdir("e", 0700), 0);
	CHECK_EQ(mkdir("d/sub", 0700), 0);
	close(make_file("d/sub/f", 1));
	CHECK_EQ(rename("d/sub", "e/sub"), 0);
	CHECK_EQ(access("e/sub/f", F_OK), 0);
	CHECK_EQ(inode_of("e/sub/.."), inode_of("e"));
	CHECK_ERRNO(rename("e", "e/sub/x"), EINVAL);
	CHECK_ERRNO(rename("d", "e"), ENOTEMPTY);
	CHECK_ERRNO(rename("e/sub/f", "d"), EISDIR);
	CHECK_ERRNO(rename("d", "e/sub/f"), ENOTDIR);
	CHECK_ERRNO(rename("missing", "x"), ENOENT);
	CHECK_EQ(rename("e", "d"), 0); /* over an empty directory */
	CHECK_EQ(access("d/sub/f", F_OK), 0);
	CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "d/sub/f", AT_FDCWD, "d/sub", 1), EEXIST);
	CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "d/sub/f", AT_FDCWD, "new", 0x100), EINVAL);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(an_open_file_outlives_its_name),
		TEST(hard_links_are_one_file),
		TEST(rename_replaces_its_target),
		TEST(directories_are_renamed_with_what_is_in_them),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
