/* SPDX-License-Identifier: MIT */
/* File systems: mounting, and what other floors register files with. */
#pragma once

#include "fs/file.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "lib/types.h"

/* Make the root file system: an empty tmpfs mounted at /. */
int fs_init(void);
struct inode *fs_root(void); /* borrowed */
/* Unpack a cpio newc archive into the root. -EINVAL with a message naming the offset when it is
 * damaged. */
int initramfs_unpack(const void *archive, size_t len_bytes);
/*
 * Mount @type ("tmpfs", "proc", "devtmpfs") on directory @at, which is called @path. @flags: MS_*.
 * -ENODEV: no such type; -ENOTDIR; -EBUSY: something is mounted right there; -ENOENT: @at is out of
 * the tree; -EINVAL: options; -ENOMEM.
 */
int fs_mount(const char *type, const char *source, struct inode *at, const char *path, u32 flags);
/* The same with options as mount(2) has them ("size=64m,mode=1777"); NULL: none. */
int fs_mount_options(const char *type, const char *source, struct inode *at, const char *path,
		     u32 flags, const char *options);
/* Give the file system whose root is @at other flags. -EINVAL: it is no root. */
int fs_remount(struct inode *at, u32 flags);
/* Unmount the file system whose root is @at; that reference is consumed in any case. -EINVAL: it is
 * no root; -EBUSY: in use and no MNT_DETACH in @flags. */
int fs_unmount(struct inode *at, u32 flags);
/*
 * At the very end: unmount everything, drop every page and inode. Nobody has a file open any more.
 */
void fs_shutdown(void);

/*
 * devfs: a character device at /dev/@name in every devtmpfs mounted later, and behind every node of
 * its number. At open, file->private = @private, then @ops->open if there is one, which may change
 * it and file->ops. @name has no slash and lives forever, as @ops. -EEXIST: name or number taken;
 * -ENOSPC.
 */
int devfs_register(const char *name, u32 major, u32 minor, u32 permissions,
		   const struct file_ops *ops, void *private);

/* procfs: text made anew whenever it is read from its beginning. */
struct seq { /* a growing text */
	char *buf;
	size_t len, size;
	bool failed; /* out of memory */
};
void seq_printf(struct seq *s, const char *format, ...) __printf(2, 3);
void seq_write(struct seq *s, const char *bytes, size_t len);
/*
 * /proc/@name, with "tty/drivers" and the like in directories made as needed. @name lives forever.
 */
int procfs_register(const char *name, int (*show)(struct seq *s));
/* /sys/@name. */
int sysfs_register(const char *name, int (*show)(struct seq *s));
/* As procfs_register() for a file that is only written: @store gets what one write(2) brings, at
 * most PROCFS_STORE_BYTES, with a NUL behind it; 0 or -errno. */
#define PROCFS_STORE_BYTES 63
int procfs_register_trigger(const char *name, int (*store)(const char *text, size_t len));
/* The same for one that is read, too; root alone may write it. */
int procfs_register_control(const char *name, int (*show)(struct seq *s),
			    int (*store)(const char *text, size_t len));
/*
 * Who knows the processes (kernel/proc registers itself). Functions get the pid of the directory.
 */
struct procfs_process_ops {
	/* Lowest pid >= @pid, 0: none. */
	u32 (*next_pid)(u32 pid);
	/* The same, of the tasks of @pid. */
	u32 (*next_tid)(u32 pid, u32 tid);
	u32 (*self_pid)(void);
	/* Text files of /proc/N (@tid 0) and /proc/N/task/@tid: NULL-terminated table. -ESRCH when
	 * it is gone. */
	const struct procfs_process_file {
		const char *name;
		u32 permissions;
		bool is_private; /* and only who may_look_at() opens it */
		int (*show)(u32 pid, u32 tid, struct seq *s);
	} * files;
	/* May the running thread see what is in the memory of @pid? True if it has none. */
	bool (*may_look_at)(u32 pid);
	/* Which memory @pid has now, for move_memory(); 0: none. -EACCES: not for us to see. */
	int (*memory_id)(u32 pid, u64 *id);
	/* Read from, or write to, memory @id of @pid at @at: bytes; 0: it is gone, by exec or exit;
	 * -EIO: nothing is there. */
	ssize_t (*move_memory)(u32 pid, u64 id, u64 at, void *buf, size_t len, bool is_write);
	/* /proc/N/exe, cwd, root: counted inode, or -errno; which: the link's name. */
	int (*link_inode)(u32 pid, const char *which, struct inode **out);
	/* Their text. */
	ssize_t (*link_text)(u32 pid, const char *which, char *buf, size_t size);
	/* Descriptor table for /proc/N/fd: counted (fd_table_get), NULL: gone. */
	struct fd_table *(*fds)(u32 pid);
	/* The running process' root, counted; NULL: it has none. */
	struct inode *(*own_root)(void);
	/* Who owns /proc/N. False: there is no such process. */
	bool (*owner)(u32 pid, u32 *uid, u32 *gid);
};
void procfs_set_process_ops(const struct procfs_process_ops *ops);

/* pipe(2): two files. */
int pipe_create(u32 flags, struct file **read_end, struct file **write_end);
