// SPDX-License-Identifier: MIT
/* sources: fs/chrdev.c fs/devfs.c fs/fd_table.c fs/file.c fs/file_lock.c fs/filemap.c
 * fs/filesystem.c fs/inode.c fs/mount.c fs/name_index.c fs/page_index.c fs/path.c fs/path_change.c
 * fs/path_open.c fs/pipe.c fs/socket.c fs/socket_core.c fs/socket_io.c fs/procfs.c
 * fs/procfs_inode.c fs/procfs_process.c fs/random.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c
 * fs/tmpfs_inode.c fs/tree.c fs/uio.c kernel/core/brlock.c lib/chacha.c lib/format.c lib/parse.c
 * lib/rbtree.c lib/string.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c tests/host/fs_fixture.c
 * tests/host/shim/files.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/machine.c
 * tests/host/shim/panic.c */
/* What is in files: read and write, holes, truncation, and the page cache that mmap sees. */
#include "tests/host/fs_fixture.h"

#define BAD_ADDRESS ((void *)8)
#define BIG         (3 * PAGE_SIZE + 100)

static char buf[BIG + PAGE_SIZE];

static struct file *fresh(void)
{
	struct file *f = open_file("f", O_RDWR | O_CREAT | O_TRUNC);
	assert_non_null(f);
	return f;
}

static ssize_t read_at(struct file *f, void *to, size_t len, u64 pos)
{
	return file_read_kernel(f, to, len, pos);
}

static ssize_t write_at(struct file *f, const void *from, size_t len, u64 pos)
{
	struct uio_parts parts;
	return file_pwrite(f, uio_of_kernel(&parts, (void *)from, len), pos);
}

static bool all(const char *p, size_t len, char c)
{
	while (len > 0 && p[len - 1] == c)
		len--;
	return len == 0;
}

static struct page *page_of(struct file *f, u64 index)
{
	struct vm_object *o = f->inode->object;
	struct page *page = NULL;
	assert_int_equal(o->ops->get_page(o, index, false, &page), 0);
	return page;
}

static void offset_moves_with_read_and_write(void **state)
{
	struct file *f = fresh();
	assert_int_equal(write_bytes(f, "hello world", 11), 11);
	assert_int_equal(file_seek(f, -5, SEEK_CUR), 6);
	assert_int_equal(read_bytes(f, buf, 100), 5);
	assert_memory_equal(buf, "world", 5);
	assert_int_equal(read_bytes(f, buf, 100), 0);
	assert_int_equal(file_seek(f, 0, SEEK_CUR), 11);
	assert_int_equal(file_seek(f, -12, SEEK_END), -EINVAL);
	assert_int_equal(file_seek(f, 1, 9), -EINVAL);
	file_put(f);
}

static void append_goes_to_the_end(void **state)
{
	struct file *f = fresh();
	struct file *a = open_file("f", O_WRONLY | O_APPEND);
	assert_int_equal(write_bytes(f, "one", 3), 3);
	assert_int_equal(write_bytes(a, "two", 3), 3);
	assert_int_equal(write_at(a, "three", 5, 0), 5);
	assert_true(a->writable && !a->readable);
	assert_string_equal(content_of("f"), "onetwothree");
	file_put(a);
	file_put(f);
}

static void holes_read_as_zeros_and_cost_nothing(void **state)
{
	struct file *f = fresh();
	assert_int_equal(write_at(f, "x", 1, 100 * PAGE_SIZE), 1);
	assert_int_equal(stat_of("f").st_blocks, 8);
	memset(buf, 'y', sizeof(buf));
	assert_int_equal(read_at(f, buf, BIG, 50), BIG);
	assert_true(all(buf, BIG, 0));
	assert_int_equal(stat_of("f").st_blocks, 8);
	file_put(f);
}

static void pages_are_clean_around_what_was_written(void **state)
{
	struct file *f = fresh();
	assert_int_equal(write_at(f, "abc", 3, 10), 3);
	assert_int_equal(inode_truncate(f->inode, PAGE_SIZE), 0);
	assert_int_equal(read_at(f, buf, PAGE_SIZE, 0), PAGE_SIZE);
	assert_true(all(buf, 10, 0) && all(buf + 13, PAGE_SIZE - 13, 0));
	file_put(f);
}

static void what_was_cut_off_does_not_come_back(void **state)
{
	struct file *f = fresh();
	memset(buf, 'z', BIG);
	assert_int_equal(write_at(f, buf, BIG, 0), BIG);
	assert_int_equal(inode_truncate(f->inode, 5000), 0);
	assert_int_equal(shim_unmaps, 1);
	assert_int_equal(shim_unmap_first, 2);
	assert_int_equal(shim_unmap_end, 4);
	assert_int_equal(inode_truncate(f->inode, BIG), 0);
	assert_int_equal(read_at(f, buf, BIG, 0), BIG);
	assert_true(all(buf, 5000, 'z') && all(buf + 5000, BIG - 5000, 0));
	assert_int_equal(stat_of("f").st_blocks, 16);
	file_put(f);
}

static void bad_address_ends_the_transfer_where_it_is_met(void **state)
{
	struct file *f = fresh();
	assert_int_equal(write_bytes(f, BAD_ADDRESS, 10), -EFAULT);
	assert_int_equal(stat_of("f").st_size, 0);
	assert_int_equal(stat_of("f").st_blocks, 0);
	const struct user_iovec iov[] = { { (uaddr_t) "12345", 5 }, { (uaddr_t)BAD_ADDRESS, 5 } };
	struct uio_parts parts;
	assert_int_equal(file_write(f, uio_of_list(&parts, iov, 10)), 5);
	assert_int_equal(stat_of("f").st_size, 5);
	assert_int_equal(f->offset, 5);
	f->offset = 0;
	assert_int_equal(read_bytes(f, BAD_ADDRESS, 5), -EFAULT);
	assert_int_equal(f->offset, 0);
	file_put(f);
}

static void a_list_that_was_shortened_takes_no_more(void **state)
{
	char to[11] = "..........";
	const struct user_iovec iov[] = { { (uaddr_t)to, 10 } };
	struct uio_parts parts;
	struct uio u = uio_of_list(&parts, iov, 10);
	uio_shorten(&u, 4);
	assert_int_equal(uio_copy_in(&u, "ab", 2), 2);
	assert_int_equal(uio_copy_in(&u, "cdefg", 5), 2);
	assert_int_equal(u.left, 0);
	assert_string_equal(to, "abcd......");
}

static void lists_of_buffers_are_filled_in_turn(void **state)
{
	char a[3], b[4];
	struct file *f = fresh();
	assert_int_equal(write_bytes(f, "abcdefgh", 8), 8);
	f->offset = 0;
	const struct user_iovec iov[] = { { (uaddr_t)a, 3 }, { 0, 0 }, { (uaddr_t)b, 4 } };
	struct uio_parts parts;
	assert_int_equal(file_read(f, uio_of_list(&parts, iov, 7)), 7);
	assert_memory_equal(a, "abc", 3);
	assert_memory_equal(b, "defg", 4);
	file_put(f);
}

static void fault_past_the_end_is_refused(void **state)
{
	struct file *f = fresh();
	struct vm_object *o = f->inode->object;
	struct page *page;
	assert_int_equal(o->ops->get_page(o, 0, true, &page), -EIO);
	assert_int_equal(write_at(f, "x", 1, 0), 1);
	assert_int_equal(o->ops->get_page(o, 1, false, &page), -EIO);
	page = page_of(f, 0);
	assert_memory_equal(page_to_virt(page), "x\0\0", 3);
	assert_int_equal(inode_truncate(f->inode, 0), 0);
	assert_int_equal(o->ops->get_page(o, 0, false, &page), -EIO);
	file_put(f);
}

static void mapped_hole_shows_later_writes(void **state)
{
	struct file *f = fresh();
	assert_int_equal(inode_truncate(f->inode, 3 * PAGE_SIZE), 0);
	struct page *page = page_of(f, 1);
	assert_true(all(page_to_virt(page), PAGE_SIZE, 0));
	assert_int_equal(write_at(f, "later", 5, PAGE_SIZE + 7), 5);
	assert_memory_equal((char *)page_to_virt(page) + 7, "later", 5);
	file_put(f);
}

static void object_outlives_its_file(void **state)
{
	struct vm_object *o;
	struct file *f = fresh();
	assert_int_equal(write_bytes(f, "text", 4), 4);
	assert_int_equal(file_mmap(f, false, &o), 0);
	file_name_mapping(f, fs_root());
	file_put(f);
	assert_int_equal(remove_file("f"), 0);
	struct page *page;
	assert_int_equal(o->ops->get_page(o, 0, false, &page), 0);
	assert_memory_equal(page_to_virt(page), "text", 4);
	char name[16];
	o->ops->describe(o, name, sizeof(name));
	assert_string_equal(name, "/t/f");
	vm_object_put(o);
}

static void unlinked_file_lives_until_it_is_closed(void **state)
{
	struct file *f = fresh();
	assert_int_equal(write_bytes(f, "still", 5), 5);
	assert_int_equal(remove_file("f"), 0);
	assert_int_equal(f->inode->nlink, 0);
	assert_int_equal(path_link(&ctx, f->inode, NULL, "again"), -ENOENT);
	assert_int_equal(read_at(f, buf, 5, 0), 5);
	assert_memory_equal(buf, "still", 5);
	file_put(f);
}

static void quota_ends_writing_and_not_the_file(void **state)
{
	struct inode *at;
	assert_int_equal(make_dir("m"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "m", true, &at), 0);
	assert_int_equal(fs_mount_options("tmpfs", "none", at, "/t/m", 0, "size=8k,bad"), -EINVAL);
	assert_int_equal(fs_mount_options("tmpfs", "none", at, "/t/m", 0, "size=8k,mode=700"), 0);
	inode_put(at);
	assert_int_equal(stat_of("m").st_mode, S_IFDIR | 0700);
	struct file *f = open_file("m/f", O_RDWR | O_CREAT);
	memset(buf, 'q', BIG);
	assert_int_equal(write_at(f, buf, BIG, 0), 2 * PAGE_SIZE);
	assert_int_equal(write_at(f, buf, 1, 2 * PAGE_SIZE), -ENOSPC);
	assert_int_equal(inode_allocate(f->inode, 0, BIG, false), -ENOSPC);
	assert_int_equal(f->inode->size_bytes, 2 * PAGE_SIZE);
	assert_int_equal(inode_truncate(f->inode, 0), 0);
	assert_int_equal(write_at(f, buf, 1, PAGE_SIZE), 1);
	file_put(f);
	assert_int_equal(path_lookup(&ctx, NULL, "m", true, &at), 0);
	assert_int_equal(fs_unmount(at, 0), 0);
}

static void file_that_ran_out_of_memory_keeps_what_it_has(void **state)
{
	ssize_t n = -1;
	memset(buf, 'm', BIG);
	for (int fail = 0; n != BIG; fail++) {
		struct file *f = fresh();
		shim_fail_after = fail;
		n = write_at(f, buf, BIG, 0);
		shim_fail_after = -1;
		assert_int_equal(stat_of("f").st_size, n > 0 ? n : 0);
		if (n > 0) {
			assert_int_equal(read_at(f, buf + 1, (size_t)n, 0), n);
			assert_true(all(buf, BIG, 'm'));
		} else {
			assert_int_equal(n, -ENOMEM);
		}
		file_put(f);
	}
}

static void random_use_agrees_with_an_array(void **state)
{
	static char model[20 * PAGE_SIZE], got[20 * PAGE_SIZE];
	u64 size = 0;
	struct file *f = fresh();
	srand(3);
	memset(model, 0, sizeof(model));
	for (int round = 0; round < 3000; round++) {
		const u64 pos = (u64)rand() % (sizeof(model) - BIG);
		const size_t len = (size_t)rand() % BIG;
		if (rand() % 4 == 0) {
			assert_int_equal(inode_truncate(f->inode, pos), 0);
			if (pos < size)
				memset(model + pos, 0, size - pos);
			size = pos;
		} else if (len > 0) {
			memset(buf, 'a' + round % 26, len);
			assert_int_equal(write_at(f, buf, len, pos), len);
			memcpy(model + pos, buf, len);
			size = MAX(size, pos + len);
		}
		assert_int_equal(read_at(f, got, sizeof(got), 0), size);
		assert_memory_equal(got, model, size);
	}
	file_put(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(offset_moves_with_read_and_write, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(append_goes_to_the_end, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(holes_read_as_zeros_and_cost_nothing, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(pages_are_clean_around_what_was_written, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(what_was_cut_off_does_not_come_back, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(bad_address_ends_the_transfer_where_it_is_met,
						fs_setup, fs_teardown),
		cmocka_unit_test(a_list_that_was_shortened_takes_no_more),
		cmocka_unit_test_setup_teardown(lists_of_buffers_are_filled_in_turn, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(fault_past_the_end_is_refused, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(mapped_hole_shows_later_writes, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(object_outlives_its_file, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(unlinked_file_lives_until_it_is_closed, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(quota_ends_writing_and_not_the_file, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(file_that_ran_out_of_memory_keeps_what_it_has,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(random_use_agrees_with_an_array, fs_setup,
						fs_teardown),
	};
	return cmocka_run_group_tests(tests, fs_group_setup, fs_group_teardown);
}
