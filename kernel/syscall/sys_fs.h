/* SPDX-License-Identifier: MIT */
/* What the system calls about files share: descriptors, paths from user memory, whose rights. */
#pragma once

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fd_table.h"
#include "fs/path.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/abi/resource.h"
#include "mm/pmm/slab.h"

/* The most one read or write moves, as in Linux: INT_MAX down to a page. */
#define RW_BYTES_MAX 0x7ffff000UL

/* A wait that a signal ended: restarted if the handler says SA_RESTART. */
static inline s64 restartable(s64 result)
{
	return result == -EINTR ? -ERESTARTSYS : result;
}

/* The running task's open file, until file_done(); NULL: EBADF. */
static inline struct file *file_of_any(u64 fd)
{
	return fd_borrow(task_current()->files, (int)fd);
}
/* The same without file_done(); NULL also if others use the descriptors, too: file_of_any(). */
static inline struct file *file_of_own(u64 fd)
{
	return fd_find_own(task_current()->files, (int)fd);
}
/* The call is through with what file_of() and its like gave it. */
static inline void file_done(struct file *f)
{
	fd_done(task_current()->files, f);
}
/* The same, but not those opened with O_PATH: they are good for hardly anything. */
static inline struct file *file_of(u64 fd)
{
	struct file *f = file_of_any(fd);
	if (f != NULL && unlikely(file_is_path(f))) {
		file_done(f);
		f = NULL;
	}
	return f;
}
static inline u64 fd_limit(void)
{
	return process_current()->limits[RLIMIT_NOFILE].soft;
}
static inline u64 file_size_limit(void)
{
	return process_current()->limits[RLIMIT_FSIZE].soft;
}
/* Descriptors for both, whose references are consumed, and their numbers at @told. 0, -EMFILE,
 * -ENOMEM, -EFAULT: then there are none. */
__must_check int install_pair(struct file *ends[2], bool cloexec, uaddr_t told);
/* May @inode's content become so long? 0; -EFBIG, with a signal, if RLIMIT_FSIZE says no. */
s64 file_check_size(const struct inode *inode, u64 size_bytes);

/* sys_lock.c: what F_SETLK and its like do, with the struct flock at @arg. @f is what @fd names. */
s64 fcntl_lock(struct file *f, u64 fd, u32 command, uaddr_t arg);

/* A path copied from user memory. */
struct user_path {
	char *text;
	char small[128]; /* enough for nearly every path, and the stack is not large */
};
/* Its length: put it. Or -EFAULT, -ENAMETOOLONG, -ENOMEM; -ENOENT if it is empty, unless
 * @may_be_empty. */
__must_check int user_path_get(struct user_path *p, uaddr_t from, bool may_be_empty);
static inline void user_path_put(struct user_path *p)
{
	if (unlikely(p->text != p->small))
		kfree(p->text);
}

/* Of AT_EMPTY_PATH, which NULL is as good for as "": 1, 0, -EFAULT. */
__must_check int user_path_is_empty(uaddr_t path);

/* A path and where it starts: the arguments of the calls whose names end in "at". */
struct at_path {
	struct user_path path;
	struct inode *start; /* counted; NULL: the path is absolute, or starts at the working
				directory */
};
/* 0: put it. The errno of user_path_get(); -EBADF. */
__must_check int at_path_get(struct at_path *p, u64 dirfd, uaddr_t from);
static inline void at_path_put(struct at_path *p)
{
	if (p->start != NULL)
		inode_put(p->start);
	user_path_put(&p->path);
}

/*
 * The inode that (@dirfd, @path, @flags) names, counted. @flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH
 * (then an empty path means @dirfd itself); others are ignored, the caller has checked them.
 */
__must_check int at_lookup(u64 dirfd, uaddr_t path, u32 flags, const struct cred *cred,
			   struct inode **out);
