/* SPDX-License-Identifier: MIT */
/* Open files: their life, and the defaults of file_ops. */
#include "fs/file.h"

#include "fs/file_lock.h"
#include "fs/filemap.h"
#include "fs/tree.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

static u32 path_poll(struct file *f, struct poll_table *t)
{
	return POLLNVAL;
}

const struct file_ops file_path_ops = {
	.poll = path_poll,
};

static struct slab_cache *file_cache;

int file_init(void)
{
	if (file_cache == NULL)
		file_cache = slab_create("file", sizeof(struct file), _Alignof(struct file));
	return file_cache == NULL ? -ENOMEM : 0;
}

struct file *file_create(const struct file_ops *ops, struct inode *inode, u32 open_flags,
			 void *private)
{
	struct file *f = slab_alloc(file_cache);
	if (f == NULL) {
		inode_put(inode);
		return NULL;
	}
	const u32 access = open_flags & (O_ACCMODE | O_PATH);
	*f = (struct file){
		.ops = ops,
		.inode = inode,
		.private = private,
		.readable = access == O_RDONLY || access == O_RDWR,
		.writable = access == O_WRONLY || access == O_RDWR,
		.refs = { 1 },
		.flags = open_flags & ~(u32)(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC),
		.lock = MUTEX_INIT(f->lock, "file offset", RANK_FILE_OFFSET),
	};
	return f;
}

void file_destroy(struct file *f)
{
	file_lock_drop(f->inode, f);
	if (f->ops->release != NULL)
		f->ops->release(f);
	if (f->is_writer)
		inode_put_write(f->inode);
	inode_put(f->inode);
	kfree(f->path);
	slab_free(file_cache, f);
}

char *file_path_alloc(const struct file *f, const struct inode *root)
{
	const struct inode *inode = f->inode;
	char *path = NULL;
	if (f->path != NULL) {
		const size_t size = strlen(f->path) + 1;
		path = kmalloc(size);
		if (path != NULL)
			memcpy(path, f->path, size);
	} else if (inode != NULL) {
		struct spinlock *held = br_read_lock(&tree_lock);
		if (inode->parent != NULL || inode_is_dir(inode))
			path = tree_path_alloc(root, inode, NULL, 0);
		br_read_unlock(held);
	}
	return path;
}

void file_name_mapping(const struct file *f, const struct inode *root)
{
	if (filemap_path(f->inode->object) == NULL)
		filemap_set_path(f->inode->object, file_path_alloc(f, root));
}

ssize_t file_read_at_offset(struct file *f, struct uio u)
{
	mutex_lock(&f->lock);
	const ssize_t n = f->ops->read(f, u, &f->offset);
	mutex_unlock(&f->lock);
	return n;
}

ssize_t file_write_at_offset(struct file *f, struct uio u)
{
	mutex_lock(&f->lock);
	const ssize_t n = f->ops->write(f, u, &f->offset);
	mutex_unlock(&f->lock);
	return n;
}

ssize_t file_pread(struct file *f, struct uio u, u64 pos)
{
	if (!file_takes_positions(f))
		return -ESPIPE;
	return f->ops->read == NULL ? -EINVAL : f->ops->read(f, u, &pos);
}

ssize_t file_pwrite(struct file *f, struct uio u, u64 pos)
{
	if (!file_takes_positions(f))
		return -ESPIPE;
	return f->ops->write == NULL ? -EINVAL : f->ops->write(f, u, &pos);
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t len_bytes, u64 pos)
{
	struct uio_parts parts;
	return file_pread(f, uio_of_kernel(&parts, buf, len_bytes), pos);
}

s64 file_ioctl(struct file *f, u32 command, u64 arg)
{
	return f->ops->ioctl == NULL ? -ENOTTY : f->ops->ioctl(f, command, arg);
}

s64 file_seek(struct file *f, s64 offset, int whence)
{
	if (f->ops->seek == NULL)
		return -ESPIPE;
	if (!f->has_offset)
		return f->ops->seek(f, offset, whence);
	mutex_lock(&f->lock);
	const s64 pos = f->ops->seek(f, offset, whence);
	mutex_unlock(&f->lock);
	return pos;
}

int file_iterate(struct file *f, struct dir_emitter *e)
{
	return f->ops->iterate == NULL ? -ENOTDIR : f->ops->iterate(f, e);
}

int file_mmap(struct file *f, bool shared_writable, struct vm_object **out)
{
	return f->ops->mmap == NULL ? -ENODEV : f->ops->mmap(f, shared_writable, out);
}

s64 file_seek_to(struct file *f, s64 offset, int whence, u64 size_bytes)
{
	s64 base = 0;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = (s64)f->offset;
		break;
	case SEEK_END:
		base = (s64)size_bytes;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || (u64)offset >= size_bytes)
			return -ENXIO;
		if (whence == SEEK_HOLE)
			offset = (s64)size_bytes;
		break;
	default:
		return -EINVAL;
	}
	s64 pos;
	if (__builtin_add_overflow(base, offset, &pos) || pos < 0)
		return -EINVAL;
	f->offset = (u64)pos;
	return pos;
}
