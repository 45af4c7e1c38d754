// SPDX-License-Identifier: MIT
/* A directory names what is in it, each once, also when it is read in small pieces or changed
 * meanwhile. */
#include "lib/test.h"

#include <dirent.h>

#define FILES 150

/* What getdents64 writes; the libc's struct has a name of fixed size. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static void make_files(void)
{
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(chdir("d"), 0);
	for (int i = 0; i < FILES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "name-%d", i);
		close(make_file(name, 0));
	}
	CHECK_EQ(mkdir("directory", 0700), 0);
	CHECK_EQ(symlink("target", "link"), 0);
}

static void every_name_comes_once_in_small_pieces(void)
{
	make_files();
	bool seen[FILES] = { false };
	int dots = 0, others = 0;
	const int fd = open(".", O_RDONLY | O_DIRECTORY);
	char buffer[200];
	long n;
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *e = (const struct entry *)(buffer + at);
			int i;
			if (sscanf(e->name, "name-%d", &i) == 1) {
				CHECK(i < FILES && !seen[i]);
				CHECK(e->type == DT_REG && e->inode != 0);
				seen[i] = true;
			} else if (e->name[0] == '.') {
				CHECK_EQ(e->type, DT_DIR);
				dots++;
			} else {
				CHECK_EQ(e->type, strcmp(e->name, "link") == 0 ? DT_LNK : DT_DIR);
				others++;
			}
			at += e->length;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(dots, 2);
	CHECK_EQ(others, 2);
	for (int i = 0; i < FILES; i++)
		CHECK(seen[i]);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 4), EINVAL);
	close(fd);
}

static void names_that_stay_are_seen_while_others_go(void)
{
	CHECK_EQ(chdir("d"), 0);
	DIR *d = opendir(".");
	CHECK(d != NULL);
	int removed = 0;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (strncmp(e->d_name, "name-", 5) == 0) {
			CHECK_EQ(unlink(e->d_name), 0);
			removed++;
		}
	closedir(d);
	CHECK_EQ(removed, FILES);
	CHECK_ERRNO(rmdir("../d"), ENOTEMPTY); /* the link and the directory are left */
}

static void not_a_directory(void)
{
	const int fd = make_file("f", 0);
	char buffer[200];
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), ENOTDIR);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(every_name_comes_once_in_small_pieces),
		TEST(names_that_stay_are_seen_while_others_go),
		TEST(not_a_directory),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
