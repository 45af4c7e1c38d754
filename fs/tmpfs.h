/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: a file system in memory. Also the root file system and, filled with device nodes,
 * devtmpfs.
 *
 * tmpfs_inode.c has inodes and what open files do, tmpfs_dir.c the directories, tmpfs.c the file
 * system as a whole; each calls only those before it.
 *
 * References: a directory entry holds one on its inode, a subdirectory one on its parent, the file
 * system one on its root; these are settled (fs/inode.h).
 */
#pragma once

#include "fs/filemap.h"
#include "fs/fs.h"
#include "fs/name_index.h"

struct tmpfs {
	struct filesystem fs;

	/* set once */
	struct page_quota *quota;
	u32 root_mode; /* permissions that the root began with */

	u64 next_number; /* atomic */

	struct spinlock lock; /* RANK_DEVICE */
	struct list inodes;   /* all; struct tmpfs_inode.node */
	u64 inode_count;
};

struct tmpfs_inode {
	struct inode inode;
	struct list node; /* under tmpfs->lock */
	char *target;     /* symbolic link; set once */
	/* Directory: changed under inode.lock and the tree's lock, read under either. */
	struct name_index names;
	/* The entry it hung by, which has its name still; or NULL. Changed under that directory's
	 * inode.lock and the tree's lock. */
	struct tmpfs_entry *removed;
};

struct tmpfs_entry {
	struct name_entry index;
	char name[]; /* terminated; see index.name */
};
static_assert(offsetof(struct tmpfs_entry, name) % NAME_WORD == 0, "aligned to a word");

static inline struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return container_of(inode->fs, struct tmpfs, fs);
}
static inline struct tmpfs_inode *tmpfs_inode_of(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

/* Memory for inodes. Once. 0 or -ENOMEM. */
int tmpfs_inode_init(void);
/*
 * An inode of any type but a directory, not in any directory yet; @target for symbolic links. One
 * reference.
 * @ops NULL: as fits the type; directories bring theirs. -ENOMEM.
 */
int tmpfs_inode_create(struct tmpfs *t, const struct inode_ops *ops, u32 mode, u32 uid, u32 gid,
		       u64 rdev, const char *target, struct inode **out);
/* Free the memory of one whose references do not matter any more. */
void tmpfs_inode_free(struct inode *inode);

extern const struct inode_ops tmpfs_dir_ops;
/* Forget all entries without looking at references: the whole file system goes. */
void tmpfs_dir_clear(struct inode *dir);

/*
 * A tmpfs as a file system of type @type with a root of @root_mode (permissions). NULL: no memory.
 */
struct filesystem *tmpfs_create(const char *type, u32 root_mode);
/* Options of mount(2): "size=64m,mode=1777". 0 or -EINVAL. */
int tmpfs_configure(struct filesystem *fs, const char *options);
/* Unlimited: the root file system is filled before anybody can say how large it may be. */
void tmpfs_set_unlimited(struct filesystem *fs, bool is_unlimited);
