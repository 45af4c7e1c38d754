/* SPDX-License-Identifier: MIT */
/*
 * The mounted file systems: making the root, mounting, unmounting, and letting everything go at the
 * end.
 *
 * One mounts or unmounts at a time, under `mounting`; so what is inside what stays as it is found.
 * The lists are under mounts_lock (RANK_MOUNTS, never with the tree's) for those who only look.
 *
 * Unmounting: take it out of the tree, so that nobody enters; then see whether anybody is in. If
 * so, it goes back, or, with MNT_DETACH, it waits on a second list until nobody is, and so does all
 * that is mounted inside. Nothing is mounted in what is out of the tree: nobody could unmount it.
 */
#include "fs/fs.h"

#include "fs/devfs.h"
#include "fs/fd_table.h"
#include "fs/file_lock.h"
#include "fs/pipe.h"
#include "fs/procfs.h"
#include "fs/socket.h"
#include "fs/tmpfs.h"
#include "fs/tree.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"
#include "lib/abi/mount.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define ROOT_PERMISSIONS  0755
#define TMPFS_PERMISSIONS 01777

static struct mutex mounting = MUTEX_INIT(mounting, "mounting", RANK_MOUNTING);
static struct spinlock mounts_lock = SPINLOCK_INIT("mounts", RANK_MOUNTS);
/* under mounts_lock: struct filesystem.node */
static struct list mounts = LIST_INIT(mounts);     /* in order of mounting, the root first */
static struct list detached = LIST_INIT(detached); /* out of the tree, still in use */

static struct filesystem *root_fs;

static struct filesystem *create_tmpfs(void)
{
	return tmpfs_create("tmpfs", TMPFS_PERMISSIONS);
}

static const struct fs_type {
	const char *name;
	struct filesystem *(*create)(void);
	int (*configure)(struct filesystem *fs, const char *options); /* NULL: takes and ignores any
								       */
	bool is_unique; /* one instance for all: twice in one place is -EBUSY, as in Linux */
} fs_types[] = {
	{ "tmpfs", create_tmpfs, tmpfs_configure, false },
	{ "ramfs", create_tmpfs, tmpfs_configure, false },
	{ "devtmpfs", devfs_create, NULL, true },
	{ "proc", procfs_create, NULL, false },
	{ "sysfs", sysfs_create, NULL, true },
};

static const struct fs_type *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fs_types); i++)
		if (strcmp(fs_types[i].name, name) == 0)
			return &fs_types[i];
	return NULL;
}

static char *duplicate(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = kmalloc(size);
	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

static void list_add(struct list *l, struct filesystem *fs)
{
	spin_lock(&mounts_lock);
	list_push_back(l, &fs->node);
	spin_unlock(&mounts_lock);
}

static void destroy(struct filesystem *fs)
{
	kfree(fs->source);
	kfree(fs->path);
	fs->destroy(fs);
}

/* What was detached while in use and is not any more goes now. */
static void reap_detached(void)
{
	struct list gone = LIST_INIT(gone);
	spin_lock(&mounts_lock);
	list_for_each_safe(fs, &detached, struct filesystem, node) {
		if (fs_is_busy(fs))
			continue;
		list_remove(&fs->node);
		list_push_back(&gone, &fs->node);
	}
	spin_unlock(&mounts_lock);
	while (!list_is_empty(&gone)) {
		struct filesystem *fs = list_first(&gone, struct filesystem, node);
		list_remove(&fs->node);
		destroy(fs);
	}
}

static int prepare(const struct fs_type *type, const char *source, const char *path,
		   const char *options, struct filesystem **out)
{
	struct filesystem *fs = type->create();
	if (fs == NULL)
		return -ENOMEM;
	fs->source = duplicate(source);
	fs->path = duplicate(path);
	int err = fs->source == NULL || fs->path == NULL ? -ENOMEM : 0;
	if (err == 0 && options != NULL && type->configure != NULL)
		err = type->configure(fs, options);
	if (err < 0)
		destroy(fs);
	else
		*out = fs;
	return err;
}

int fs_mount_options(const char *type_name, const char *source, struct inode *at, const char *path,
		     u32 flags, const char *options)
{
	const struct fs_type *type = find_type(type_name);
	if (type == NULL)
		return -ENODEV;
	if (!inode_is_dir(at))
		return -ENOTDIR;
	if (type->is_unique && at->fs->root == at && strcmp(at->fs->type, type_name) == 0)
		return -EBUSY;
	struct filesystem *fs;
	int err = prepare(type, source, path, options, &fs);
	if (err < 0)
		return err;
	fs->flags = flags & FS_MOUNT_FLAGS;
	mutex_lock(&mounting);
	reap_detached();
	err = at->fs->is_detached ? -ENOENT : tree_mount(at, fs);
	if (err < 0)
		destroy(fs);
	else
		list_add(&mounts, fs);
	mutex_unlock(&mounting);
	return err;
}

int fs_mount(const char *type, const char *source, struct inode *at, const char *path, u32 flags)
{
	return fs_mount_options(type, source, at, path, flags, NULL);
}

int fs_remount(struct inode *at, u32 flags)
{
	struct filesystem *fs = at->fs;
	if (fs == NULL || fs->root != at)
		return -EINVAL;
	WRITE_ONCE(fs->flags, flags & FS_MOUNT_FLAGS);
	return 0;
}

/* The file system whose root is @root; NULL: there is none that could be unmounted. */
static struct filesystem *find_mounted(const struct inode *root)
{
	struct filesystem *found = NULL;
	spin_lock(&mounts_lock);
	list_for_each(fs, &mounts, struct filesystem, node)
		if (fs->root == root && fs != root_fs)
			found = fs;
	spin_unlock(&mounts_lock);
	return found;
}

/* Something mounted on a directory of @fs, or NULL. */
static struct filesystem *find_inside_locked(const struct filesystem *fs)
{
	list_for_each(inner, &mounts, struct filesystem, node)
		if (inner->covered != NULL && inner->covered->fs == fs)
			return inner;
	return NULL;
}

/* The innermost of what is mounted inside @fs; NULL: nothing is. */
static struct filesystem *find_innermost(const struct filesystem *fs)
{
	struct filesystem *innermost = NULL;
	spin_lock(&mounts_lock);
	for (struct filesystem *inner = find_inside_locked(fs); inner != NULL;
	     inner = find_inside_locked(inner))
		innermost = inner;
	spin_unlock(&mounts_lock);
	return innermost;
}

/* @fs is out of the tree, where it covered @covered: it goes, now or when nobody uses it. */
static void let_go(struct filesystem *fs, struct inode *covered)
{
	const bool is_busy = fs_is_busy(fs);
	spin_lock(&mounts_lock);
	list_remove(&fs->node);
	if (is_busy) {
		fs->is_detached = true;
		list_push_back(&detached, &fs->node);
	}
	spin_unlock(&mounts_lock);
	if (!is_busy)
		destroy(fs);
	inode_put(covered);
}

static int unmount(struct filesystem *fs, bool may_be_busy)
{
	/* Look before anybody notices: most unmounts that fail fail here. */
	if (fs_is_busy(fs) && !may_be_busy)
		return -EBUSY;
	struct inode *covered = tree_unmount(fs);
	if (fs_is_busy(fs) && !may_be_busy) {
		tree_remount(fs, covered);
		return -EBUSY;
	}
	struct filesystem *inner;
	while ((inner = find_innermost(fs)) != NULL)
		let_go(inner, tree_unmount(inner));
	let_go(fs, covered);
	return 0;
}

int fs_unmount(struct inode *at, u32 flags)
{
	const bool is_root = root_fs != NULL && at == root_fs->root;
	mutex_lock(&mounting);
	reap_detached();
	struct filesystem *fs = find_mounted(at);
	inode_put(at); /* @fs stays: only who holds the mutex lets it go */
	const int err = fs != NULL ? unmount(fs, (flags & MNT_DETACH) != 0) :
			is_root    ? -EBUSY :
				     -EINVAL;
	mutex_unlock(&mounting);
	return err;
}

struct inode *fs_root(void)
{
	return root_fs->root;
}

/* Spaces and the like as /proc/mounts escapes them. */
static void show_escaped(struct seq *s, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
			seq_printf(s, "\\%03o", (unsigned int)(u8)*text);
		else
			seq_write(s, text, 1);
	}
}

static void show_options(struct seq *s, u32 flags)
{
	static const struct {
		u32 flag;
		const char *name;
	} names[] = {
		{ MS_NOSUID, ",nosuid" },
		{ MS_NODEV, ",nodev" },
		{ MS_NOEXEC, ",noexec" },
		{ MS_NOATIME, ",noatime" },
	};
	seq_printf(s, " %s", (flags & MS_RDONLY) != 0 ? "ro" : "rw");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((flags & names[i].flag) != 0)
			seq_write(s, names[i].name, strlen(names[i].name));
	if ((flags & MS_NOATIME) == 0)
		seq_printf(s, ",relatime");
}

static int show_mounts(struct seq *s)
{
	spin_lock(&mounts_lock);
	list_for_each(fs, &mounts, struct filesystem, node) {
		show_escaped(s, fs->source);
		seq_write(s, " ", 1);
		show_escaped(s, fs->path);
		seq_printf(s, " %s", fs->type);
		show_options(s, fs->flags);
		if (fs->show_options != NULL)
			fs->show_options(fs, s);
		seq_printf(s, " 0 0\n");
	}
	spin_unlock(&mounts_lock);
	return 0;
}

/*
 * The number of what @fs stands on; the root stands on itself. Who unmounts @fs drops the directory
 * it covers only after taking it off the list, so that it is there under mounts_lock.
 */
static u32 number_below_locked(const struct filesystem *fs)
{
	const struct inode *covered = READ_ONCE(fs->covered);
	return dev_minor(covered != NULL ? covered->fs->device : fs->device);
}

/* A file system is mounted once, so that its device numbers the mount, too. */
static int show_mountinfo(struct seq *s)
{
	spin_lock(&mounts_lock);
	list_for_each(fs, &mounts, struct filesystem, node) {
		seq_printf(s, "%u %u %u:%u / ", dev_minor(fs->device), number_below_locked(fs),
			   dev_major(fs->device), dev_minor(fs->device));
		show_escaped(s, fs->path);
		show_options(s, fs->flags);
		seq_printf(s, " - %s ", fs->type);
		show_escaped(s, fs->source);
		seq_printf(s, " %s", (fs->flags & MS_RDONLY) != 0 ? "ro" : "rw");
		if (fs->show_options != NULL)
			fs->show_options(fs, s);
		seq_write(s, "\n", 1);
	}
	spin_unlock(&mounts_lock);
	return 0;
}

static int show_filesystems(struct seq *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(fs_types); i++)
		seq_printf(s, "nodev\t%s\n", fs_types[i].name);
	return 0;
}

static int init_caches(void)
{
	int (*const inits[])(void) = {
		file_init, file_lock_init, fd_table_init, filemap_init, tmpfs_inode_init,
		pipe_init, socket_init,    procfs_init,   devfs_init,
	};
	int err = 0;
	for (size_t i = 0; i < ARRAY_SIZE(inits) && err == 0; i++)
		err = inits[i]();
	return err;
}

static int mount_root(void)
{
	struct filesystem *fs = tmpfs_create("rootfs", ROOT_PERMISSIONS);
	if (fs == NULL)
		return -ENOMEM;
	fs->source = duplicate("rootfs");
	fs->path = duplicate("/");
	if (fs->source == NULL || fs->path == NULL) {
		destroy(fs);
		return -ENOMEM;
	}
	tmpfs_set_unlimited(fs, true);
	root_fs = fs;
	list_add(&mounts, fs);
	return 0;
}

int fs_init(void)
{
	int err = init_caches();
	if (err < 0)
		return err;
	procfs_set_mounts(show_mounts, show_mountinfo);
	err = procfs_register("filesystems", show_filesystems);
	if (err == 0)
		err = procfs_register("locks", file_locks_show);
	return err < 0 ? err : mount_root();
}

/* The last one mounted, since it may stand on an earlier one; NULL: none left. */
static struct filesystem *take_last(void)
{
	struct filesystem *fs = NULL;
	spin_lock(&mounts_lock);
	struct list *from = list_is_empty(&mounts) ? &detached : &mounts;
	if (!list_is_empty(from)) {
		fs = list_entry(from->prev, struct filesystem, node);
		list_remove(&fs->node);
	}
	spin_unlock(&mounts_lock);
	return fs;
}

void fs_shutdown(void)
{
	struct filesystem *fs;
	while ((fs = take_last()) != NULL) {
		struct inode *covered = tree_unmount(fs);
		if (fs_is_busy(fs))
			/* Freeing it would pull the ground from under somebody. The leak check will
			 * tell. */
			pr_err("fs: %s on %s is still in use (fs/mount.c)", fs->type, fs->path);
		else
			destroy(fs);
		inode_put(covered);
	}
	root_fs = NULL;
}
