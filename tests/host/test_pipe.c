// SPDX-License-Identifier: MIT
/* sources: fs/chrdev.c fs/devfs.c fs/fd_table.c fs/file.c fs/file_lock.c fs/filemap.c
 * fs/filesystem.c fs/inode.c fs/mount.c fs/name_index.c fs/page_index.c fs/path.c fs/path_change.c
 * fs/path_open.c fs/pipe.c fs/socket.c fs/socket_core.c fs/socket_io.c fs/procfs.c
 * fs/procfs_inode.c fs/procfs_process.c fs/random.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c
 * fs/tmpfs_inode.c fs/tree.c fs/uio.c kernel/core/brlock.c lib/chacha.c lib/format.c lib/parse.c
 * lib/rbtree.c lib/string.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c tests/host/fs_fixture.c
 * tests/host/shim/files.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/machine.c
 * tests/host/shim/panic.c */
/* Pipes and descriptor tables, as far as nobody has to wait. */
#include "tests/host/fs_fixture.h"

#include "fs/fd_table.h"
#include "fs/pipe.h"
#include "lib/abi/limits.h"
#include "lib/abi/poll.h"

static char in[2 * PIPE_BYTES], out[2 * PIPE_BYTES];

static void open_pipe(struct file **r, struct file **w)
{
	assert_int_equal(pipe_create(O_NONBLOCK, r, w), 0);
}

static void bytes_come_out_as_they_went_in(void **state)
{
	struct file *r, *w;
	size_t written = 0, seen = 0;
	open_pipe(&r, &w);
	srand(5);
	while (seen < 40 * (size_t)PIPE_BYTES) {
		const size_t len = 1 + (size_t)rand() % (rand() % 3 == 0 ? sizeof(in) : 6000);
		for (size_t i = 0; i < len; i++)
			in[i] = (char)((written + i) * 7 + (written + i) / 256);
		const ssize_t n = write_bytes(w, in, len);
		assert_true(n == -EAGAIN || (n > 0 && (size_t)n <= len));
		if (n > 0 && len <= PIPE_BUF)
			assert_int_equal(n, len);
		written += n > 0 ? (size_t)n : 0;
		const size_t wanted = 1 + (size_t)rand() % (rand() % 3 == 0 ? sizeof(out) : 6000);
		const ssize_t got = read_bytes(r, out, wanted);
		assert_int_equal(got,
				 written == seen ? -EAGAIN : (ssize_t)MIN(wanted, written - seen));
		for (ssize_t i = 0; i < got; i++)
			assert_int_equal(out[i],
					 (char)((seen + (size_t)i) * 7 + (seen + (size_t)i) / 256));
		seen += got > 0 ? (size_t)got : 0;
	}
	file_put(r);
	file_put(w);
}

static void small_writes_go_in_whole_or_not_at_all(void **state)
{
	struct file *r, *w;
	open_pipe(&r, &w);
	assert_int_equal(write_bytes(w, in, PIPE_BYTES - 10), PIPE_BYTES - 10);
	assert_int_equal(write_bytes(w, in, 11), -EAGAIN);
	assert_int_equal(write_bytes(w, in, PIPE_BUF + 1), 10);
	assert_int_equal(write_bytes(w, in, PIPE_BUF + 1), -EAGAIN);
	file_put(r);
	file_put(w);
}

static void ends_learn_when_the_other_is_gone(void **state)
{
	struct file *r, *w;
	open_pipe(&r, &w);
	assert_int_equal(write_bytes(w, "left", 4), 4);
	assert_int_equal(file_poll(w, NULL), POLLOUT | POLLWRNORM);
	file_put(w);
	assert_int_equal(file_poll(r, NULL), POLLIN | POLLRDNORM | POLLHUP);
	assert_int_equal(read_bytes(r, out, 10), 4);
	assert_int_equal(read_bytes(r, out, 10), 0);
	assert_int_equal(file_poll(r, NULL), POLLHUP);
	file_put(r);
	open_pipe(&r, &w);
	file_put(r);
	assert_int_equal(write_bytes(w, "lost", 4), -EPIPE);
	assert_int_equal(file_poll(w, NULL) & POLLERR, POLLERR);
	file_put(w);
}

static void poll_promises_room_for_a_whole_write(void **state)
{
	struct file *r, *w;
	open_pipe(&r, &w);
	assert_int_equal(file_poll(r, NULL), 0);
	assert_int_equal(write_bytes(w, in, PIPE_BYTES - PIPE_BUF), PIPE_BYTES - PIPE_BUF);
	assert_int_equal(file_poll(w, NULL), POLLOUT | POLLWRNORM);
	assert_int_equal(write_bytes(w, in, 1), 1);
	assert_int_equal(file_poll(w, NULL), 0);
	file_put(r);
	file_put(w);
}

static void empty_pipe_keeps_no_more_than_a_page(void **state)
{
	struct file *r, *w;
	const unsigned before = shim_frames_used();
	open_pipe(&r, &w);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(write_bytes(w, in, 50000), 50000);
		assert_int_equal(read_bytes(r, out, sizeof(out)), 50000);
		assert_true(shim_frames_used() <= before + 1);
	}
	file_put(r);
	file_put(w);
	assert_int_equal(shim_frames_used(), before);
}

static void bad_address_loses_no_bytes(void **state)
{
	struct file *r, *w;
	open_pipe(&r, &w);
	assert_int_equal(write_bytes(w, (void *)8, 5), -EFAULT);
	assert_int_equal(write_bytes(w, "kept", 4), 4);
	assert_int_equal(read_bytes(r, (void *)8, 4), -EFAULT);
	assert_int_equal(read_bytes(r, out, 10), 4);
	assert_memory_equal(out, "kept", 4);
	file_put(r);
	file_put(w);
}

static void fifo_without_a_reader_refuses_a_writer_that_will_not_wait(void **state)
{
	struct file *w;
	assert_int_equal(path_create(&ctx, NULL, "ff", S_IFIFO | 0666, 0), 0);
	assert_int_equal(path_open(&ctx, NULL, "ff", O_WRONLY | O_NONBLOCK, 0, &w), -ENXIO);
	struct file *r = open_file("ff", O_RDONLY | O_NONBLOCK);
	assert_non_null(r);
	assert_int_equal(file_poll(r, NULL), 0); /* not hung up: nobody was there yet */
	assert_int_equal(read_bytes(r, out, 10), 0);
	w = open_file("ff", O_WRONLY);
	assert_int_equal(write_bytes(w, "fifo", 4), 4);
	file_put(w);
	assert_int_equal(read_bytes(r, out, 10), 4);
	assert_int_equal(file_poll(r, NULL), POLLHUP);
	file_put(r);
	assert_int_equal(stat_of("ff").st_size, 0);
}

/* ---- descriptors ---- */

static struct file *some_file(void)
{
	struct file *f = open_file("some", O_RDWR | O_CREAT);
	assert_non_null(f);
	return f;
}

static void lowest_free_descriptor_is_taken(void **state)
{
	struct fd_table *t = fd_table_create();
	for (int i = 0; i < 100; i++)
		assert_int_equal(fd_install(t, some_file(), 0, false, 1000), i);
	assert_int_equal(fd_close(t, 40), 0);
	assert_int_equal(fd_close(t, 7), 0);
	assert_int_equal(fd_close(t, 7), -EBADF);
	assert_int_equal(fd_install(t, some_file(), 0, false, 1000), 7);
	assert_int_equal(fd_install(t, some_file(), 0, false, 1000), 40);
	assert_int_equal(fd_install(t, some_file(), 0, false, 1000), 100);
	assert_int_equal(fd_install(t, some_file(), 500, false, 1000), 500);
	assert_int_equal(fd_install(t, some_file(), 500, false, 1000), 501);
	struct file *f = some_file();
	file_get(f);
	assert_int_equal(fd_install(t, f, 0, false, 50), -EMFILE); /* and put */
	assert_int_equal(fd_replace(t, 2000, f, false, 1000), -EBADF);
	assert_int_equal(fd_replace(t, 3, f, true, 1000), 3);
	assert_int_equal(fd_get_cloexec(t, 3), 1);
	assert_int_equal(fd_next(t, 101), 500);
	assert_int_equal(fd_next(t, 502), -1);
	fd_table_put(t);
}

static void reserved_descriptor_is_nobodys(void **state)
{
	struct fd_table *t = fd_table_create();
	struct file *f = some_file();
	assert_int_equal(fd_reserve(t, 0), -EMFILE);
	assert_int_equal(fd_reserve(t, 1000), 0);
	assert_int_equal(fd_reserve(t, 1000), 1);
	assert_null(fd_lookup(t, 0));
	assert_int_equal(fd_close(t, 0), -EBADF);
	assert_int_equal(fd_replace(t, 0, f, false, 1000), -EBUSY);
	assert_int_equal(fd_next(t, 0), -1);
	fd_close_range(t, 0, 10, false);
	struct fd_table *c = fd_table_clone(t);
	assert_int_equal(fd_install(c, some_file(), 0, false, 1000), 0);
	fd_table_put(c);
	assert_int_equal(fd_install(t, some_file(), 0, false, 1000), 2);
	fd_install_reserved(t, 1, f, true);
	assert_int_equal(fd_get_cloexec(t, 1), 1);
	fd_release(t, 0);
	assert_int_equal(fd_install(t, some_file(), 0, false, 1000), 0);
	fd_table_put(t);
}

static void cloned_table_is_a_table_of_its_own(void **state)
{
	struct fd_table *t = fd_table_create();
	assert_int_equal(fd_install(t, some_file(), 0, true, 1000), 0);
	assert_int_equal(fd_install(t, some_file(), 300, false, 1000), 300);
	struct fd_table *c = fd_table_clone(t);
	fd_table_close_on_exec(c);
	assert_null(fd_lookup(c, 0));
	struct file *f = fd_lookup(t, 0);
	assert_non_null(f);
	file_put(f);
	assert_int_equal(fd_install(c, some_file(), 0, false, 1000), 0);
	fd_close_range(c, 0, 299, false);
	assert_int_equal(fd_next(c, 0), 300);
	fd_table_put(c);
	fd_table_put(t);
}

static void table_that_cannot_grow_stays_as_it_is(void **state)
{
	struct fd_table *t = fd_table_create();
	struct file *f = some_file();
	file_get(f);
	shim_fail_after = 0;
	assert_int_equal(fd_install(t, f, 200, false, 1000), -ENOMEM); /* and put */
	assert_int_equal(fd_install(t, f, 0, false, 1000), 0);
	assert_int_equal(fd_install(t, some_file(), 200, false, 1000), 200);
	for (int fail = 0; fail < 2; fail++) {
		shim_fail_after = fail;
		assert_null(fd_table_clone(t));
	}
	fd_table_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_come_out_as_they_went_in, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(small_writes_go_in_whole_or_not_at_all, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(ends_learn_when_the_other_is_gone, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(poll_promises_room_for_a_whole_write, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(empty_pipe_keeps_no_more_than_a_page, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(bad_address_loses_no_bytes, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(
			fifo_without_a_reader_refuses_a_writer_that_will_not_wait, fs_setup,
			fs_teardown),
		cmocka_unit_test_setup_teardown(lowest_free_descriptor_is_taken, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(reserved_descriptor_is_nobodys, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(cloned_table_is_a_table_of_its_own, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(table_that_cannot_grow_stays_as_it_is, fs_setup,
						fs_teardown),
	};
	return cmocka_run_group_tests(tests, fs_group_setup, fs_group_teardown);
}
