/* SPDX-License-Identifier: MIT */
/*
 * Where directories hang: parent, name, and what is mounted on them, over all file systems.
 *
 * One lock (RANK_MOUNTS) covers inode->parent, name, mounted and is_removed and filesystem->covered
 * of everybody, and inode->names, which change with the directory's own lock held, too. It is a
 * big-reader lock: walks on all harts look at once, and who changes any of these is alone.
 *
 * A reader walks up and down through inodes that nobody counts for him: none of them can go, nor be
 * unmounted, before he lets go of the lock. He may copy what he sees, count (which is atomic) what
 * he takes along, and allocate or take locks of later ranks; he writes nothing that another reader
 * looks at, not even what would be the same from all of them. What he saw may change as soon as he
 * lets go. So who is to change something looks again with the directory's lock held, under which
 * its names stay, and only then takes this one for writing, and for the change alone.
 *
 * What is one step to the user, like a rename, is done in one hold. It is held for a path at most.
 * Renames of directories also hold fs/path_change.c's mutex.
 */
#pragma once

#include "fs/inode.h"
#include "kernel/core/brlock.h"
#include "lib/compiler.h"

extern struct brlock tree_lock;

/*
 * Hang @inode, which is new, below @parent (a reference of it is taken) as @name, which stays the
 * caller's memory. No lock is needed: nobody finds @inode before the caller lets it be found.
 */
void tree_attach(struct inode *inode, struct inode *parent, const char *name);
/*
 * Hang it elsewhere. Caller holds the lock for writing. Returns the parent it had, whose reference
 * is now the caller's, to put when the lock is released; NULL: none.
 */
__must_check struct inode *tree_move_locked(struct inode *inode, struct inode *parent,
					    const char *name);
/* It hangs nowhere any more. The same of the lock and what is returned. */
__must_check struct inode *tree_detach_locked(struct inode *inode);
/* @dir is being removed: it keeps its parent, for "..". -EBUSY: something is mounted on it. */
__must_check int tree_remove(struct inode *dir);

/* The root of what is mounted on @inode (and on that, …), or @inode. Caller holds the lock. */
static inline struct inode *tree_find_top(struct inode *inode)
{
	while (inode->mounted != NULL)
		inode = inode->mounted;
	return inode;
}
/* ".." of @dir for somebody whose root is @root, across mounts. Caller holds the lock. */
struct inode *tree_find_parent(struct inode *dir, const struct inode *root);
/* Is @dir @ancestor or below it, within one file system? */
bool tree_is_inside(const struct inode *dir, const struct inode *ancestor);

/* Mount @fs on @at, of which it takes a reference. -EBUSY if there is one already; -ENOENT:
 * removed. */
__must_check int tree_mount(struct inode *at, struct filesystem *fs);
/*
 * Nobody enters @fs any more. Returns the directory it covered, whose reference is now the
 * caller's: to put, or to give back with tree_remount(). NULL: it was mounted nowhere.
 */
__must_check struct inode *tree_unmount(struct filesystem *fs);
void tree_remount(struct filesystem *fs, struct inode *covered);
static inline bool tree_is_mountpoint(const struct inode *dir)
{
	return READ_ONCE(dir->mounted) != NULL;
}

/*
 * Absolute path of @dir as seen from @root. Length with NUL; -ERANGE; -ENOENT if it was removed.
 */
ssize_t tree_path(const struct inode *root, const struct inode *dir, char *buf, size_t size);
/*
 * The same of any @inode, with "/@tail" behind it if @tail_len is not 0, and " (deleted)" if it was
 * removed: kmalloc'd, or NULL. Caller holds the lock.
 */
char *tree_path_alloc(const struct inode *root, const struct inode *inode, const char *tail,
		      size_t tail_len);

/* Position of the first entry after "." and "..". */
#define DIR_POS_FIRST 2
/* Emit one whose name is any @text, NAME_MAX_BYTES at most. */
bool dir_emit(struct dir_emitter *e, const char *text, u64 inode_number, u32 mode, u64 next_pos);
/* Emit what of the two is due at @*pos. False: @e has enough. Caller holds @dir's lock. */
bool dir_emit_dots(struct inode *dir, u64 *pos, struct dir_emitter *e);
