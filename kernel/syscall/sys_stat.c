/* SPDX-License-Identifier: MIT */
/* System calls about what is known of a file: stat in all forms, access, mode, owner, times. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "kernel/syscall/sys_fs.h"
#include "kernel/syscall/user_time.h"

#define LOOKUP_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
#define ACCESS_BITS  (R_OK | W_OK | X_OK)

static const struct cred *own_cred(void)
{
	return cred_current();
}

/* ---- stat ------------------------------------------------------------------------------------ */

static s64 stat_file(u64 fd, struct kstat *st)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	if (f->inode != NULL)
		inode_stat(f->inode, st);
	else
		*st = (struct kstat){ .st_mode = S_IRUSR | S_IWUSR, .st_nlink = 1 };
	file_done(f);
	return 0;
}

s64 sys_fstat(u64 fd, u64 buf)
{
	struct kstat st;
	const s64 err = stat_file(fd, &st);
	if (err < 0)
		return err;
	return copy_to_user(buf, &st, sizeof(st)) == 0 ? 0 : -EFAULT;
}

/* What AT_EMPTY_PATH asks about. */
static s64 stat_start(u64 dir, struct kstat *st)
{
	if ((int)dir != AT_FDCWD)
		return stat_file(dir, st);
	inode_stat(task_paths().cwd, st);
	return 0;
}

static s64 stat_at(u64 dir, uaddr_t path, u32 flags, struct kstat *st)
{
	struct at_path p;
	/* What the C library's fstat() asks. */
	if ((flags & AT_EMPTY_PATH) != 0 && user_path_is_empty(path) == 1)
		return stat_start(dir, st);
	s64 err = at_path_get(&p, dir, path);
	if (err < 0)
		return err;
	const struct path_ctx ctx = task_paths();
	err = path_stat(&ctx, p.start, p.path.text, (flags & AT_SYMLINK_NOFOLLOW) == 0, st);
	at_path_put(&p);
	return err;
}

s64 sys_newfstatat(u64 dir, u64 path, u64 buf, u64 flags)
{
	if ((flags & ~(u64)(LOOKUP_FLAGS | AT_NO_AUTOMOUNT)) != 0)
		return -EINVAL;
	struct kstat st;
	const s64 err = stat_at(dir, path, (u32)flags, &st);
	if (err < 0)
		return err;
	return copy_to_user(buf, &st, sizeof(st)) == 0 ? 0 : -EFAULT;
}

static struct kstatx_timestamp statx_time(s64 seconds, u64 nanoseconds)
{
	return (struct kstatx_timestamp){ .tv_sec = seconds, .tv_nsec = (u32)nanoseconds };
}

s64 sys_statx(u64 dir, u64 path, u64 flags, u64 mask, u64 buf)
{
	const u32 known = LOOKUP_FLAGS | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
	if (((u32)flags & ~known) != 0 || ((u32)mask & STATX__RESERVED) != 0 ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	struct kstat st;
	const s64 err = stat_at(dir, path, (u32)flags, &st);
	if (err < 0)
		return err;
	const struct kstatx x = {
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (u32)st.st_blksize,
		.stx_nlink = st.st_nlink,
		.stx_uid = st.st_uid,
		.stx_gid = st.st_gid,
		.stx_mode = (u16)st.st_mode,
		.stx_ino = st.st_ino,
		.stx_size = (u64)st.st_size,
		.stx_blocks = (u64)st.st_blocks,
		.stx_atime = statx_time(st.st_atime, st.st_atime_nsec),
		.stx_ctime = statx_time(st.st_ctime, st.st_ctime_nsec),
		.stx_mtime = statx_time(st.st_mtime, st.st_mtime_nsec),
		.stx_rdev_major = dev_major(st.st_rdev),
		.stx_rdev_minor = dev_minor(st.st_rdev),
		.stx_dev_major = dev_major(st.st_dev),
		.stx_dev_minor = dev_minor(st.st_dev),
	};
	return copy_to_user(buf, &x, sizeof(x)) == 0 ? 0 : -EFAULT;
}

static s64 statfs_inode(const struct inode *inode, uaddr_t buf)
{
	struct kstatfs st;
	if (inode == NULL || inode->fs == NULL)
		return -ENOSYS;
	fs_statfs(inode->fs, &st);
	return copy_to_user(buf, &st, sizeof(st)) == 0 ? 0 : -EFAULT;
}

s64 sys_statfs(u64 path, u64 buf)
{
	struct inode *inode;
	s64 err = at_lookup((u64)AT_FDCWD, path, 0, own_cred(), &inode);
	if (err < 0)
		return err;
	err = statfs_inode(inode, buf);
	inode_put(inode);
	return err;
}

s64 sys_fstatfs(u64 fd, u64 buf)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	const s64 err = statfs_inode(f->inode, buf);
	file_done(f);
	return err;
}

/* ---- access ---------------------------------------------------------------------------------- */

static s64 check_access(const struct inode *inode, const struct cred *cred, u32 mode)
{
	const bool is_noexec = inode->fs != NULL && (inode->fs->flags & MS_NOEXEC) != 0;
	if ((mode & X_OK) != 0 && S_ISREG(inode->mode) && is_noexec)
		return -EACCES;
	int err = inode_permission(inode, cred, mode);
	if (err == 0 && (mode & W_OK) != 0)
		err = inode_check_writable(inode);
	return err;
}

static s64 access_at(u64 dir, uaddr_t path, u64 mode, u32 flags)
{
	if (((u32)mode & ~(u32)ACCESS_BITS) != 0)
		return -EINVAL;
	/* access(2) asks for the user who started a set-user-ID program. */
	struct cred cred = *own_cred();
	if ((flags & AT_EACCESS) == 0) {
		cred.euid = cred.uid;
		cred.egid = cred.gid;
	}
	struct inode *inode;
	s64 err = at_lookup(dir, path, flags, &cred, &inode);
	if (err < 0)
		return err;
	err = check_access(inode, &cred, (u32)mode);
	inode_put(inode);
	return err;
}

s64 sys_faccessat(u64 dir, u64 path, u64 mode)
{
	return access_at(dir, path, mode, 0);
}

s64 sys_faccessat2(u64 dir, u64 path, u64 mode, u64 flags)
{
	if ((flags & ~(u64)(LOOKUP_FLAGS | AT_EACCESS)) != 0)
		return -EINVAL;
	return access_at(dir, path, mode, (u32)flags);
}

/* ---- mode, owner, times ---------------------------------------------------------------------- */

s64 sys_fchmod(u64 fd, u64 mode)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const s64 err = f->inode == NULL ? -EINVAL :
					   inode_set_mode(f->inode, own_cred(), (u32)mode);
	file_done(f);
	return err;
}

s64 sys_fchmodat(u64 dir, u64 path, u64 mode)
{
	struct inode *inode;
	s64 err = at_lookup(dir, path, 0, own_cred(), &inode);
	if (err < 0)
		return err;
	err = inode_set_mode(inode, own_cred(), (u32)mode);
	inode_put(inode);
	return err;
}

s64 sys_fchown(u64 fd, u64 uid, u64 gid)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const s64 err = f->inode == NULL ?
				-EINVAL :
				inode_set_owner(f->inode, own_cred(), (u32)uid, (u32)gid);
	file_done(f);
	return err;
}

s64 sys_fchownat(u64 dir, u64 path, u64 uid, u64 gid, u64 flags)
{
	if ((flags & ~(u64)LOOKUP_FLAGS) != 0)
		return -EINVAL;
	struct inode *inode;
	s64 err = at_lookup(dir, path, (u32)flags, own_cred(), &inode);
	if (err < 0)
		return err;
	err = inode_set_owner(inode, own_cred(), (u32)uid, (u32)gid);
	inode_put(inode);
	return err;
}

/* One of utimensat's two times as inode_set_times() takes it. */
static int time_of(const struct ktimespec *t, u64 *out)
{
	if (t->tv_nsec == UTIME_NOW)
		*out = TIME_NOW;
	else if (t->tv_nsec == UTIME_OMIT)
		*out = TIME_KEEP;
	else if (t->tv_nsec < 0 || (u64)t->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	else if (t->tv_sec < 0)
		*out = 0; /* we know no time before 1970 */
	else
		*out = timespec_to_nsec(t);
	return 0;
}

static int get_times(uaddr_t from, u64 times[2])
{
	struct ktimespec t[2];
	times[0] = times[1] = TIME_NOW;
	if (from == 0)
		return 0;
	if (copy_from_user(t, from, sizeof(t)) != 0)
		return -EFAULT;
	const int err = time_of(&t[0], &times[0]);
	return err < 0 ? err : time_of(&t[1], &times[1]);
}

s64 sys_utimensat(u64 dir, u64 path, u64 times, u64 flags)
{
	u64 time[2];
	s64 err = get_times(times, time);
	if (err < 0)
		return err;
	if (time[0] == TIME_KEEP && time[1] == TIME_KEEP)
		return 0; /* Linux does not even look at the path */
	if ((flags & ~(u64)LOOKUP_FLAGS) != 0)
		return -EINVAL;
	struct inode *inode;
	if (path == 0 && (int)dir != AT_FDCWD) {
		/* futimens() */
		if (flags != 0)
			return -EINVAL;
		struct file *f = file_of(dir);
		if (f == NULL)
			return -EBADF;
		err = f->inode == NULL ? -EINVAL :
					 inode_set_times(f->inode, own_cred(), time[0], time[1]);
		file_done(f);
		return err;
	}
	err = at_lookup(dir, path, (u32)flags, own_cred(), &inode);
	if (err < 0)
		return err;
	err = inode_set_times(inode, own_cred(), time[0], time[1]);
	inode_put(inode);
	return err;
}
