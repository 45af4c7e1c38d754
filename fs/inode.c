/* SPDX-License-Identifier: MIT */
#include "fs/inode.h"

#include "arch/riscv/cpu/clock.h"
#include "fs/filesystem.h"
#include "lib/abi/errno.h"
#include "lib/abi/mount.h"
#include "lib/abi/time.h"
#include "lib/string.h"
#include "mm/vmm/object.h"

#define BLOCK_BYTES     512  /* of st_blocks */
#define IO_BLOCK_BYTES  4096 /* st_blksize */
#define ANY_EXECUTE_BIT (S_IXUSR | S_IXGRP | S_IXOTH)

u64 realtime_offset_ns;

u64 fs_now(void)
{
	return clock_now() + READ_ONCE(realtime_offset_ns);
}

void inode_init(struct inode *inode, const struct inode_ops *ops, struct filesystem *fs, u64 number,
		u32 mode)
{
	const bool is_dir = S_ISDIR(mode);
	const u64 now = fs_now();
	*inode = (struct inode){
		.ops = ops,
		.fs = fs,
		.number = number,
		.mode = mode,
		.nlink = is_dir ? 2 : 1,
		.atime = now,
		.mtime = now,
		.ctime = now,
		.refs = { 1 },
		.locks = LIST_INIT(inode->locks),
		.lock = MUTEX_INIT(inode->lock, is_dir ? "directory" : "inode",
				   is_dir ? RANK_DIRECTORY : RANK_INODE),
	};
	inode_unsettle(inode);
}

void inode_get(struct inode *i)
{
	refcount_get(&i->refs);
	inode_unsettle(i);
}

void inode_unsettle(struct inode *i)
{
	if (i->fs != NULL)
		(void)__atomic_add_fetch(&i->fs->users, 1, __ATOMIC_RELAXED);
}

/* Release: whoever sees 0 may free @fs (fs_is_busy()). */
static void leave(struct filesystem *fs)
{
	if (fs != NULL)
		(void)__atomic_sub_fetch(&fs->users, 1, __ATOMIC_RELEASE);
}

void inode_settle(struct inode *i)
{
	leave(i->fs);
}

/* Nobody has a reference on @i. */
static __noinline void let_go(struct inode *i)
{
	struct filesystem *fs = i->fs;
	/* A loop, since the last reference to a directory may hold the last one to its parent,
	 * which is the file system's own. */
	do {
		struct inode *parent = i->parent;
		if (i->object != NULL)
			vm_object_put(i->object);
		i->ops->destroy(i);
		i = parent;
	} while (i != NULL && refcount_put(&i->refs));
	leave(fs);
}

void inode_put_one(struct inode *i)
{
	struct filesystem *fs = i->fs;
	if (unlikely(refcount_put(&i->refs)))
		let_go(i);
	else
		leave(fs);
}

/* Count @i->writers one step in the direction of @step, unless it counts the other way. */
static int count_writers(struct inode *i, s32 step)
{
	s32 old = __atomic_load_n(&i->writers, __ATOMIC_RELAXED);
	do {
		if (step > 0 ? old < 0 : old > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&i->writers, &old, old + step, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return 0;
}

int inode_get_write(struct inode *i)
{
	return count_writers(i, 1);
}

void inode_put_write(struct inode *i)
{
	(void)__atomic_sub_fetch(&i->writers, 1, __ATOMIC_RELEASE);
}

int inode_deny_write(struct inode *i)
{
	return count_writers(i, -1);
}

void inode_allow_write(struct inode *i)
{
	(void)__atomic_add_fetch(&i->writers, 1, __ATOMIC_RELEASE);
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
	bool found = cred->egid == gid;
	for (u32 i = 0; i < cred->group_count && !found; i++)
		found = cred->groups[i] == gid;
	return found;
}

int inode_permission_by_mode(const struct inode *inode, const struct cred *cred, u32 mask)
{
	const u32 mode = READ_ONCE(inode->mode);
	if (cred->euid == 0)
		return (mode & ANY_EXECUTE_BIT) != 0 ? 0 : -EACCES;
	u32 granted = mode;
	if (cred->euid == inode->uid)
		granted = mode >> 6;
	else if (cred_in_group(cred, inode->gid))
		granted = mode >> 3;
	return (mask & ~granted & (R_OK | W_OK | X_OK)) == 0 ? 0 : -EACCES;
}

int inode_check_writable(const struct inode *inode)
{
	const bool is_kept_there = S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
				   S_ISLNK(inode->mode);
	if (is_kept_there && inode->fs != NULL && (inode->fs->flags & MS_RDONLY) != 0)
		return -EROFS;
	return 0;
}

void inode_stat(struct inode *inode, struct kstat *out)
{
	/* Every member, so that the compiler need not clear it first. */
	*out = (struct kstat){
		.st_dev = inode->fs != NULL ? inode->fs->device : 0,
		.st_ino = inode->number,
		.st_mode = inode->mode,
		.st_nlink = inode->nlink,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_rdev = inode->rdev,
		.pad1 = 0,
		.st_size = (s64)inode->size_bytes,
		.st_blksize = IO_BLOCK_BYTES,
		.pad2 = 0,
		.st_blocks = 0,
		.st_atime = (s64)(inode->atime / NSEC_PER_SEC),
		.st_atime_nsec = inode->atime % NSEC_PER_SEC,
		.st_mtime = (s64)(inode->mtime / NSEC_PER_SEC),
		.st_mtime_nsec = inode->mtime % NSEC_PER_SEC,
		.st_ctime = (s64)(inode->ctime / NSEC_PER_SEC),
		.st_ctime_nsec = inode->ctime % NSEC_PER_SEC,
		.unused4 = 0,
		.unused5 = 0,
	};
	if (inode->ops->stat != NULL)
		inode->ops->stat(inode, out);
	else if (S_ISREG(inode->mode))
		out->st_blocks = (s64)((inode->size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
}

int inode_set_mode(struct inode *inode, const struct cred *cred, u32 mode)
{
	int err = inode_check_writable(inode);
	if (err < 0)
		return err;
	if (S_ISLNK(inode->mode))
		return -EOPNOTSUPP;
	mutex_lock(&inode->lock);
	if (inode_is_owner(inode, cred)) {
		mode &= S_IALLUGO;
		if (cred->euid != 0 && !cred_in_group(cred, inode->gid))
			mode &= ~(u32)S_ISGID;
		WRITE_ONCE(inode->mode, (inode->mode & S_IFMT) | mode);
		inode->ctime = fs_now();
	} else {
		err = -EPERM;
	}
	mutex_unlock(&inode->lock);
	return err;
}

u32 inode_set_id_bits(u32 mode)
{
	return mode & ((mode & S_IXGRP) != 0 ? S_ISUID | S_ISGID : S_ISUID);
}

void inode_drop_set_id_bits(struct inode *inode)
{
	const u32 mode = READ_ONCE(inode->mode);
	if (!S_ISREG(mode) || inode_set_id_bits(mode) == 0)
		return;
	mutex_lock(&inode->lock);
	WRITE_ONCE(inode->mode, inode->mode & ~inode_set_id_bits(inode->mode));
	mutex_unlock(&inode->lock);
}

static bool may_give_away(const struct inode *inode, const struct cred *cred, u32 uid, u32 gid)
{
	if (cred->euid == 0)
		return true;
	/* Asking for nothing is free, unless it would take set-ID bits away. */
	if (uid == ~0U && gid == ~0U &&
	    (inode_is_dir(inode) || inode_set_id_bits(inode->mode) == 0))
		return true;
	if (cred->euid != inode->uid || (uid != ~0U && uid != inode->uid))
		return false;
	return gid == ~0U || gid == inode->gid || cred_in_group(cred, gid);
}

int inode_set_owner(struct inode *inode, const struct cred *cred, u32 uid, u32 gid)
{
	int err = inode_check_writable(inode);
	if (err < 0)
		return err;
	mutex_lock(&inode->lock);
	if (may_give_away(inode, cred, uid, gid)) {
		if (uid != ~0U)
			inode->uid = uid;
		if (gid != ~0U)
			inode->gid = gid;
		/* A set-user-ID program does not change hands as one. */
		if (!inode_is_dir(inode))
			WRITE_ONCE(inode->mode, inode->mode & ~inode_set_id_bits(inode->mode));
		inode->ctime = fs_now();
	} else {
		err = -EPERM;
	}
	mutex_unlock(&inode->lock);
	return err;
}

int inode_truncate(struct inode *inode, u64 size)
{
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) || inode->ops->truncate == NULL)
		return -EINVAL;
	int err = inode_check_writable(inode);
	if (err == 0)
		err = inode_get_write(inode);
	if (err < 0)
		return err;
	mutex_lock(&inode->lock);
	err = inode->ops->truncate(inode, size);
	if (err == 0)
		inode_touch(inode);
	mutex_unlock(&inode->lock);
	inode_put_write(inode);
	return err;
}

int inode_allocate(struct inode *inode, u64 pos, u64 len_bytes, bool keep_size)
{
	if (inode->ops->allocate == NULL)
		return -EOPNOTSUPP;
	const int readonly = inode_check_writable(inode);
	if (readonly < 0)
		return readonly;
	mutex_lock(&inode->lock);
	const int err = inode->ops->allocate(inode, pos, len_bytes, keep_size);
	if (err == 0)
		inode_touch(inode);
	mutex_unlock(&inode->lock);
	return err;
}

int inode_set_times(struct inode *inode, const struct cred *cred, u64 atime, u64 mtime)
{
	int err = inode_check_writable(inode);
	if (err < 0)
		return err;
	/* "Now" may be set by whoever could do so by writing; any other time only by the owner. */
	if (!inode_is_owner(inode, cred)) {
		if (atime != TIME_NOW || mtime != TIME_NOW)
			return -EPERM;
		err = inode_permission(inode, cred, W_OK);
		if (err < 0)
			return err;
	}
	mutex_lock(&inode->lock);
	const u64 now = fs_now();
	if (atime != TIME_KEEP)
		inode->atime = atime == TIME_NOW ? now : atime;
	if (mtime != TIME_KEEP)
		inode->mtime = mtime == TIME_NOW ? now : mtime;
	inode->ctime = now;
	mutex_unlock(&inode->lock);
	return 0;
}

void inode_touch(struct inode *inode)
{
	inode->mtime = fs_now();
	inode->ctime = inode->mtime;
}

void inode_accessed(struct inode *inode)
{
	if (inode->atime > inode->mtime && inode->atime > inode->ctime)
		return;
	if ((READ_ONCE(inode->fs->flags) & (MS_NOATIME | MS_RDONLY)) == 0)
		inode->atime = fs_now();
}
