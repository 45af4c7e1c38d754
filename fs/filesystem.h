/* SPDX-License-Identifier: MIT */
/* File systems as objects: what a type supplies and what a mount adds. */
#pragma once

#include "lib/abi/mount.h"
#include "lib/abi/stat.h"
#include "lib/list.h"
#include "lib/types.h"

struct inode;

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
	/* Is an inode of it in use by anybody but itself? Nothing can enter it any more when this
	 * is asked. */
	bool (*is_busy)(struct filesystem *fs);
	/* Every inode and page of it goes, and @fs itself. Called with nothing of it in use. */
	void (*destroy)(struct filesystem *fs);
	/* @out comes with f_fsid, f_flags, f_bsize and f_namelen filled in. */
	void (*statfs)(struct filesystem *fs, struct kstatfs *out);

	/* under the tree's lock (fs/tree.h) */
	struct inode *covered; /* the directory it is mounted on, counted; NULL for the root file
				  system */

	/* under fs/mount.c's lock */
	struct list node;
	char *source, *path; /* for /proc/mounts */
	bool is_leaving;     /* somebody is unmounting it */
	u32 flags;           /* MS_*; read without the lock */
};

/* What of MS_* a mount keeps. */
#define FS_MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

/* A device number for a file system that is on no device. */
u64 fs_new_device(void);
/* statfs(2). */
void fs_statfs(struct filesystem *fs, struct kstatfs *out);
