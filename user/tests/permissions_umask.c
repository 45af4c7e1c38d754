// SPDX-License-Identifier: MIT
/* Modes, the mask, owners and times; and that a user who is not root is held to them. */
#include "lib/test.h"

#include <grp.h>
#include <sys/time.h>

static mode_t mode_of(const char *name)
{
	struct stat st;
	CHECK_EQ(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static void the_mask_takes_bits_away(void)
{
	CHECK_EQ(umask(027), 022);
	close(open("f", O_WRONLY | O_CREAT, 0666));
	CHECK_EQ(mode_of("f"), 0640);
	CHECK_EQ(mkdir("d", 0777), 0);
	CHECK_EQ(mode_of("d"), 0750);
	CHECK_EQ(umask(022), 027);
	CHECK_EQ(chmod("f", 0604), 0);
	CHECK_EQ(mode_of("f"), 0604);
	const int fd = open("f", O_RDONLY);
	CHECK_EQ(fchmod(fd, 0755), 0);
	CHECK_EQ(mode_of("f"), 0755);
	close(fd);
}

static void times_are_set_and_move(void)
{
	close(make_file("t", 10));
	const struct timespec times[2] = { { 1000, 5 }, { 2000, 7 } };
	CHECK_EQ(utimensat(AT_FDCWD, "t", times, 0), 0);
	struct stat st;
	CHECK_EQ(stat("t", &st), 0);
	CHECK_EQ(st.st_atime, 1000);
	CHECK_EQ(st.st_mtime, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 7);
	const int fd = open("t", O_WRONLY);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	CHECK_EQ(stat("t", &st), 0);
	CHECK(st.st_mtime > 2000);
	const struct timespec omit[2] = { { 3000, 0 }, { 0, UTIME_OMIT } };
	const time_t before = st.st_mtime;
	CHECK_EQ(utimensat(AT_FDCWD, "t", omit, 0), 0);
	CHECK_EQ(stat("t", &st), 0);
	CHECK_EQ(st.st_atime, 3000);
	CHECK_EQ(st.st_mtime, before);
}

static void a_read_moves_atime_unless_told_not_to(void)
{
	const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat st;
	char byte;
	close(make_file("a", 1));
	CHECK_EQ(utimensat(AT_FDCWD, "a", times, 0), 0);
	int fd = open("a", O_RDONLY | O_NOATIME);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_atime, 1000);
	close(fd);
	fd = open("a", O_RDONLY);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_atime > 2000);
	close(fd);
}

static void as_user(void)
{
	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
	CHECK_ERRNO(open("secret", O_RDONLY), EACCES);
	CHECK_ERRNO(open("readable", O_WRONLY), EACCES);
	const int fd = open("readable", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_ERRNO(access("secret", R_OK), EACCES);
	CHECK_EQ(access("readable", R_OK), 0);
	CHECK_ERRNO(access("readable", W_OK), EACCES);
	CHECK_ERRNO(chmod("readable", 0777), EPERM);
	CHECK_ERRNO(chown("readable", 1000, 1000), EPERM);
	CHECK_EQ(chown("readable", -1, -1), 0);
	CHECK_ERRNO(chown("program", -1, -1), EPERM); /* it would lose its bit */
	CHECK_ERRNO(unlink("readable"), EACCES);      /* the directory is not ours to write */
	CHECK_ERRNO(open("new", O_WRONLY | O_CREAT, 0600), EACCES);
	CHECK_ERRNO(open("closed/f", O_RDONLY), EACCES);
	CHECK_ERRNO(setuid(0), EPERM);
	CHECK_EQ(getuid(), 1000);
	CHECK_EQ(geteuid(), 1000);
}

static void users_are_held_to_modes(void)
{
	if (getuid() != 0)
		return;
	CHECK_EQ(chmod(".", 0755), 0);
	close(make_file("secret", 1));
	close(make_file("readable", 1));
	CHECK_EQ(chmod("secret", 0600), 0);
	CHECK_EQ(chmod("readable", 0644), 0);
	close(make_file("program", 1));
	CHECK_EQ(chmod("program", 04755), 0);
	CHECK_EQ(mkdir("closed", 0700), 0);
	close(make_file("closed/f", 1));
	CHECK_CHILD(as_user);
	CHECK_EQ(mode_of("program"), 04755);
	CHECK_EQ(chown("readable", 1000, 1000), 0);
	struct stat st;
	CHECK_EQ(stat("readable", &st), 0);
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 1000);
}

static void in_anothers_group(void)
{
	struct stat st;
	umask(0);
	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
	close(open("shared/f", O_WRONLY | O_CREAT, 06755));
	CHECK_EQ(stat("shared/f", &st), 0);
	CHECK_EQ(st.st_gid, 50);
	CHECK_EQ(mode_of("shared/f"), 04755); /* a program of theirs it does not become */
	CHECK_EQ(mknod("shared/n", S_IFREG | 02755, 0), 0);
	CHECK_EQ(mode_of("shared/n"), 0755);
	close(open("shared/g", O_WRONLY | O_CREAT, 02745));
	CHECK_EQ(mode_of("shared/g"), 02745);
	CHECK_EQ(mkdir("shared/d", 0755), 0);
	CHECK_EQ(mode_of("shared/d"), 02755);
}

static void a_directory_passes_its_group_on(void)
{
	if (getuid() != 0)
		return;
	CHECK_EQ(chmod(".", 0755), 0);
	CHECK_EQ(mkdir("shared", 0777), 0);
	CHECK_EQ(chown("shared", 0, 50), 0);
	CHECK_EQ(chmod("shared", 02777), 0);
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_CHILD(in_anothers_group);
	close(open("shared/root", O_WRONLY | O_CREAT, 02755));
	CHECK_EQ(mode_of("shared/root"), 02755);
}

static void between_two_directories(void)
{
	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
	close(make_file("one/f", 1));
	/* Its ".." would change, and it is not ours to write. */
	CHECK_ERRNO(rename("two/theirs", "one/theirs"), EACCES);
	CHECK_ERRNO(renameat2(AT_FDCWD, "two/theirs", AT_FDCWD, "one/f", RENAME_EXCHANGE), EACCES);
	CHECK_ERRNO(renameat2(AT_FDCWD, "one/f", AT_FDCWD, "two/theirs", RENAME_EXCHANGE), EACCES);
	CHECK_EQ(rename("two/theirs", "two/renamed"), 0);
}

static void a_directory_moves_with_its_owners_leave(void)
{
	if (getuid() != 0)
		return;
	CHECK_EQ(chmod(".", 0755), 0);
	CHECK_EQ(mkdir("one", 0777), 0);
	CHECK_EQ(chmod("one", 0777), 0);
	CHECK_EQ(mkdir("two", 0777), 0);
	CHECK_EQ(chmod("two", 0777), 0);
	CHECK_EQ(mkdir("two/theirs", 0755), 0);
	CHECK_CHILD(between_two_directories);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_mask_takes_bits_away),
		TEST(times_are_set_and_move),
		TEST(a_read_moves_atime_unless_told_not_to),
		TEST(users_are_held_to_modes),
		TEST(a_directory_passes_its_group_on),
		TEST(a_directory_moves_with_its_owners_leave),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
