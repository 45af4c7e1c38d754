// SPDX-License-Identifier: MIT
/* What is wrong with a path, a directory or the flags is said by the right error. */
#include "lib/test.h"

#include <limits.h>

static void paths_lead_nowhere_in_several_ways(void)
{
	close(make_file("f", 1));
	struct stat st;
	CHECK_ERRNO(stat("missing/x", &st), ENOENT);
	CHECK_ERRNO(stat("f/x", &st), ENOTDIR);
	CHECK_ERRNO(stat("f/", &st), ENOTDIR);
	CHECK_ERRNO(stat("", &st), ENOENT);
	CHECK_EQ(stat("././/../.", &st), 0);
	CHECK_EQ(stat("/..", &st), 0);
	char name[NAME_MAX + 2];
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	CHECK_ERRNO(stat(name, &st), ENAMETOOLONG);
	name[NAME_MAX] = '\0';
	CHECK_ERRNO(stat(name, &st), ENOENT);
	close(make_file(name, 0));
	CHECK_EQ(unlink(name), 0);
	char path[PATH_MAX + 1];
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 == 0 ? '.' : '/';
	path[PATH_MAX] = '\0';
	CHECK_ERRNO(stat(path, &st), ENAMETOOLONG);
	path[PATH_MAX - 1] = '\0';
	CHECK_EQ(stat(path, &st), 0);
}

/* What is wrong with where a name is looked for counts before what is wrong with the name. */
static void a_directory_is_asked_before_a_name(void)
{
	close(make_file("plain", 0));
	CHECK_EQ(mkdir("open", 0700), 0);
	char name[NAME_MAX + 2], path[NAME_MAX + 32];
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	struct stat st;
	snprintf(path, sizeof(path), "plain/%s", name);
	CHECK_ERRNO(stat(path, &st), ENOTDIR);
	CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), ENOTDIR);
	CHECK_ERRNO(mkdir(path, 0700), ENOTDIR);
	CHECK_ERRNO(rename("open", path), ENOTDIR);
	snprintf(path, sizeof(path), "missing/%s", name);
	CHECK_ERRNO(stat(path, &st), ENOENT);
	snprintf(path, sizeof(path), "open/%s", name);
	CHECK_ERRNO(stat(path, &st), ENAMETOOLONG);
	CHECK_ERRNO(mkdir(path, 0700), ENAMETOOLONG);
	/* A slash behind what is to be made counts before how long its name is, and nowhere else.
	 */
	snprintf(path, sizeof(path), "open/%s/", name);
	CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), EISDIR);
	CHECK_ERRNO(open(path, O_RDONLY | O_CREAT | O_EXCL, 0600), EISDIR);
	CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
	CHECK_ERRNO(mkdir(path, 0700), ENAMETOOLONG);
	CHECK_EQ(symlink(path, "long"), 0);
	CHECK_ERRNO(open("long", O_WRONLY | O_CREAT, 0600), EISDIR);
	snprintf(path, sizeof(path), "plain/%s/", name);
	CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), ENOTDIR);
	snprintf(path, sizeof(path), "open/%s/x", name);
	CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), ENAMETOOLONG);
	CHECK_ERRNO(stat(path, &st), ENAMETOOLONG);
	CHECK_ERRNO(mkdir("plain/.", 0700), ENOTDIR);
	CHECK_ERRNO(rmdir("plain/."), ENOTDIR);
	CHECK_ERRNO(unlink("plain/.."), ENOTDIR);
	CHECK_ERRNO(rename("plain/.", "x"), ENOTDIR);
	CHECK_ERRNO(rename("open", "plain/.."), ENOTDIR);
}

static void look_into_what_is_shut(void)
{
	if (geteuid() == 0)
		CHECK_EQ(setuid(1000), 0);
	char path[NAME_MAX + 32] = "shut/";
	memset(path + strlen("shut/"), 'n', NAME_MAX + 1);
	struct stat st;
	CHECK_ERRNO(stat(path, &st), EACCES);
	CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), EACCES);
	CHECK_ERRNO(stat("shut/.", &st), EACCES);
	CHECK_ERRNO(rmdir("shut/."), EACCES);
	CHECK_ERRNO(unlink("shut/.."), EACCES);
	CHECK_ERRNO(mkdir("shut/.", 0700), EACCES);
}

static void rights_are_asked_before_a_name(void)
{
	CHECK_EQ(chmod(".", 0755), 0);
	CHECK_EQ(mkdir("shut", 0600), 0);
	CHECK_CHILD(look_into_what_is_shut);
}

static void mkdir_and_rmdir_errors(void)
{
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_ERRNO(mkdir("d", 0700), EEXIST);
	CHECK_ERRNO(mkdir("d/.", 0700), EEXIST);
	CHECK_ERRNO(mkdir("/", 0700), EEXIST);
	CHECK_ERRNO(mkdir("missing/d", 0700), ENOENT);
	CHECK_ERRNO(mkdir("f/d", 0700), ENOTDIR);
	CHECK_EQ(mkdir("d/sub/", 0700), 0);
	CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
	CHECK_ERRNO(rmdir("d/."), EINVAL);
	CHECK_ERRNO(rmdir("d/sub/.."), ENOTEMPTY);
	CHECK_ERRNO(rmdir("f"), ENOTDIR);
	CHECK_ERRNO(rmdir("missing"), ENOENT);
	CHECK_ERRNO(unlink("d"), EISDIR);
	CHECK_ERRNO(rmdir("/"), EBUSY);
	struct stat st;
	CHECK_EQ(stat("d", &st), 0);
	CHECK_EQ(st.st_nlink, 3);
	CHECK_EQ(rmdir("d/sub"), 0);
	CHECK_EQ(rmdir("d"), 0);
}

static void openat_flags(void)
{
	const int here = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(here >= 0);
	CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
	CHECK_ERRNO(open(".", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("f", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERRNO(open("missing", O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(99, "f", O_RDONLY), EBADF);
	const int file = openat(here, "f", O_RDWR | O_TRUNC);
	CHECK(file >= 0);
	struct stat st;
	CHECK_EQ(fstat(file, &st), 0);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(fcntl(file, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
	char byte;
	CHECK_ERRNO(read(here, &byte, 1), EISDIR);
	const int by_path = open("f", O_PATH);
	CHECK(by_path >= 0);
	CHECK_ERRNO(read(by_path, &byte, 1), EBADF);
	CHECK_EQ(fstatat(by_path, "", &st, AT_EMPTY_PATH), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_ERRNO(syscall(SYS_newfstatat, here, "f", &st, 0x80000000), EINVAL);
	CHECK_ERRNO(unlinkat(here, "f", 0x1), EINVAL);
	close(here), close(file), close(by_path);
}

static void the_working_directory_can_be_named_left_and_lost(void)
{
	char top[512], text[600], expected[600];
	CHECK(getcwd(top, sizeof(top)) != NULL);
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(chdir("d"), 0);
	snprintf(expected, sizeof(expected), "%s/d", top);
	CHECK(getcwd(text, sizeof(text)) != NULL);
	CHECK_STR(text, expected);
	CHECK_EQ(syscall(SYS_getcwd, text, sizeof(text)), strlen(expected) + 1);
	CHECK_ERRNO(syscall(SYS_getcwd, text, 3), ERANGE);
	CHECK_EQ(rename("../d", "../e"), 0);
	snprintf(expected, sizeof(expected), "%s/e", top);
	CHECK(getcwd(text, sizeof(text)) != NULL);
	CHECK_STR(text, expected);
	CHECK_EQ(rmdir("../e"), 0);
	CHECK_ERRNO(open("new", O_WRONLY | O_CREAT, 0600), ENOENT);
	CHECK_EQ(chdir(".."), 0);
	CHECK_ERRNO(chdir("f"), ENOTDIR);
	CHECK_ERRNO(chdir("missing"), ENOENT);
	const int root = open("/", O_RDONLY);
	CHECK_EQ(fchdir(root), 0);
	CHECK(getcwd(text, sizeof(text)) != NULL);
	CHECK_STR(text, "/");
	CHECK_ERRNO(fchdir(99), EBADF);
	close(root);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(paths_lead_nowhere_in_several_ways),
		TEST(a_directory_is_asked_before_a_name),
		TEST(rights_are_asked_before_a_name),
		TEST(mkdir_and_rmdir_errors),
		TEST(openat_flags),
		TEST(the_working_directory_can_be_named_left_and_lost),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
