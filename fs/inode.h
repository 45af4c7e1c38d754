/* SPDX-License-Identifier: MIT */
/*
 * Inodes: files, directories, links, devices, whatever file system they belong to. The name of a
 * file is not here but in its directory; open files are in fs/file.h; lookup of paths in fs/path.h.
 *
 * Life: inode_init() by its file system with one reference -> inode_get()/inode_put() -> the last
 * put calls ops->destroy. A directory entry holds a reference, and so does a directory on its
 * parent: the chain up from a working directory stays although somebody removed it.
 *
 * Locks: inode->lock (RANK_DIRECTORY for directories, RANK_INODE for files; sleeping) covers
 * entries, size and content. The page cache has a spinlock of its own, because faults may not take
 * this one. Where a directory hangs in the tree is fs/tree.h's, under a lock of its own.
 */
#pragma once

#include "kernel/sched/mutex.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/stat.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/string.h"
#include "lib/types.h"

struct inode;
struct file;
struct filesystem;
struct vm_object;
struct dir_emitter;
struct name;
struct name_index;

#define CRED_GROUPS_MAX 32 /* supplementary groups */

struct cred {
	u32 uid, euid, suid, gid, egid, sgid;
	bool no_new_privs; /* exec gives no other rights: for good */
	u32 group_count;
	u32 groups[CRED_GROUPS_MAX];
} __aligned(8); /* for words_copy() */

/* Of the places for groups only those that are taken. */
static inline void cred_copy(struct cred *to, const struct cred *from)
{
	words_copy(to, from, offsetof(struct cred, groups));
	if (from->group_count != 0)
		memcpy(to->groups, from->groups, from->group_count * sizeof(to->groups[0]));
}

/* Is @gid the group of @cred, or one of the supplementary ones? */
bool cred_in_group(const struct cred *cred, u32 gid);

struct inode_ops {
	/* Directories. Caller holds dir->lock. A missing member means what Linux says for file
	 * systems without it (-EPERM, -ENOTDIR). */

	/* Counted; -ENOENT. */
	int (*lookup)(struct inode *dir, const struct name *name, struct inode **out);
	/* Anything but a link, by the type in @mode. Counted. */
	int (*create)(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		      u64 rdev, struct inode **out);
	int (*symlink)(struct inode *dir, const struct name *name, const char *target,
		       const struct cred *cred);
	int (*link)(struct inode *dir, const struct name *name, struct inode *target);
	int (*unlink)(struct inode *dir, const struct name *name, bool want_directory);
	int (*rename)(struct inode *old_dir, const struct name *old_name, struct inode *new_dir,
		      const struct name *new_name, u32 flags);
	/* Emit entries from position *@pos on (0 first), moving it; stop when emit refuses. */
	int (*iterate)(struct inode *dir, u64 *pos, struct dir_emitter *e);
	/* Symbolic links: at most @size bytes, no NUL; returns the length. */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	/* A link that leads to an object, not to a path (/proc/self/exe): counted. -ENOLINK: this
	 * one leads to a path after all. */
	int (*follow)(struct inode *inode, struct inode **out);
	/* Regular files; caller holds inode->lock. */
	int (*truncate)(struct inode *inode, u64 size);
	/* fallocate(2): pages for the bytes from @pos, growing the file unless @keep_size. */
	int (*allocate)(struct inode *inode, u64 pos, u64 len_bytes, bool keep_size);
	/* Supplies file->ops and file->private at open; may refuse. Not asked for FIFOs and devices
	 * of file systems that leave it out: those are found by their type and number. */
	int (*open)(struct inode *inode, struct file *f);
	/* Fill in what is not kept in the inode. Optional. May not sleep. */
	void (*stat)(struct inode *inode, struct kstat *out);
	/* The last reference went: free the inode's memory. Its object and its parent are not its
	 * business. Context: may sleep. */
	void (*destroy)(struct inode *inode);
};

struct inode {
	/* set once at creation */
	const struct inode_ops *ops;
	struct filesystem *fs;
	u64 number;
	u64 rdev; /* of a device: dev_make() */
	void *private;
	/* What is in a directory, if all its names are in memory: these change with the directory's
	 * lock and the tree's held, and a walk looks here instead of asking ops->lookup. NULL:
	 * inodes are made when they are looked up, or it is no directory. */
	struct name_index *names;

	struct refcount refs; /* atomic */
	s32 writers; /* atomic: how often it is open for writing; below 0: how often it is executed
		      */

	struct list locks; /* under a lock of fs/file_lock.c, whose they are */

	/* under lock */
	struct mutex lock;
	u32 mode; /* S_IFMT and permissions */
	u32 uid, gid, nlink;
	u64 size_bytes;
	u64 atime, mtime, ctime; /* nanoseconds since 1970 */

	/* page cache of a regular file: what mmap and exec use; NULL otherwise. Set once at
	 * creation, counted */
	struct vm_object *object;

	/* under the tree's lock (fs/tree.h) */
	struct inode *mounted; /* root of the file system mounted on this directory */
	struct inode *parent; /* counted; NULL: the root of a file system, or nowhere in the tree */
	/* In the parent; the file system's memory. Of a file with several names: the first, or NULL
	 * once that is gone. */
	const char *name;
	bool is_removed; /* it had that name */
};

/* Everything of the seam's own part: one reference, now's times, size 0, nlink 1 (2 for
 * directories). */
void inode_init(struct inode *inode, const struct inode_ops *ops, struct filesystem *fs, u64 number,
		u32 mode);

static inline bool inode_is_dir(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFDIR;
}
void inode_get(struct inode *i);
/* NULL is welcome. Context: may sleep; the caller holds no lock that the file system takes to let
 * go. */
void inode_put_one(struct inode *i); /* not NULL */
static inline void inode_put(struct inode *i)
{
	if (i != NULL)
		inode_put_one(i);
}
/*
 * Turn the caller's reference into one that the file system holds on itself (an entry on its inode,
 * a subdirectory on its parent, the file system on its root), and back. Those do not keep it from
 * being unmounted; all others do.
 */
void inode_settle(struct inode *i);
void inode_unsettle(struct inode *i);

/*
 * What is executed is not written and the other way round. 0 or -ETXTBSY; each has its opposite,
 * and taking one again while holding one cannot fail.
 */
int inode_get_write(struct inode *i);
void inode_put_write(struct inode *i);
int inode_deny_write(struct inode *i);
void inode_allow_write(struct inode *i);

int inode_permission_by_mode(const struct inode *inode, const struct cred *cred, u32 mask);
/* May @cred access @inode in the way of @mask (R_OK W_OK X_OK)? 0 or -EACCES. */
static inline int inode_permission(const struct inode *inode, const struct cred *cred, u32 mask)
{
	/* Root may do all but execute what nobody may. */
	if (cred->euid == 0 && ((mask & X_OK) == 0 || inode_is_dir(inode)))
		return 0;
	return inode_permission_by_mode(inode, cred, mask);
}
/*
 * -EROFS if its file system is mounted read-only and it is kept there (devices and pipes are not).
 */
int inode_check_writable(const struct inode *inode);
static inline bool inode_is_owner(const struct inode *inode, const struct cred *cred)
{
	return cred->euid == 0 || cred->euid == inode->uid;
}
/* Linux's meaning of fields, devices' numbers included. Does not sleep. */
void inode_stat(struct inode *inode, struct kstat *out);
int inode_set_mode(struct inode *inode, const struct cred *cred, u32 mode);
int inode_set_owner(struct inode *inode, const struct cred *cred, u32 uid, u32 gid); /* ~0: leave */
/* The bits of @mode that make a program run with other rights. */
u32 inode_set_id_bits(u32 mode);
/* @cred is about to change the content: unless it is root's, a program keeps no set-ID bits. */
void inode_drop_set_id_bits(struct inode *inode); /* the rest */
static inline void inode_drop_set_id(struct inode *inode, const struct cred *cred)
{
	if (cred->euid != 0)
		inode_drop_set_id_bits(inode);
}
int inode_truncate(struct inode *inode, u64 size);
/* -EOPNOTSUPP: its file system cannot; -ENOSPC, -ENOMEM, -EROFS. */
int inode_allocate(struct inode *inode, u64 pos, u64 len_bytes, bool keep_size);
/* utimensat: nanoseconds since 1970, or one of these. */
#define TIME_NOW  (~0ULL)
#define TIME_KEEP (~0ULL - 1)
int inode_set_times(struct inode *inode, const struct cred *cred, u64 atime, u64 mtime);
/* Content or entries changed just now. Caller holds inode->lock. */
void inode_touch(struct inode *inode);
/* Content was read: atime by Linux's relatime, but for its 24 hours, unless its file system is
 * mounted without. Caller holds inode->lock. */
void inode_accessed(struct inode *inode);

/* Seconds-since-1970 clock in ns, for timestamps: clock_now() + realtime_offset_ns. */
u64 fs_now(void);
/* Set by kernel/main.c and settimeofday: real time = clock_now() + this. */
extern u64 realtime_offset_ns;

/* For iterate(): true to go on. @name is at the alignment of words, with zeros up to the next one
 * behind it, as a struct name_entry has it. */
struct dir_emitter {
	bool (*emit)(struct dir_emitter *e, const char *name, size_t len, u64 inode_number,
		     u32 mode, u64 next_pos);
};
