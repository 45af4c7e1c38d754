// SPDX-License-Identifier: MIT
/* See fs_fixture.h. */
#include "tests/host/fs_fixture.h"

struct cred cred;
struct path_ctx ctx = { .cred = &cred };

static unsigned objects_before, frames_before;

int fs_group_setup(void **state)
{
	shim_memory_reset();
	if (fs_init() != 0)
		return -1;
	ctx.root = ctx.cwd = fs_root();
	return make_dir("/t");
}

int fs_group_teardown(void **state)
{
	fs_shutdown();
	return shim_frames_used() == 0 && shim_objects_used() == 0 ? 0 : -1;
}

int fs_setup(void **state)
{
	struct inode *at;
	shim_fail_after = -1;
	shim_unmaps = 0;
	cred = (struct cred){ 0 };
	ctx.umask = 022;
	ctx.root = ctx.cwd = fs_root();
	objects_before = shim_objects_used();
	frames_before = shim_frames_used();
	assert_int_equal(path_lookup(&ctx, NULL, "/t", true, &at), 0);
	assert_int_equal(fs_mount("tmpfs", "none", at, "/t", 0), 0);
	inode_put(at);
	assert_int_equal(path_lookup(&ctx, NULL, "/t", true, &ctx.cwd), 0);
	return 0;
}

int fs_teardown(void **state)
{
	struct inode *at;
	shim_fail_after = -1;
	inode_put(ctx.cwd);
	ctx.root = ctx.cwd = fs_root();
	assert_int_equal(path_lookup(&ctx, NULL, "/t", true, &at), 0);
	assert_int_equal(fs_unmount(at, 0), 0);
	assert_int_equal(shim_objects_used(), objects_before);
	assert_int_equal(shim_frames_used(), frames_before);
	assert_int_equal(shim_locks_held, 0);
	return 0;
}

int make_dir(const char *path)
{
	return path_create(&ctx, NULL, path, S_IFDIR | 0777, 0);
}

int make_file(const char *path, const char *content)
{
	struct file *f;
	const int err = path_open(&ctx, NULL, path, O_WRONLY | O_CREAT | O_TRUNC, 0666, &f);
	if (err < 0)
		return err;
	const ssize_t n = write_bytes(f, content, strlen(content));
	file_put(f);
	return n < 0 ? (int)n : 0;
}

int make_link(const char *path, const char *target)
{
	return path_symlink(&ctx, target, NULL, path);
}

int remove_file(const char *path)
{
	return path_unlink(&ctx, NULL, path, false);
}

int remove_dir(const char *path)
{
	return path_unlink(&ctx, NULL, path, true);
}

int rename_to(const char *from, const char *to)
{
	return path_rename(&ctx, NULL, from, NULL, to, 0);
}

int exists(const char *path)
{
	struct inode *inode;
	const int err = path_lookup(&ctx, NULL, path, false, &inode);
	if (err == 0)
		inode_put(inode);
	return err;
}

struct file *open_file(const char *path, u32 flags)
{
	struct file *f;
	return path_open(&ctx, NULL, path, flags, 0666, &f) == 0 ? f : NULL;
}

const char *content_of(const char *path)
{
	static char text[256];
	struct file *f = open_file(path, O_RDONLY);
	if (f == NULL)
		return NULL;
	const ssize_t n = read_bytes(f, text, sizeof(text) - 1);
	file_put(f);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

struct kstat stat_of(const char *path)
{
	struct kstat st = { 0 };
	struct inode *inode;
	assert_int_equal(path_lookup(&ctx, NULL, path, false, &inode), 0);
	inode_stat(inode, &st);
	inode_put(inode);
	return st;
}

ssize_t read_bytes(struct file *f, void *buf, size_t len)
{
	return file_read(f, uio_of_user((uaddr_t)buf, len));
}

ssize_t write_bytes(struct file *f, const void *buf, size_t len)
{
	return file_write(f, uio_of_user((uaddr_t)buf, len));
}
