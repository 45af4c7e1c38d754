// SPDX-License-Identifier: MIT
/* sources: fs/chrdev.c fs/devfs.c fs/fd_table.c fs/file.c fs/file_lock.c fs/filemap.c
 * fs/filesystem.c fs/inode.c fs/mount.c fs/name_index.c fs/page_index.c fs/path.c fs/path_change.c
 * fs/path_open.c fs/pipe.c fs/socket.c fs/socket_core.c fs/socket_io.c fs/procfs.c
 * fs/procfs_inode.c fs/procfs_process.c fs/random.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c
 * fs/tmpfs_inode.c fs/tree.c fs/uio.c lib/chacha.c lib/format.c lib/parse.c lib/rbtree.c
 * lib/string.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c tests/host/fs_fixture.c
 * tests/host/shim/files.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/machine.c
 * tests/host/shim/panic.c fs/initramfs.c kernel/core/brlock.c lib/cpio.c */
/* Archives become files. */
#include "tests/host/fs_fixture.h"

#include <stdio.h>

static char archive[16384];
static size_t length;

static void pad(void)
{
	while (length % 4 != 0)
		archive[length++] = '\0';
}

static void add(const char *name, u32 mode, u32 ino, u32 nlink, const char *data, size_t len)
{
	length += (size_t)sprintf(archive + length,
				  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino,
				  mode, 3u, 4u, nlink, 1000u, (u32)len, 0u, 0u, 1u, 5u,
				  (u32)strlen(name) + 1, 0u);
	length += (size_t)sprintf(archive + length, "%s", name) + 1;
	pad();
	memcpy(archive + length, data, len);
	length += len;
	pad();
}

static void begin(void)
{
	memset(archive, 0, sizeof(archive));
	length = 0;
}

static int unpack(void)
{
	add("TRAILER!!!", 0, 0, 1, "", 0);
	return initramfs_unpack(archive, length);
}

static void entries_of_all_kinds_are_made(void **state)
{
	begin();
	add("t/d", S_IFDIR | 0750, 1, 2, "", 0);
	add("./t/d/f", S_IFREG | 04755, 2, 1, "content", 7);
	add("/t/d/l", S_IFLNK | 0777, 3, 1, "f", 1);
	add("t/zero", S_IFCHR | 0600, 4, 1, "", 0);
	add("t/p", S_IFIFO | 0600, 5, 1, "", 0);
	assert_int_equal(unpack(), 0);
	assert_string_equal(content_of("d/l"), "content");
	assert_int_equal(stat_of("d").st_mode, S_IFDIR | 0750);
	assert_int_equal(stat_of("d/f").st_mode, S_IFREG | 04755);
	assert_int_equal(stat_of("d/f").st_uid, 3);
	assert_int_equal(stat_of("d/f").st_mtime, 1000);
	assert_int_equal(stat_of("zero").st_rdev, dev_make(1, 5));
	assert_int_equal(stat_of("p").st_mode, S_IFIFO | 0600);
}

static void hard_links_share_the_content_that_comes_last(void **state)
{
	begin();
	add("t/a", S_IFREG | 0644, 9, 3, "", 0);
	add("t/b", S_IFREG | 0644, 9, 3, "", 0);
	add("t/c", S_IFREG | 0644, 9, 3, "shared", 6);
	assert_int_equal(unpack(), 0);
	assert_string_equal(content_of("a"), "shared");
	assert_int_equal(stat_of("b").st_nlink, 3);
	assert_int_equal(stat_of("a").st_ino, stat_of("c").st_ino);
}

static void later_entries_replace_earlier_ones(void **state)
{
	assert_int_equal(make_dir("x"), 0);
	assert_int_equal(make_link("y", "nowhere"), 0);
	assert_int_equal(make_file("z", "a longer text"), 0);
	begin();
	add("t/x", S_IFREG | 0644, 1, 1, "file", 4);
	add("t/y", S_IFREG | 0644, 2, 1, "file", 4);
	add("t/z", S_IFREG | 0644, 3, 1, "new", 3);
	assert_int_equal(unpack(), 0);
	assert_string_equal(content_of("x"), "file");
	assert_string_equal(content_of("y"), "file");
	assert_string_equal(content_of("z"), "new");
	assert_int_equal(exists("nowhere"), -ENOENT);
}

static void file_takes_the_place_of_a_fifo_or_device(void **state)
{
	begin();
	add("t/p", S_IFIFO | 0600, 1, 1, "", 0);
	add("t/c", S_IFCHR | 0600, 2, 1, "", 0);
	add("t/p", S_IFREG | 0644, 3, 1, "file", 4);
	add("t/c", S_IFREG | 0644, 4, 1, "file", 4);
	assert_int_equal(unpack(), 0);
	assert_string_equal(content_of("p"), "file");
	assert_string_equal(content_of("c"), "file");
	assert_int_equal(stat_of("c").st_mode, S_IFREG | 0644);
}

static void entry_without_a_directory_is_left_out(void **state)
{
	begin();
	add("t/none/f", S_IFREG | 0644, 1, 1, "x", 1);
	add("t/f", S_IFREG | 0644, 2, 1, "y", 1);
	assert_int_equal(unpack(), 0);
	assert_string_equal(content_of("f"), "y");
}

static void archive_cut_anywhere_is_an_error_and_leaks_nothing(void **state)
{
	begin();
	add("t/f", S_IFREG | 0644, 1, 2, "content", 7);
	add("t/g", S_IFREG | 0644, 1, 2, "", 0);
	add("TRAILER!!!", 0, 0, 1, "", 0);
	for (size_t len = 1; len < length; len++) {
		char *copy = malloc(len); /* of its exact size, for the sanitizer */
		memcpy(copy, archive, len);
		const int err = initramfs_unpack(copy, len);
		assert_true(err == 0 || err == -EINVAL);
		free(copy);
	}
}

static void lack_of_memory_is_told(void **state)
{
	bool is_enough = false;
	for (int fail = 0; !is_enough; fail++) {
		begin();
		add("t/d", S_IFDIR | 0750, 1, 2, "", 0);
		add("t/d/f", S_IFREG | 0644, 2, 2, "content", 7);
		add("t/d/g", S_IFREG | 0644, 2, 2, "", 0);
		add("t/d/l", S_IFLNK | 0777, 3, 1, "f", 1);
		shim_fail_after = fail;
		const int err = unpack();
		is_enough = shim_fail_after >= 0;
		shim_fail_after = -1;
		/* The path that an open file remembers may be missing without harm. */
		assert_true(err == -ENOMEM || (err == 0 && exists("d/l") == 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_of_all_kinds_are_made, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(hard_links_share_the_content_that_comes_last,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(later_entries_replace_earlier_ones, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(file_takes_the_place_of_a_fifo_or_device, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(entry_without_a_directory_is_left_out, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(archive_cut_anywhere_is_an_error_and_leaks_nothing,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(lack_of_memory_is_told, fs_setup, fs_teardown),
	};
	return cmocka_run_group_tests(tests, fs_group_setup, fs_group_teardown);
}
