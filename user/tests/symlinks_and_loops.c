// SPDX-License-Identifier: MIT
/* Symbolic links: read, followed, not followed, relative, absolute, dangling, and in circles. */
#include "lib/test.h"

static void a_link_is_a_text(void)
{
	CHECK_EQ(symlink("some/where", "l"), 0);
	char text[32];
	memset(text, 'x', sizeof(text));
	CHECK_EQ(readlink("l", text, sizeof(text)), 10);
	CHECK_EQ(memcmp(text, "some/wherexx", 12), 0);
	CHECK_EQ(readlink("l", text, 4), 4);
	struct stat st;
	CHECK_EQ(lstat("l", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 10);
	CHECK_ERRNO(stat("l", &st), ENOENT);
	CHECK_ERRNO(symlink("x", "l"), EEXIST);
	CHECK_ERRNO(symlink("", "m"), ENOENT);
	close(make_file("f", 1));
	CHECK_ERRNO(readlink("f", text, 5), EINVAL);
	CHECK_EQ(unlink("l"), 0);
}

static void links_are_followed_from_where_they_stand(void)
{
	CHECK_EQ(mkdir("d", 0700), 0);
	close(make_file("d/f", 5));
	CHECK_EQ(symlink("f", "d/l"), 0);
	CHECK_EQ(symlink("d", "e"), 0);
	struct stat st;
	CHECK_EQ(stat("e/l", &st), 0);
	CHECK_EQ(st.st_size, 5);
	char top[512];
	CHECK(getcwd(top, sizeof(top)) != NULL);
	strcat(top, "/d/f");
	CHECK_EQ(symlink(top, "absolute"), 0);
	CHECK_EQ(stat("absolute", &st), 0);
	CHECK_EQ(st.st_size, 5);
	const int fd = open("new-through-link", O_RDONLY);
	CHECK_EQ(fd, -1);
	CHECK_EQ(symlink("created", "dangling"), 0);
	const int created = open("dangling", O_WRONLY | O_CREAT, 0600);
	CHECK(created >= 0);
	close(created);
	CHECK_EQ(access("created", F_OK), 0);
	CHECK_ERRNO(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERRNO(open("dangling", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERRNO(mkdir("dangling", 0700), EEXIST);
	CHECK_EQ(lstat("e", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(lstat("e/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERRNO(rmdir("e"), ENOTDIR);
	CHECK_EQ(unlink("e"), 0);
	CHECK_EQ(access("d/f", F_OK), 0);
}

static void circles_are_eloop(void)
{
	CHECK_EQ(symlink("b", "a"), 0);
	CHECK_EQ(symlink("a", "b"), 0);
	CHECK_ERRNO(open("a", O_RDONLY), ELOOP);
	CHECK_ERRNO(open("a/x", O_RDONLY), ELOOP);
	CHECK_ERRNO(chdir("b"), ELOOP);
	CHECK_EQ(mkdir("deep", 0700), 0);
	CHECK_EQ(symlink("deep", "l0"), 0);
	for (int i = 1; i <= 41; i++) {
		char from[16], to[16];
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		CHECK_EQ(symlink(to, from), 0);
	}
	CHECK_EQ(access("l39", F_OK), 0); /* forty links */
	CHECK_ERRNO(access("l40", F_OK), ELOOP);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_link_is_a_text),
		TEST(links_are_followed_from_where_they_stand),
		TEST(circles_are_eloop),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
