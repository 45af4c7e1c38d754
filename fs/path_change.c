/* SPDX-License-Identifier: MIT */
/*
 * What changes directories: create, symlink, link, unlink, rename. Errors and their order are
 * Linux's.
 *
 * Locks: the directory; for a rename between two, first the rename lock, which keeps every
 * directory where it is, then both, the one above the other first.
 */
#include "fs/path.h"

#include "fs/tree.h"
#include "fs/walk.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

#define MKDIR_MODE_BITS (S_IRWXUGO | S_ISVTX)

static struct mutex rename_lock = MUTEX_INIT(rename_lock, "rename", RANK_RENAME);

/* May @w's caller add and remove names in its directory? */
static int check_change(const struct walk *w)
{
	const int err = inode_check_writable(w->dir);
	return err < 0 ? err : inode_permission(w->dir, w->ctx->cred, W_OK | X_OK);
}

/*
 * A new name is about to enter w->dir, whose lock is taken here and, on success only, stays taken.
 * -EEXIST: it is there already. @is_dir: what is made is a directory, so "name/" is as good as
 * "name".
 */
static int begin_new_name(struct walk *w, bool is_dir)
{
	if (w->kind != LAST_NAME)
		return -EEXIST;
	int err = walk_check_search(w, w->dir);
	if (err < 0)
		return err;
	struct inode *present;
	mutex_lock(&w->dir->lock);
	err = w->dir->ops->lookup(w->dir, &w->name, &present);
	if (err == 0) {
		mutex_unlock(&w->dir->lock);
		inode_put(present);
		return -EEXIST;
	}
	/* Where nothing can be made (/proc), what is not there is not there. */
	if (err == -ENOENT && w->dir->ops->create != NULL && (is_dir || !w->has_slash))
		err = check_change(w);
	if (err < 0)
		mutex_unlock(&w->dir->lock);
	return err;
}

static void end_change(struct walk *w)
{
	mutex_unlock(&w->dir->lock);
}

int path_create_inode(const struct path_ctx *ctx, struct inode *start, const char *path, u32 mode,
		      u64 rdev, struct inode **made)
{
	const bool is_dir = S_ISDIR(mode);
	const bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
	const u32 allowed = is_dir ? MKDIR_MODE_BITS : S_IALLUGO;
	mode = (mode & S_IFMT) | (mode & allowed & ~ctx->umask);

	struct walk w;
	int err = walk_begin_paused(&w, ctx, start, path);
	if (err == 0)
		err = begin_new_name(&w, is_dir);
	if (err == 0) {
		err = is_device && ctx->cred->euid != 0 ?
			      -EPERM :
			      w.dir->ops->create(w.dir, &w.name, mode, ctx->cred, rdev, made);
		end_change(&w);
	}
	walk_end(&w);
	return err;
}

int path_create(const struct path_ctx *ctx, struct inode *start, const char *path, u32 mode,
		u64 rdev)
{
	struct inode *made;
	const int err = path_create_inode(ctx, start, path, mode, rdev, &made);
	if (err == 0)
		inode_put(made);
	return err;
}

int path_symlink(const struct path_ctx *ctx, const char *target, struct inode *start,
		 const char *path)
{
	if (*target == '\0')
		return -ENOENT;
	struct walk w;
	int err = walk_begin_paused(&w, ctx, start, path);
	if (err == 0)
		err = begin_new_name(&w, false);
	if (err == 0) {
		err = w.dir->ops->symlink == NULL ?
			      -EPERM :
			      w.dir->ops->symlink(w.dir, &w.name, target, ctx->cred);
		end_change(&w);
	}
	walk_end(&w);
	return err;
}

/* May @cred give @inode another name? Who does neither own nor write it could keep it so from being
 * removed, or wait for it to become a dangerous program (Debian's fs.protected_hardlinks). */
static bool may_link(const struct inode *inode, const struct cred *cred)
{
	return inode_is_owner(inode, cred) ||
	       (S_ISREG(inode->mode) && inode_set_id_bits(inode->mode) == 0 &&
		inode_permission(inode, cred, R_OK | W_OK) == 0);
}

int path_link(const struct path_ctx *ctx, struct inode *from, struct inode *start, const char *path)
{
	struct walk w;
	int err = walk_begin_paused(&w, ctx, start, path);
	if (err == 0)
		err = begin_new_name(&w, false);
	if (err == 0) {
		if (from->fs != w.dir->fs)
			err = -EXDEV;
		else if (w.dir->ops->link == NULL || inode_is_dir(from) ||
			 !may_link(from, ctx->cred))
			err = -EPERM;
		else
			err = w.dir->ops->link(w.dir, &w.name, from);
		end_change(&w);
	}
	walk_end(&w);
	return err;
}

/* In a sticky directory only the owner of the file or of the directory may take a name away. */
static bool is_protected(const struct inode *dir, const struct inode *victim,
			 const struct cred *cred)
{
	return (dir->mode & S_ISVTX) != 0 && !inode_is_owner(victim, cred) &&
	       !inode_is_owner(dir, cred);
}

/* May the name of @victim be taken out of w->dir, as what it is? */
static int check_removal(const struct walk *w, const struct inode *victim, bool want_directory)
{
	const int err = check_change(w);
	if (err < 0)
		return err;
	if (is_protected(w->dir, victim, w->ctx->cred))
		return -EPERM;
	if (inode_is_dir(victim) != want_directory)
		return want_directory ? -ENOTDIR : -EISDIR;
	return tree_is_mountpoint(victim) ? -EBUSY : 0;
}

static int check_last_for_unlink(const struct walk *w, bool want_directory)
{
	switch (w->kind) {
	case LAST_NAME:
		return walk_check_search(w, w->dir);
	case LAST_DOTDOT:
		return want_directory ? -ENOTEMPTY : -EISDIR;
	case LAST_DOT:
		return want_directory ? -EINVAL : -EISDIR;
	case LAST_ROOT:
	case LAST_FOUND:
		break;
	}
	return want_directory ? -EBUSY : -EISDIR;
}

int path_unlink(const struct path_ctx *ctx, struct inode *start, const char *path,
		bool want_directory)
{
	struct walk w;
	struct inode *victim = NULL;
	int err = walk_begin_paused(&w, ctx, start, path);
	if (err == 0)
		err = check_last_for_unlink(&w, want_directory);
	if (err == 0) {
		mutex_lock(&w.dir->lock);
		err = w.dir->ops->lookup(w.dir, &w.name, &victim);
		if (err == 0 && w.has_slash && !want_directory)
			err = inode_is_dir(victim) ? -EISDIR : -ENOTDIR;
		if (err == 0)
			err = check_removal(&w, victim, want_directory);
		if (err == 0)
			err = w.dir->ops->unlink == NULL ?
				      -EPERM :
				      w.dir->ops->unlink(w.dir, &w.name, want_directory);
		mutex_unlock(&w.dir->lock);
	}
	inode_put(victim); /* a large file goes without the directory's lock */
	walk_end(&w);
	return err;
}

static void lock_two(struct inode *a, struct inode *b)
{
	if (a == b) {
		mutex_lock(&a->lock);
		return;
	}
	mutex_lock(&rename_lock);
	/* The upper one first; unrelated ones in any order, since only who has the rename lock
	 * takes two. */
	const bool is_b_upper = tree_is_inside(a, b);
	mutex_lock(is_b_upper ? &b->lock : &a->lock);
	mutex_lock(is_b_upper ? &a->lock : &b->lock);
}

static void unlock_two(struct inode *a, struct inode *b)
{
	mutex_unlock(&a->lock);
	if (a != b) {
		mutex_unlock(&b->lock);
		mutex_unlock(&rename_lock);
	}
}

/* What the names stand for; both counted, @new NULL if there is nothing. */
struct rename_pair {
	struct inode *old, *new;
};

static int rename_lookup(struct walk *from, struct walk *to, u32 flags, struct rename_pair *p)
{
	int err = from->dir->ops->lookup(from->dir, &from->name, &p->old);
	if (err < 0)
		return err;
	err = to->dir->ops->lookup(to->dir, &to->name, &p->new);
	if (err < 0 && err != -ENOENT)
		return err;
	const bool exists = err == 0;
	if ((flags & RENAME_NOREPLACE) != 0 && exists)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) != 0 && !exists)
		return -ENOENT;
	return 0;
}

/* The rules that keep the tree a tree, and "name/" for directories only. */
static int rename_check_shape(const struct walk *from, const struct walk *to, u32 flags,
			      const struct rename_pair *p)
{
	const bool exchanges = (flags & RENAME_EXCHANGE) != 0;
	if (!inode_is_dir(p->old) && (from->has_slash || (!exchanges && to->has_slash)))
		return -ENOTDIR;
	if (exchanges && !inode_is_dir(p->new) && to->has_slash)
		return -ENOTDIR;
	if (inode_is_dir(p->old) && tree_is_inside(to->dir, p->old))
		return -EINVAL;
	if (p->new != NULL && inode_is_dir(p->new) && tree_is_inside(from->dir, p->new))
		return exchanges ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* A directory that moves from one of these to the other changes too: its "..". */
static int check_move(const struct walk *from, const struct walk *to, const struct inode *moves)
{
	return inode_is_dir(moves) && from->dir != to->dir ?
		       inode_permission(moves, from->ctx->cred, W_OK) :
		       0;
}

static int rename_check_rights(const struct walk *from, const struct walk *to, u32 flags,
			       const struct rename_pair *p)
{
	const bool is_dir = inode_is_dir(p->old);
	int err = check_removal(from, p->old, is_dir);
	if (err < 0)
		return err;
	if (p->new == NULL)
		err = check_change(to);
	else
		err = check_removal(to, p->new,
				    (flags & RENAME_EXCHANGE) != 0 ? inode_is_dir(p->new) : is_dir);
	if (err == 0)
		err = check_move(from, to, p->old);
	if (err == 0 && (flags & RENAME_EXCHANGE) != 0)
		err = check_move(from, to, p->new);
	return err;
}

static int rename_locked(struct walk *from, struct walk *to, u32 flags, struct rename_pair *p)
{
	int err = rename_lookup(from, to, flags, p);
	if (err == 0)
		err = rename_check_shape(from, to, flags, p);
	if (err < 0 || p->old == p->new)
		return err; /* two names of one file: nothing to do, says POSIX */
	err = rename_check_rights(from, to, flags, p);
	if (err < 0)
		return err;
	if (from->dir->ops->rename == NULL)
		return -EPERM;
	return from->dir->ops->rename(from->dir, &from->name, to->dir, &to->name, flags);
}

int path_rename(const struct path_ctx *ctx, struct inode *old_start, const char *old_path,
		struct inode *new_start, const char *new_path, u32 flags)
{
	const u32 both = RENAME_NOREPLACE | RENAME_EXCHANGE;
	if ((flags & ~both) != 0 || flags == both)
		return -EINVAL;
	struct walk from, to = { 0 };
	struct rename_pair pair = { 0 };
	int err = walk_begin_paused(&from, ctx, old_start, old_path);
	if (err == 0)
		err = walk_begin_paused(&to, ctx, new_start, new_path);
	if (err == 0 && from.dir->fs != to.dir->fs)
		err = -EXDEV;
	if (err == 0 && from.kind != LAST_NAME)
		err = -EBUSY;
	if (err == 0 && to.kind != LAST_NAME)
		err = (flags & RENAME_NOREPLACE) != 0 ? -EEXIST : -EBUSY;
	if (err == 0)
		err = walk_check_search(&from, from.dir);
	if (err == 0)
		err = walk_check_search(&to, to.dir);
	if (err == 0) {
		lock_two(from.dir, to.dir);
		err = rename_locked(&from, &to, flags, &pair);
		unlock_two(from.dir, to.dir);
	}
	inode_put(pair.old);
	inode_put(pair.new);
	walk_end(&from);
	walk_end(&to);
	return err;
}
