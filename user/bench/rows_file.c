// SPDX-License-Identifier: MIT
/* Names and files, all in memory: the root file system's, and those that a row makes in /tmp. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES      50
#define FILE_BYTES (64UL << 10)
#define FILE_NAME  "/etc/inittab"
#define MISSING    "/etc/there-is-none"

/* ---- a place for the row's own files ---------------------------------------------------- */

static char top[] = "/tmp/bench-files-XXXXXX";

/* The row's name for its file @name. */
static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void remove_top(void)
{
	VERIFY(rmdir(top) == 0);
}

static void setup_top(const struct row *row)
{
	(void)row;
	VERIFY(mkdtemp(top) != NULL && atexit(remove_top) == 0);
}

/* ---- names ------------------------------------------------------------------------------ */

static uint64_t open_and_close(const char *path, unsigned times)
{
	struct stat by_fd, by_name;
	int least = open(path, O_RDONLY), sum = 0;
	VERIFY(least >= 0 && fstat(least, &by_fd) == 0 && stat(path, &by_name) == 0);
	VERIFY(by_fd.st_ino == by_name.st_ino && close(least) == 0);
	const uint64_t took = counter_loop(times, {
		const int fd = open(path, O_RDONLY);
		sum += fd + close(fd);
	});
	VERIFY(sum == (int)times * least);
	return took;
}

static uint64_t open_file(const struct row *row)
{
	return open_and_close(FILE_NAME, row->times);
}

static uint64_t open_missing(const struct row *row)
{
	int sum = 0;
	errno = 0;
	const uint64_t took = counter_loop(row->times, sum += open(MISSING, O_RDONLY));
	VERIFY(sum == -(int)row->times && errno == ENOENT);
	return took;
}

/* A file below some directories, and how long the path of each is, the innermost first. */
static char deep[256];
static size_t deep_length[16];

static void remove_deep(void)
{
	VERIFY(unlink(deep) == 0);
	for (unsigned i = 0; deep_length[i] != 0; i++) {
		deep[deep_length[i]] = '\0';
		VERIFY(rmdir(deep) == 0);
	}
}

static void setup_deep(const struct row *row)
{
	setup_top(row);
	strcpy(deep, top);
	for (unsigned i = row->number; i-- != 0;) {
		strcat(deep, "/directory");
		deep_length[i] = strlen(deep);
		VERIFY(mkdir(deep, 0700) == 0);
	}
	strcat(deep, "/file");
	VERIFY(mknod(deep, S_IFREG | 0600, 0) == 0 && atexit(remove_deep) == 0);
}

static uint64_t open_deep(const struct row *row)
{
	return open_and_close(deep, row->times);
}

static uint64_t stat_file(const struct row *row)
{
	struct stat got = { .st_size = 0 };
	int failed = 0;
	const uint64_t took = counter_loop(row->times, failed |= stat(FILE_NAME, &got));
	VERIFY(failed == 0 && S_ISREG(got.st_mode) && got.st_size > 0);
	return took;
}

static int fd;

static void setup_open(const struct row *row)
{
	(void)row;
	fd = open(FILE_NAME, O_RDONLY);
	VERIFY(fd >= 0);
}

static uint64_t stat_open_file(const struct row *row)
{
	struct stat got = { .st_size = 0 };
	int failed = 0;
	const uint64_t took = counter_loop(row->times, failed |= fstat(fd, &got));
	VERIFY(failed == 0 && S_ISREG(got.st_mode) && got.st_size > 0);
	return took;
}

static uint64_t create_write_unlink(const struct row *row)
{
	const char *const path = path_of("new");
	ssize_t sum = 0;
	const uint64_t took = counter_loop(row->times, {
		const int new = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
		sum += write(new, "", 1);
		sum += close(new) + unlink(path);
	});
	VERIFY(sum == row->times && access(path, F_OK) == -1 && errno == ENOENT);
	return took;
}

/* ---- a directory ------------------------------------------------------------------------ */

static unsigned entry_count;

static const char *entry_path(unsigned i)
{
	char name[24];
	snprintf(name, sizeof(name), "entry-%u", i);
	return path_of(name);
}

static void remove_entries(void)
{
	for (unsigned i = 0; i < entry_count; i++)
		VERIFY(unlink(entry_path(i)) == 0);
}

static void setup_entries(const struct row *row)
{
	setup_top(row);
	VERIFY(atexit(remove_entries) == 0);
	for (; entry_count < row->number; entry_count++)
		VERIFY(mknod(entry_path(entry_count), S_IFREG | 0600, 0) == 0);
	fd = open(top, O_RDONLY | O_DIRECTORY);
	VERIFY(fd >= 0);
}

/* What getdents64 writes; libc has no name for it. */
struct entry {
	uint64_t inode, offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

static unsigned count_entries(const char *buffer, long bytes)
{
	unsigned count = 0;
	for (long at = 0; at < bytes; count++)
		at += ((const struct entry *)(buffer + at))->bytes;
	return count;
}

static uint64_t read_directory(const struct row *row)
{
	char buffer[4096] __attribute__((aligned(8)));
	long failed = 0, bytes = 0;
	const uint64_t took = counter_loop(row->times, {
		failed |= lseek(fd, 0, SEEK_SET);
		bytes = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
	});
	VERIFY(failed == 0 && count_entries(buffer, bytes) == row->number + 2);
	return took;
}

/* ---- contents --------------------------------------------------------------------------- */

static struct area area;
static uint64_t writer;

static void remove_file(void)
{
	VERIFY(unlink(path_of("file")) == 0);
}

static void setup_file(const struct row *row)
{
	setup_top(row);
	fd = open(path_of("file"), O_CREAT | O_EXCL | O_RDWR, 0600);
	VERIFY(fd >= 0 && atexit(remove_file) == 0 && area_map(&area, row->bytes) == 0);
	area_write(&area, ++writer);
	VERIFY(pwrite(fd, area.base, row->bytes, 0) == (ssize_t)row->bytes);
}

static uint64_t read_file(const struct row *row)
{
	ssize_t sum = 0;
	area_write(&area, 0);
	const uint64_t took = counter_loop(row->times, sum += pread(fd, area.base, row->bytes, 0));
	VERIFY(sum == (ssize_t)(row->bytes * row->times));
	VERIFY(area_count_others(&area, 0, writer) == 0);
	return took;
}

static uint64_t write_file(const struct row *row)
{
	ssize_t sum = 0;
	area_write(&area, ++writer);
	const uint64_t took = counter_loop(row->times, sum += pwrite(fd, area.base, row->bytes, 0));
	VERIFY(sum == (ssize_t)(row->bytes * row->times));
	area_write(&area, 0);
	VERIFY(pread(fd, area.base, row->bytes, 0) == (ssize_t)row->bytes);
	VERIFY(area_count_others(&area, 0, writer) == 0);
	return took;
}

static const struct row rows[] = {
	SMALL_ROW("open_close", NULL, open_file, TIMES),
	SMALL_ROW("open_missing", NULL, open_missing, TIMES),
	{ .name = "open_close_deep_8",
	  .setup = setup_deep,
	  .round = open_deep,
	  .times = TIMES,
	  .number = 8 },
	SMALL_ROW("stat", NULL, stat_file, TIMES),
	SMALL_ROW("fstat", setup_open, stat_open_file, TIMES),
	SMALL_ROW("create_write_unlink", setup_top, create_write_unlink, TIMES),
	{ .name = "getdents_64",
	  .setup = setup_entries,
	  .round = read_directory,
	  .times = 10,
	  .number = 64 },
	{ .name = "file_read_64K",
	  .setup = setup_file,
	  .round = read_file,
	  .times = 10,
	  .bytes = FILE_BYTES },
	{ .name = "file_write_4K",
	  .setup = setup_file,
	  .round = write_file,
	  .times = TIMES,
	  .bytes = PAGE_BYTES },
};

const struct group group_file = { "file", rows, ARRAY_SIZE(rows) };
