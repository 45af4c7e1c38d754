/* SPDX-License-Identifier: MIT */
/*
 * /proc, and /sys, which has texts only. What other floors register goes through fs/fs.h; this is
 * for fs/mount.c and the three files: procfs_inode.c has inodes and text files, procfs_process.c
 * the directories of processes, procfs.c the rest and the file system itself; each calls only those
 * before it.
 *
 * Inodes are made by lookup and gone with their last user: nothing but /proc/self is kept, since
 * what they show changes.
 */
#pragma once

#include "fs/fs.h"
#include "fs/name.h"

/* Once. 0 or -ENOMEM. */
int procfs_init(void);
/* NULL: no memory. */
struct filesystem *procfs_create(void);
struct filesystem *sysfs_create(void);
/* Texts of /proc/N/mounts and /proc/N/mountinfo. */
void procfs_set_mounts(int (*mounts)(struct seq *s), int (*mountinfo)(struct seq *s));

struct procfs {
	struct filesystem fs;
	struct inode self; /* the link, which is the same for all; never put for good */
};

/* All but the first set once at creation. */
struct proc_inode {
	struct inode inode;
	/* Text files; who may open one, NULL: whom the permissions allow. */
	int (*show)(struct proc_inode *i, struct seq *s);
	int (*check_open)(const struct proc_inode *i);
	/* Files that are written; NULL: refused. */
	int (*store)(const char *text, size_t len);
	/* Whose it is; which of these are used is their maker's business. */
	const void *what;
	u32 pid, fd;
	u32 tid;       /* in /proc/N/task; 0: not there */
	char name[12]; /* of a directory called by a number */
};

static inline struct proc_inode *proc_inode_of(struct inode *inode)
{
	return container_of(inode, struct proc_inode, inode);
}

int proc_inode_init(void);
/* One reference. @mode says file, link or directory. NULL: no memory. */
struct proc_inode *proc_inode_create(struct procfs *fs, const struct inode_ops *ops, u32 mode,
				     u64 number);
/* For the destroy member of their operations. */
void proc_inode_destroy(struct inode *inode);
/* Text files: what i->show writes, read from the beginning anew. */
extern const struct inode_ops proc_text_ops;

/* The number that @name is; false: it is none. */
bool proc_parse_number(const struct name *name, u32 *value);

/* /proc/N in @root; -ENOENT: no such process. */
int proc_process_lookup(struct inode *root, u32 pid, struct inode **out);
/* Emit processes from number @pid on, @base being the position of number 0. */
void proc_process_iterate(u32 pid, u64 base, u64 *pos, struct dir_emitter *e);
/* 0: nobody knows. */
u32 proc_self_pid(void);

/* Inode numbers: the static ones count from the root's on, a process has a range of its own. */
#define PROC_ROOT_NUMBER    1
#define PROC_SELF_NUMBER    2
#define PROC_NODE_NUMBER    16
#define PROC_PID_SHIFT      32
#define PROC_NUMBER(pid, n) (((u64)(pid) << PROC_PID_SHIFT) | (n))
