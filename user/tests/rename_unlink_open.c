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

/* Does /proc say that @fd is open as something that ends so? */
static bool is_called(int fd, const char *end)
{
	char link[32], text[512];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, text, sizeof(text));
	const size_t len = strlen(end);
	return n > (ssize_t)len && text[0] == '/' && memcmp(text + n - len, end, len) == 0;
}

static void proc_tells_what_an_open_file_is_called_now(void)
{
	CHECK_EQ(mkdir("dir", 0700), 0);
	const int dir = open("dir", O_RDONLY | O_DIRECTORY);
	const int fd = make_file("a", 1), victim = make_file("dir/v", 1), other = make_file("o", 1);
	CHECK(is_called(fd, "/a"));
	CHECK_EQ(rename("a", "b"), 0);
	CHECK(is_called(fd, "/b"));
	CHECK_EQ(rename("b", "dir/v"), 0);
	CHECK(is_called(fd, "/dir/v"));
	CHECK(is_called(victim, "/dir/v (deleted)"));
	CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, "dir/v", AT_FDCWD, "o", 2), 0); /* EXCHANGE */
	CHECK(is_called(fd, "/o"));
	CHECK(is_called(other, "/dir/v"));
	CHECK_EQ(rename("dir", "moved"), 0);
	CHECK(is_called(other, "/moved/v"));
	CHECK(is_called(victim, "/moved/v (deleted)"));
	CHECK_EQ(unlink("moved/v"), 0);
	CHECK(is_called(other, "/moved/v (deleted)"));
	CHECK_EQ(rmdir("moved"), 0);
	CHECK(is_called(dir, "/moved (deleted)"));
	CHECK(is_called(other, "/moved/v (deleted)"));
	CHECK_EQ(link("o", "second"), 0);
	const int second = open("second", O_RDONLY);
	CHECK(is_called(second, "/second"));
	CHECK_EQ(unlink("o"), 0);
	const int again = open("second", O_RDONLY);
	CHECK(is_called(again, "/second"));
	close(dir), close(fd), close(victim), close(other), close(second), close(again);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(an_open_file_outlives_its_name),
		TEST(hard_links_are_one_file),
		TEST(rename_replaces_its_target),
		TEST(directories_are_renamed_with_what_is_in_them),
		TEST(proc_tells_what_an_open_file_is_called_now),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
