/* SPDX-License-Identifier: MIT */
/* System calls for advisory locks: flock, and what fcntl does about records. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/file_lock.h"
#include "kernel/syscall/sys_fs.h"

s64 sys_flock(u64 fd, u64 operation)
{
	static const u32 types[] = {
		[LOCK_SH] = F_RDLCK,
		[LOCK_EX] = F_WRLCK,
		[LOCK_UN] = F_UNLCK,
	};
	const u32 kind = (u32)operation & ~(u32)LOCK_NB;
	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	const struct file_lock_range want = {
		.owner = f,
		.pid = process_current()->pid,
		.is_flock = true,
		.type = types[kind],
		.last = FILE_LOCK_LAST_MAX,
	};
	const bool waits = ((u32)operation & LOCK_NB) == 0;
	const s64 result = f->inode == NULL ? -EINVAL :
					      file_lock_set(f->inode, &want,
							    waits ? FILE_LOCK_WAIT : FILE_LOCK_TRY);
	file_done(f);
	return restartable(result);
}

/* ---- fcntl ----------------------------------------------------------------------------------- */

/* The bytes that @lock means in @f: from the start of the file, and with a length of 0 to its end.
 */
static int resolve_range(struct file *f, const struct kflock *lock, struct file_lock_range *out)
{
	s64 first = 0, last;
	if (lock->l_whence == SEEK_CUR)
		first = (s64)READ_ONCE(f->offset);
	else if (lock->l_whence == SEEK_END)
		first = (s64)READ_ONCE(f->inode->size_bytes);
	else if (lock->l_whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(first, lock->l_start, &first))
		return -EOVERFLOW;
	if (first < 0)
		return -EINVAL;
	if (lock->l_len > 0) {
		if (__builtin_add_overflow(first, lock->l_len - 1, &last))
			return -EOVERFLOW;
	} else if (lock->l_len < 0) {
		last = first - 1;
		first += lock->l_len;
		if (first < 0)
			return -EINVAL;
	} else {
		last = INT64_MAX;
	}
	out->first = (u64)first;
	out->last = (u64)last;
	return 0;
}

static bool is_ofd(u32 command)
{
	return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

/* What @lock, from user memory, asks for. */
static int parse_lock(struct file *f, u32 command, const struct kflock *lock,
		      struct file_lock_range *want)
{
	*want = (struct file_lock_range){
		.owner = task_current()->files,
		.pid = process_current()->pid,
		.type = (u32)(u16)lock->l_type,
	};
	const int err = resolve_range(f, lock, want);
	if (err < 0)
		return err;
	if (want->type != F_RDLCK && want->type != F_WRLCK && want->type != F_UNLCK)
		return -EINVAL;
	if (is_ofd(command)) {
		if (lock->l_pid != 0)
			return -EINVAL;
		want->owner = f;
		want->pid = 0;
	}
	return 0;
}

static int get_lock(struct file *f, const struct file_lock_range *want, struct kflock *lock)
{
	struct file_lock_range found;
	if (want->type == F_UNLCK)
		return -EINVAL;
	if (!file_lock_find(f->inode, want, &found)) {
		lock->l_type = F_UNLCK;
		return 0;
	}
	*lock = (struct kflock){
		.l_type = (s16)found.type,
		.l_whence = SEEK_SET,
		.l_start = (s64)found.first,
		.l_len = found.last == FILE_LOCK_LAST_MAX ? 0 : (s64)(found.last - found.first + 1),
		.l_pid = found.pid != 0 ? (s32)found.pid : -1,
	};
	return 0;
}

static int set_lock(struct file *f, u64 fd, u32 command, const struct file_lock_range *want)
{
	const bool is_allowed = want->type == F_RDLCK ? f->readable :
				want->type == F_WRLCK ? f->writable :
							true;
	if (!is_allowed)
		return -EBADF;
	enum file_lock_wait wait = FILE_LOCK_TRY;
	if (command == F_SETLKW)
		wait = FILE_LOCK_WAIT_OR_DEADLK;
	else if (command == F_OFD_SETLKW)
		wait = FILE_LOCK_WAIT;
	const int err = file_lock_set(f->inode, want, wait);
	if (err < 0 || want->type == F_UNLCK || is_ofd(command))
		return err;
	/*
	 * Another thread may have closed the descriptor meanwhile, and dropped what was there to
	 * drop: nobody would ever drop this one. Closing empties the slot first and drops then.
	 */
	struct file *now = file_of(fd);
	if (now == f) {
		file_done(now);
		return 0;
	}
	if (now != NULL)
		file_done(now);
	file_lock_drop(f->inode, want->owner);
	return -EBADF;
}

s64 fcntl_lock(struct file *f, u64 fd, u32 command, uaddr_t arg)
{
	struct kflock lock;
	struct file_lock_range want;
	if (copy_from_user(&lock, arg, sizeof(lock)) != 0)
		return -EFAULT;
	if (f->inode == NULL)
		return -EINVAL;
	const int err = parse_lock(f, command, &lock, &want);
	if (err < 0)
		return err;
	if (command != F_GETLK && command != F_OFD_GETLK)
		return restartable(set_lock(f, fd, command, &want));
	const int result = get_lock(f, &want, &lock);
	if (result < 0)
		return result;
	return copy_to_user(arg, &lock, sizeof(lock)) == 0 ? 0 : -EFAULT;
}
