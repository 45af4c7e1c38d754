/* SPDX-License-Identifier: MIT */
/* System calls about descriptors and open files; sys_rw.c has those that move bytes. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "fs/pipe.h"
#include "kernel/syscall/sys_fs.h"
#include "lib/abi/ioctl.h"

/* What F_SETFL can change of what we keep. */
#define SETFL_FLAGS (O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT | FASYNC)

static struct fd_table *own_files(void)
{
	return task_current()->files;
}

s64 sys_openat(u64 dir, u64 path, u64 flags, u64 mode)
{
	struct at_path p;
	struct file *f;
	s64 result = at_path_get(&p, dir, path);
	if (result < 0)
		return result;
	const struct path_ctx ctx = task_paths();
	const u32 open_flags = (u32)flags | ((flags & O_PATH) != 0 ? 0 : O_LARGEFILE);
	struct fd_table *t = own_files();
	/* Before a file is made or cut, which cannot be undone. */
	const int number = fd_reserve(t, fd_limit());
	result = number < 0 ? number :
			      path_open(&ctx, p.start, p.path.text, open_flags, (u32)mode, &f);
	at_path_put(&p);
	if (result == 0)
		fd_install_reserved(t, number, f, (flags & O_CLOEXEC) != 0);
	else if (number >= 0)
		fd_release(t, number);
	return result == 0 ? number : restartable(result);
}

s64 sys_close(u64 fd)
{
	return fd_close(own_files(), (int)fd);
}

s64 sys_close_range(u64 first, u64 last, u64 flags)
{
	if ((flags & ~(u64)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 ||
	    (u32)first > (u32)last)
		return -EINVAL;
	const int err = (flags & CLOSE_RANGE_UNSHARE) != 0 ? task_unshare_files() : 0;
	if (err < 0)
		return err;
	fd_close_range(own_files(), (u32)first, (u32)last, (flags & CLOSE_RANGE_CLOEXEC) != 0);
	return 0;
}

s64 sys_dup(u64 fd)
{
	struct fd_table *t = own_files();
	struct file *f = fd_find_own(t, (int)fd);
	if (likely(f != NULL))
		file_get(f);
	else
		f = fd_lookup(t, (int)fd);
	return f != NULL ? fd_install(t, f, 0, false, fd_limit()) : -EBADF;
}

s64 sys_dup3(u64 fd, u64 new, u64 flags)
{
	if ((flags & ~(u64)O_CLOEXEC) != 0 || (u32)fd == (u32) new)
		return -EINVAL;
	if ((u32) new >= fd_limit())
		return -EBADF;
	struct file *f = fd_lookup(own_files(), (int)fd);
	if (f == NULL)
		return -EBADF;
	const int result =
		fd_replace(own_files(), (int)new, f, (flags & O_CLOEXEC) != 0, fd_limit());
	if (result < 0)
		file_put(f);
	return result;
}

/* ---- fcntl --------------------------------------------------------------------------------- */

/* f->flags changes bit by bit and may be looked at any time. */
static void set_status_flags(struct file *f, u32 mask, u32 value)
{
	u32 old = READ_ONCE(f->flags);
	while (!__atomic_compare_exchange_n(&f->flags, &old, (old & ~mask) | (value & mask), false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static s64 duplicate(struct file *f, u64 min, bool cloexec)
{
	if (min >= fd_limit())
		return -EINVAL;
	file_get(f);
	return fd_install(own_files(), f, (int)min, cloexec, fd_limit());
}

static bool is_pipe(const struct file *f)
{
	return f->inode != NULL && S_ISFIFO(f->inode->mode);
}

static s64 set_pipe_size(const struct file *f, u64 size)
{
	if (!is_pipe(f))
		return -EBADF;
	return (u32)size <= PIPE_BYTES ? (s64)PIPE_BYTES : -EPERM;
}

/* Those that O_PATH descriptors allow too. */
static bool is_about_descriptor(u32 command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_GETFD ||
	       command == F_SETFD || command == F_GETFL;
}

static s64 fcntl_file(struct file *f, u64 fd, u32 command, u64 arg)
{
	switch (command) {
	case F_DUPFD:
		return duplicate(f, arg, false);
	case F_DUPFD_CLOEXEC:
		return duplicate(f, arg, true);
	case F_GETFD:
		return fd_get_cloexec(own_files(), (int)fd); /* FD_CLOEXEC is 1 */
	case F_SETFD:
		return fd_set_cloexec(own_files(), (int)fd, (arg & FD_CLOEXEC) != 0);
	case F_GETFL:
		return READ_ONCE(f->flags);
	case F_SETFL:
		set_status_flags(f, SETFL_FLAGS, (u32)arg);
		return 0;
	case F_GETPIPE_SZ:
		return is_pipe(f) ? (s64)PIPE_BYTES : -EBADF;
	case F_SETPIPE_SZ:
		return set_pipe_size(f, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(f, fd, command, arg);
	default:
		return -EINVAL;
	}
}

s64 sys_fcntl(u64 fd, u64 command, u64 arg)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	s64 result = -EBADF;
	if (!file_is_path(f) || is_about_descriptor((u32)command))
		result = fcntl_file(f, fd, (u32)command, arg);
	file_done(f);
	return result;
}

/* ---- ioctl --------------------------------------------------------------------------------- */

static s64 set_nonblocking(struct file *f, uaddr_t arg)
{
	u32 value;
	if (get_user_u32(&value, arg) != 0)
		return -EFAULT;
	set_status_flags(f, O_NONBLOCK, value != 0 ? O_NONBLOCK : 0);
	return 0;
}

static s64 bytes_to_read(const struct file *f, uaddr_t arg)
{
	const s64 left = (s64)(f->inode->size_bytes - READ_ONCE(f->offset));
	return put_user_u32(arg, (u32)left);
}

static s64 ioctl_file(struct file *f, u64 fd, u32 command, u64 arg)
{
	switch (command) {
	case FIOCLEX:
		return fd_set_cloexec(own_files(), (int)fd, true);
	case FIONCLEX:
		return fd_set_cloexec(own_files(), (int)fd, false);
	case FIONBIO:
		return set_nonblocking(f, arg);
	case FIONREAD:
		if (f->inode != NULL && S_ISREG(f->inode->mode))
			return bytes_to_read(f, arg);
		break;
	default:
		break;
	}
	return file_ioctl(f, command, arg);
}

s64 sys_ioctl(u64 fd, u64 command, u64 arg)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = ioctl_file(f, fd, (u32)command, arg);
	file_done(f);
	return result == -ENOIOCTLCMD ? -ENOTTY : restartable(result);
}

/* ---- pairs --------------------------------------------------------------------------------- */

int install_pair(struct file *ends[2], bool cloexec, uaddr_t told)
{
	struct fd_table *t = own_files();
	s32 numbers[2] = { fd_reserve(t, fd_limit()), -EMFILE };
	if (numbers[0] >= 0)
		numbers[1] = fd_reserve(t, fd_limit());
	int err = numbers[0] < 0 ? numbers[0] : MIN(numbers[1], 0);
	/* Told while nobody can use, or close, them. */
	if (err == 0 && copy_to_user(told, numbers, sizeof(numbers)) != 0)
		err = -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (err == 0)
			fd_install_reserved(t, numbers[i], ends[i], cloexec);
		else if (numbers[i] >= 0)
			fd_release(t, numbers[i]);
		if (err < 0)
			file_put(ends[i]);
	}
	return err;
}

s64 sys_pipe2(u64 fds, u64 flags)
{
	if ((flags & ~(u64)(O_CLOEXEC | O_NONBLOCK)) != 0)
		return -EINVAL;
	struct file *ends[2];
	const int err = pipe_create((u32)flags, &ends[0], &ends[1]);
	if (err < 0)
		return err;
	return install_pair(ends, (flags & O_CLOEXEC) != 0, fds);
}

/* ---- position, size, and what a disk would do ---------------------------------------------- */

s64 sys_lseek(u64 fd, u64 offset, u64 whence)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = (u32)whence > SEEK_MAX ? -EINVAL :
						    file_seek(f, (s64)offset, (int)whence);
	file_done(f);
	return result;
}

s64 sys_ftruncate(u64 fd, u64 length)
{
	if ((s64)length < 0)
		return -EINVAL;
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	s64 result = -EINVAL;
	if (f->writable && f->inode != NULL && S_ISREG(f->inode->mode))
		result = file_check_size(f->inode, length);
	if (result == 0)
		result = inode_truncate(f->inode, length);
	if (result == 0)
		inode_drop_set_id(f->inode, cred_current());
	file_done(f);
	return result;
}

static s64 allocate(struct file *f, u32 mode, u64 offset, u64 length)
{
	const u32 type = f->inode != NULL ? f->inode->mode & S_IFMT : 0;
	if (!f->writable)
		return -EBADF;
	if (type == S_IFIFO)
		return -ESPIPE;
	if (type == S_IFDIR)
		return -EISDIR;
	if (type != S_IFREG)
		return -ENODEV;
	if (offset + length > (u64)INT64_MAX)
		return -EFBIG;
	const bool keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
	const s64 err = keeps_size ? 0 : file_check_size(f->inode, offset + length);
	if (err < 0)
		return err;
	return inode_allocate(f->inode, offset, length, keeps_size);
}

s64 sys_fallocate(u64 fd, u64 mode, u64 offset, u64 length)
{
	if ((s64)offset < 0 || (s64)length <= 0)
		return -EINVAL;
	if (((u32)mode & ~(u32)FALLOC_FL_KEEP_SIZE) != 0)
		return -EOPNOTSUPP;
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = allocate(f, (u32)mode, offset, length);
	file_done(f);
	return result;
}

/*
 * Everything is in memory, so there is nothing to bring anywhere; but not every file may be asked.
 */
static s64 check_sync(u64 fd)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const bool is_on_fs = f->inode != NULL &&
			      (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode));
	file_done(f);
	return is_on_fs ? 0 : -EINVAL;
}

s64 sys_fsync(u64 fd)
{
	return check_sync(fd);
}

s64 sys_fdatasync(u64 fd)
{
	return check_sync(fd);
}

s64 sys_sync(void)
{
	return 0;
}

s64 sys_fadvise64(u64 fd, u64 offset, u64 length, u64 advice)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	s64 result = 0;
	if (is_pipe(f))
		result = -ESPIPE;
	else if ((u32)advice > POSIX_FADV_NOREUSE || (s64)length < 0)
		result = -EINVAL;
	file_done(f);
	return result;
}
