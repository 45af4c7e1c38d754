/* SPDX-License-Identifier: MIT */
/* File systems as objects: what a type supplies and what a mount adds. */
#pragma once

#include "lib/abi/mount.h"
#include "lib/abi/stat.h"
#include "lib/list.h"
#include "lib/types.h"

struct inode;
struct seq;

/*
 * One mounted file system; each is mounted in one place. A type supplies the first group,
 * fs_mount() the rest.
 */
struct filesystem {
	/* set once by the type's create function */
	const char *type;   /* as in /proc/mounts */
	struct inode *root; /* counted */
	u64 device;         /* st_dev: fs_new_device() */
	void *private;
	/* Every inode and page of it goes, and @fs itself. Called with nothing of it in use. */
	void (*destroy)(struct filesystem *fs);
	/* @out comes with f_fsid, f_flags, f_bsize and f_namelen filled in. */
	void (*statfs)(struct filesystem *fs, struct kstatfs *out);
	/* Its own options as in /proc/mounts, each with a comma before it. Optional; may not sleep.
	 */
	void (*show_options)(const struct filesystem *fs, struct seq *s);

	/*
	 * atomic: references on its inodes from outside (fs/inode.h). Walkers inside are not
	 * counted while they hold the tree's lock (fs/tree.h). So 0 is final only once that lock
	 * was held for writing as the way in was cut, which tree_unmount() does: a walker counts
	 * what he takes along before he lets go of it.
	 */
	u64 users;

	/* under the tree's lock (fs/tree.h) */
	struct inode *covered; /* the directory it is mounted on, counted; NULL for the root file
				  system */

	/* under fs/mount.c's lock */
	struct list node;
	char *source, *path; /* for /proc/mounts */
	bool is_detached;    /* it is out of the tree for good; read under the mutex */
	u32 flags;           /* MS_*; read without the lock */
};

/* Is an inode of it in use by anybody but itself? False is final after tree_unmount(). */
static inline bool fs_is_busy(const struct filesystem *fs)
{
	/* Acquire pairs with leave() in fs/inode.c. */
	return __atomic_load_n(&fs->users, __ATOMIC_ACQUIRE) != 0;
}

/* What of MS_* a mount keeps. */
#define FS_MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

/* A device number for a file system that is on no device. */
u64 fs_new_device(void);
/* statfs(2). */
void fs_statfs(struct filesystem *fs, struct kstatfs *out);
