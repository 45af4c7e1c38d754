/* SPDX-License-Identifier: MIT */
/*
 * open(2): find or make the inode, check, and give the file the operations of its type.
 *
 *	last component            O_CREAT            O_CREAT|O_EXCL   otherwise
 *	not there                 made               made             -ENOENT
 *	a link, to be followed    follow, ask again  -EEXIST          follow, ask again
 *	a link, O_NOFOLLOW        -ELOOP             -EEXIST          -ELOOP (O_PATH: the link)
 *	a directory               -EISDIR            -EEXIST          opened for reading only
 *	anything else             opened             -EEXIST          opened
 */
#include "fs/path.h"

#include "fs/chrdev.h"
#include "fs/filesystem.h"
#include "fs/pipe.h"
#include "fs/tree.h"
#include "fs/walk.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/mount.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

static ssize_t dir_read(struct file *f, struct uio u, u64 *pos)
{
	return -EISDIR;
}

static s64 dir_seek(struct file *f, s64 offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	return file_seek_to(f, offset, whence, 0);
}

/* The directory's lock first: it ranks before the offset's. */
static int dir_file_iterate(struct file *f, struct dir_emitter *e)
{
	struct inode *dir = f->inode;
	int err = -ENOTDIR;
	mutex_lock(&dir->lock);
	mutex_lock(&f->lock);
	if (dir->nlink == 0)
		err = -ENOENT; /* removed */
	else if (dir->ops->iterate != NULL)
		err = dir->ops->iterate(dir, &f->offset, e);
	mutex_unlock(&f->lock);
	mutex_unlock(&dir->lock);
	return err;
}

static const struct file_ops dir_file_ops = {
	.read = dir_read,
	.seek = dir_seek,
	.iterate = dir_file_iterate,
};

/* Operations and private data for @f, whose inode it is. */
static int open_by_type(struct inode *inode, struct file *f)
{
	if (inode->ops->open != NULL)
		return inode->ops->open(inode, f);
	switch (inode->mode & S_IFMT) {
	case S_IFDIR:
		f->ops = &dir_file_ops;
		f->has_offset = true;
		return 0;
	case S_IFCHR:
		if (inode->fs != NULL && (inode->fs->flags & MS_NODEV) != 0)
			return -EACCES;
		return chrdev_open(f, inode->rdev);
	case S_IFIFO:
		return fifo_open(inode, f);
	default:
		return -ENXIO; /* sockets, and block devices until there are any */
	}
}

static u32 wanted_access(u32 flags)
{
	static const u32 by_mode[] = {
		[O_RDONLY] = R_OK,
		[O_WRONLY] = W_OK,
		[O_RDWR] = R_OK | W_OK,
		[O_ACCMODE] = R_OK | W_OK,
	};
	const u32 access = by_mode[flags & O_ACCMODE];
	return (flags & O_TRUNC) != 0 ? access | W_OK : access;
}

/* May the inode that was found be opened so? A file just made may, whatever its mode says. */
static int check_access(const struct path_ctx *ctx, const struct inode *inode, u32 flags,
			bool is_new)
{
	const u32 access = wanted_access(flags);
	if (S_ISLNK(inode->mode))
		return -ELOOP;
	if (inode_is_dir(inode) && (access & W_OK) != 0)
		return -EISDIR;
	if (is_new)
		return 0;
	int err = (access & W_OK) != 0 ? inode_check_writable(inode) : 0;
	if (err == 0)
		err = inode_permission(inode, ctx->cred, access);
	if (err == 0 && (flags & O_NOATIME) != 0 && !inode_is_owner(inode, ctx->cred))
		err = -EPERM;
	return err;
}

/* @f is of @inode, which @w found: by which name, that too. */
static void name_file(const struct walk *w, struct file *f, struct inode *inode)
{
	inode_get(inode);
	f->inode = inode;
	if (w->kind != LAST_NAME || inode_is_dir(inode))
		return;
	/* What hangs in the tree by this name is found there when somebody asks. A path that does
	 * not fit into memory is only missing in /proc. */
	if (inode->name == NULL || inode->name != w->found_name)
		f->path = tree_path_alloc(w->ctx->root, w->dir, w->name.text, w->name.len);
}

/* Make @f, which is of @inode, an open file. */
static int open_inode(const struct path_ctx *ctx, struct file *f, struct inode *inode, u32 flags,
		      bool is_new)
{
	int err = 0;
	if ((flags & O_PATH) != 0)
		f->readable = f->writable = false;
	else
		err = open_by_type(inode, f);
	if (err == 0 && f->writable) {
		err = inode_get_write(inode);
		f->is_writer = err == 0;
	}
	f->flags &= ~(u32)O_NOCTTY; /* a terminal has looked at it by now; fcntl does not show it */
	if (err == 0 && (flags & O_TRUNC) != 0 && S_ISREG(inode->mode) && !is_new) {
		err = inode_truncate(inode, 0);
		if (err == 0)
			inode_drop_set_id(inode, ctx->cred);
	}
	return err;
}

/* w->name is not there: make it, unless somebody was faster. The walk is paused meanwhile. */
static __noinline int make(struct walk *w, u32 mode, bool *is_new, struct inode **out)
{
	struct inode *dir = w->dir;
	mode &= S_IALLUGO & ~w->ctx->umask;
	walk_pause(w);
	mutex_lock(&dir->lock);
	struct inode *inode = NULL;
	int err = dir->ops->lookup(dir, &w->name, &inode);
	if (err == -ENOENT) {
		err = inode_check_writable(dir);
		if (err == 0)
			err = inode_permission(dir, w->ctx->cred, W_OK | X_OK);
		if (dir->ops->create == NULL)
			err = -ENOENT; /* /proc: there is nothing but what there is */
		if (err == 0)
			err = dir->ops->create(dir, &w->name, S_IFREG | mode, w->ctx->cred, 0,
					       &inode);
		*is_new = err == 0;
	}
	mutex_unlock(&dir->lock);
	walk_resume(w, inode);
	w->found_name = *is_new ? inode->name : NULL;
	if (err == 0)
		*out = tree_find_top(inode);
	return err;
}

static int find_or_make(struct walk *w, u32 flags, u32 mode, bool *is_new, struct inode **out)
{
	if ((flags & O_CREAT) == 0)
		return walk_find_name(w, out);
	int err = walk_check_search(w, w->dir);
	if (err == 0)
		err = w->has_slash ? -EISDIR : walk_find_name(w, out);
	return err == -ENOENT ? make(w, mode, is_new, out) : err;
}

/* Does the open go on where the link it found leads? */
static bool is_followed(const struct walk *w, const struct inode *inode, u32 flags)
{
	if (!S_ISLNK(inode->mode) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return false;
	return (flags & O_NOFOLLOW) == 0 || w->has_slash;
}

/* The inode to open, not counted; w.kind and w.dir say how it was found. */
static int resolve(struct walk *w, u32 flags, u32 mode, bool *is_new, struct inode **out)
{
	while (w->kind == LAST_NAME) {
		int err = find_or_make(w, flags, mode, is_new, out);
		if (err == 0 && !is_followed(w, *out, flags))
			return 0;
		if (err == 0)
			err = walk_follow_last(w, *out);
		if (err < 0)
			return err;
	}
	*out = walk_find_special(w);
	return 0;
}

/*
 * Why @w led nowhere: @err, but that of what is to be a file the slash behind it is looked at
 * before its name is looked for, which then may be as long as it likes.
 */
static int walk_error(const struct walk *w, u32 flags, int err)
{
	const bool is_last = *w->rest == '\0' && w->name.len > NAME_MAX_BYTES;
	return err == -ENAMETOOLONG && is_last && w->has_slash && (flags & O_CREAT) != 0 ? -EISDIR :
											   err;
}

static int check_type(const struct walk *w, const struct inode *inode, u32 flags, bool is_new)
{
	if ((flags & O_CREAT) != 0 && !is_new) {
		if ((flags & O_EXCL) != 0)
			return -EEXIST;
		if (inode_is_dir(inode))
			return -EISDIR;
	}
	const bool wants_dir = (flags & O_DIRECTORY) != 0 || w->has_slash;
	return wants_dir && !inode_is_dir(inode) ? -ENOTDIR : 0;
}

int path_open(const struct path_ctx *ctx, struct inode *start, const char *path, u32 flags,
	      u32 mode, struct file **out)
{
	if (unlikely((flags & (O_PATH | __O_TMPFILE | O_DIRECTORY)) != 0)) {
		if ((flags & O_PATH) != 0)
			flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		else if ((flags & __O_TMPFILE) != 0)
			return -EOPNOTSUPP;
		else if ((flags & O_CREAT) != 0)
			return -EINVAL;
	}

	/* First: once a file has been made or cut, memory must not be what is missing. */
	struct file *f = file_create(&file_path_ops, NULL, flags, NULL);
	if (f == NULL)
		return -ENOMEM;
	struct walk w;
	struct inode *inode;
	bool is_new = false;
	int err = walk_begin(&w, ctx, start, path);
	if (err == 0)
		err = resolve(&w, flags, mode, &is_new, &inode);
	if (err == 0)
		name_file(&w, f, inode);
	else
		err = walk_error(&w, flags, err);
	walk_end(&w);
	if (err == 0)
		err = check_type(&w, inode, flags, is_new);
	if (err == 0 && (flags & O_PATH) == 0)
		err = check_access(ctx, inode, flags, is_new);
	if (err == 0)
		err = open_inode(ctx, f, inode, flags, is_new);
	if (err < 0)
		file_put(f);
	else
		*out = f;
	return err;
}
