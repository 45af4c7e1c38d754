/* SPDX-License-Identifier: MIT */
/*
 * /dev: registration of character devices, the ones that need no hardware, and devtmpfs itself. A
 * file system made here has nodes for what is registered by then; boot registers first and mounts
 * later.
 */
#include "fs/devfs.h"

#include "fs/chrdev.h"
#include "fs/kmsg.h"
#include "fs/random.h"
#include "fs/tmpfs.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

#define MAJOR_MEMORY      1
#define MINOR_NULL        3
#define MINOR_ZERO        5
#define MINOR_FULL        7
#define MINOR_RANDOM      8
#define MINOR_URANDOM     9
#define MINOR_KMSG        11
#define PERMISSIONS_ALL   0666
#define PERMISSIONS_LOG   0644
#define RANDOM_CHUNK      256UL
#define ZERO_CHUNK        (64UL << 10)
#define RANDOM_ONCE_BYTES (32UL << 20) /* as Linux: a read of more is cut */

static ssize_t null_read(struct file *f, struct uio u, u64 *pos)
{
	return 0;
}

/* Takes everything, looking at nothing. */
static ssize_t null_write(struct file *f, struct uio u, u64 *pos)
{
	return (ssize_t)u.left;
}

static s64 null_seek(struct file *f, s64 offset, int whence)
{
	return 0;
}

static __noinline ssize_t clear_piecewise(struct uio u)
{
	const size_t wanted = u.left;
	size_t part;
	do
		part = MIN(u.left, ZERO_CHUNK);
	while (uio_clear(&u, part) == part && u.left > 0 && uio_breathe());
	return u.left != wanted ? (ssize_t)(wanted - u.left) : -EFAULT;
}

static ssize_t zero_read(struct file *f, struct uio u, u64 *pos)
{
	if (u.left > ZERO_CHUNK)
		return clear_piecewise(u);
	const size_t wanted = u.left;
	const size_t cleared = uio_clear(&u, wanted);
	return likely(cleared != 0) || wanted == 0 ? (ssize_t)cleared : -EFAULT;
}

/* Private mappings of it are anonymous memory, which kernel/syscall/sys_mm.c makes; shared ones
 * too. */
static int zero_mmap(struct file *f, bool shared_writable, struct vm_object **out)
{
	*out = NULL;
	return 0;
}

static ssize_t full_write(struct file *f, struct uio u, u64 *pos)
{
	return -ENOSPC;
}

static ssize_t random_device_read(struct file *f, struct uio u, u64 *pos)
{
	uio_shorten(&u, RANDOM_ONCE_BYTES);
	return random_read(u);
}

/* What is written is stirred in; it cannot do harm. */
static ssize_t random_device_write(struct file *f, struct uio u, u64 *pos)
{
	u8 chunk[RANDOM_CHUNK];
	const size_t wanted = u.left;
	bool goes_on = true;
	while (u.left > 0 && goes_on) {
		const size_t part = MIN(u.left, sizeof(chunk));
		const size_t got = uio_copy_out(&u, chunk, part);
		random_stir(chunk, got);
		goes_on = got == part && (u.left == 0 || uio_breathe());
	}
	return u.left < wanted || wanted == 0 ? (ssize_t)(wanted - u.left) : -EFAULT;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.seek = null_seek,
};
static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.seek = null_seek,
	.mmap = zero_mmap,
};
static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.seek = null_seek,
};
static const struct file_ops random_ops = {
	.read = random_device_read,
	.write = random_device_write,
	.seek = null_seek,
};

#define MEMORY_DEVICE(device_name, minor, mode, device_ops)                     \
	{                                                                       \
		.name = (device_name), .rdev = ((minor) | (MAJOR_MEMORY << 8)), \
		.permissions = (mode), .ops = (device_ops)                      \
	}

static const struct chrdev memory_devices[] = {
	MEMORY_DEVICE("null", MINOR_NULL, PERMISSIONS_ALL, &null_ops),
	MEMORY_DEVICE("zero", MINOR_ZERO, PERMISSIONS_ALL, &zero_ops),
	MEMORY_DEVICE("full", MINOR_FULL, PERMISSIONS_ALL, &full_ops),
	MEMORY_DEVICE("random", MINOR_RANDOM, PERMISSIONS_ALL, &random_ops),
	MEMORY_DEVICE("urandom", MINOR_URANDOM, PERMISSIONS_ALL, &random_ops),
	MEMORY_DEVICE("kmsg", MINOR_KMSG, PERMISSIONS_LOG, &kmsg_ops),
};

int devfs_init(void)
{
	int err = 0;
	for (size_t i = 0; i < ARRAY_SIZE(memory_devices) && err == 0; i++)
		err = chrdev_register(&memory_devices[i]);
	return err;
}

int devfs_register(const char *name, u32 major, u32 minor, u32 permissions,
		   const struct file_ops *ops, void *private)
{
	const struct chrdev d = {
		.name = name,
		.rdev = dev_make(major, minor),
		.permissions = permissions,
		.ops = ops,
		.private = private,
	};
	return chrdev_register(&d);
}

/* Links that Linux leaves to user space, where BusyBox without mdev has nobody to make them. */
static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static int populate(struct inode *root)
{
	static const struct cred as_root;
	const struct inode_ops *ops = root->ops;
	int err = 0;
	const struct chrdev *d;
	struct inode *node;
	mutex_lock(&root->lock);
	for (size_t i = 0; err == 0 && (d = chrdev_at(i)) != NULL; i++) {
		const struct name name = name_of(d->name);
		err = ops->create(root, &name, S_IFCHR | d->permissions, &as_root, d->rdev, &node);
		if (err == 0)
			inode_put(node);
	}
	for (size_t i = 0; err == 0 && i < ARRAY_SIZE(links); i++) {
		const struct name name = name_of(links[i].name);
		err = ops->symlink(root, &name, links[i].target, &as_root);
	}
	const struct name shm = name_of("shm");
	if (err == 0)
		err = ops->create(root, &shm, S_IFDIR | S_ISVTX | S_IRWXUGO, &as_root, 0, &node);
	if (err == 0)
		inode_put(node);
	mutex_unlock(&root->lock);
	return err;
}

struct filesystem *devfs_create(void)
{
	struct filesystem *fs =
		tmpfs_create("devtmpfs", S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
	if (fs != NULL && populate(fs->root) < 0) {
		fs->destroy(fs);
		return NULL;
	}
	return fs;
}
