/* SPDX-License-Identifier: MIT */
/* tmpfs: inodes of every type, and what open regular files do. */
#include "fs/tmpfs.h"

#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

#define FILE_SIZE_MAX   ((u64)INT64_MAX)
#define BLOCKS_PER_PAGE (PAGE_SIZE / 512)
#define EMPTY_DIR_BYTES 40 /* what Linux's tmpfs shows for a directory with "." and ".." */

static ssize_t tmpfs_read(struct file *f, struct uio u, u64 *pos);
static ssize_t tmpfs_write(struct file *f, struct uio u, u64 *pos);
static s64 tmpfs_seek(struct file *f, s64 offset, int whence);
static int tmpfs_mmap(struct file *f, bool shared_writable, struct vm_object **out);
static int tmpfs_open(struct inode *inode, struct file *f);
static int tmpfs_truncate(struct inode *inode, u64 size);
static int tmpfs_allocate(struct inode *inode, u64 pos, u64 len_bytes, bool keep_size);
static void tmpfs_stat(struct inode *inode, struct kstat *out);
static ssize_t tmpfs_readlink(struct inode *inode, char *buf, size_t size);

static const struct file_ops regular_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
};

static const struct inode_ops regular_ops = {
	.truncate = tmpfs_truncate,
	.allocate = tmpfs_allocate,
	.open = tmpfs_open,
	.stat = tmpfs_stat,
	.destroy = tmpfs_inode_free,
};

static const struct inode_ops symlink_ops = {
	.readlink = tmpfs_readlink,
	.destroy = tmpfs_inode_free,
};

/* FIFOs, devices, sockets: opened by their type (fs/path_open.c). */
static const struct inode_ops special_ops = {
	.destroy = tmpfs_inode_free,
};

static struct slab_cache *inode_cache;

int tmpfs_inode_init(void)
{
	if (inode_cache == NULL)
		inode_cache = slab_create("tmpfs inode", sizeof(struct tmpfs_inode),
					  _Alignof(struct tmpfs_inode));
	return inode_cache == NULL ? -ENOMEM : 0;
}

static const struct inode_ops *ops_of_type(u32 mode)
{
	if (S_ISREG(mode))
		return &regular_ops;
	return S_ISLNK(mode) ? &symlink_ops : &special_ops;
}

static char *duplicate(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = kmalloc(size);
	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

int tmpfs_inode_create(struct tmpfs *t, const struct inode_ops *ops, u32 mode, u32 uid, u32 gid,
		       u64 rdev, const char *target, struct inode **out)
{
	struct tmpfs_inode *i = slab_alloc(inode_cache);
	if (i == NULL)
		return -ENOMEM;
	i->target = NULL;
	i->names = (struct name_index){ 0 };
	i->removed = NULL;
	const u64 number = __atomic_add_fetch(&t->next_number, 1, __ATOMIC_RELAXED);
	inode_init(&i->inode, ops != NULL ? ops : ops_of_type(mode), &t->fs, number, mode);
	i->inode.uid = uid;
	i->inode.gid = gid;
	i->inode.rdev = rdev;
	if (S_ISDIR(mode)) {
		i->inode.size_bytes = EMPTY_DIR_BYTES;
		i->inode.names = &i->names;
	}
	if (S_ISLNK(mode)) {
		i->target = duplicate(target);
		i->inode.size_bytes = strlen(target);
	}
	if (S_ISREG(mode))
		i->inode.object = filemap_create(t->quota, number);
	if ((S_ISLNK(mode) && i->target == NULL) || (S_ISREG(mode) && i->inode.object == NULL)) {
		inode_settle(&i->inode);
		slab_free(inode_cache, i);
		return -ENOMEM;
	}
	spin_lock(&t->lock);
	list_push_back(&t->inodes, &i->node);
	t->inode_count++;
	spin_unlock(&t->lock);
	*out = &i->inode;
	return 0;
}

void tmpfs_inode_free(struct inode *inode)
{
	struct tmpfs_inode *i = tmpfs_inode_of(inode);
	struct tmpfs *t = tmpfs_of(inode);
	spin_lock(&t->lock);
	list_remove(&i->node);
	t->inode_count--;
	spin_unlock(&t->lock);
	kfree(i->target);
	kfree(i->removed);
	slab_free(inode_cache, i);
}

static int tmpfs_open(struct inode *inode, struct file *f)
{
	f->ops = &regular_file_ops;
	f->has_offset = true;
	return 0;
}

static ssize_t tmpfs_read(struct file *f, struct uio u, u64 *pos)
{
	struct inode *inode = f->inode;
	mutex_lock(&inode->lock);
	const ssize_t n = filemap_read(inode->object, u, *pos, inode->size_bytes);
	if ((READ_ONCE(f->flags) & O_NOATIME) == 0)
		inode_accessed(inode);
	mutex_unlock(&inode->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static ssize_t tmpfs_write(struct file *f, struct uio u, u64 *pos)
{
	struct inode *inode = f->inode;
	if (u.left == 0)
		return 0;
	mutex_lock(&inode->lock);
	/* A write that fails leaves the position where it is. */
	const u64 at = (READ_ONCE(f->flags) & O_APPEND) != 0 ? inode->size_bytes : *pos;
	ssize_t n = -EFBIG;
	const u64 end_max = MIN(FILE_SIZE_MAX, uio_file_end_max(u));
	if (at < end_max) {
		uio_shorten(&u, end_max - at);
		n = filemap_write(inode->object, u, at);
	}
	if (n > 0) {
		*pos = at + (u64)n;
		inode->size_bytes = filemap_size(inode->object);
		inode_touch(inode);
	}
	mutex_unlock(&inode->lock);
	return n;
}

static s64 tmpfs_seek(struct file *f, s64 offset, int whence)
{
	return file_seek_to(f, offset, whence, READ_ONCE(f->inode->size_bytes));
}

static int tmpfs_mmap(struct file *f, bool shared_writable, struct vm_object **out)
{
	(void)shared_writable;
	vm_object_get(f->inode->object);
	*out = f->inode->object;
	return 0;
}

static int tmpfs_truncate(struct inode *inode, u64 size)
{
	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	filemap_truncate(inode->object, size);
	inode->size_bytes = size;
	return 0;
}

static int tmpfs_allocate(struct inode *inode, u64 pos, u64 len_bytes, bool keep_size)
{
	const u64 old_size = inode->size_bytes;
	const u64 end = pos + len_bytes;
	if (!keep_size && end > old_size)
		filemap_truncate(inode->object, end);
	const int err = filemap_allocate(inode->object, pos, len_bytes);
	if (err < 0 && !keep_size && end > old_size)
		filemap_truncate(inode->object, old_size);
	inode->size_bytes = filemap_size(inode->object);
	return err;
}

static void tmpfs_stat(struct inode *inode, struct kstat *out)
{
	out->st_blocks = (s64)(filemap_pages(inode->object) * BLOCKS_PER_PAGE);
}

static ssize_t tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
	const size_t len = MIN(size, (size_t)inode->size_bytes);
	memcpy(buf, tmpfs_inode_of(inode)->target, len);
	return (ssize_t)len;
}
