/* SPDX-License-Identifier: MIT */
/*
 * Where directories hang: parent, name, and what is mounted on them, over all file systems.
 *
 * One spinlock (RANK_MOUNTS) covers inode->parent, inode->name, inode->mounted and
 * filesystem->covered of everybody, so that a path can be read off from below and ".." followed in
 * one consistent picture. It is held for a few steps upward. Renames of directories also hold
 * fs/path_change.c's mutex.
 */
#pragma once

#include "fs/inode.h"
#include "lib/compiler.h"

/*
 * Hang @dir below @parent (a reference of it is taken) as @name, which stays the caller's memory.
 * Returns the parent it had, whose reference is now the caller's to put; NULL: none.
 */
__must_check struct inode *tree_attach(struct inode *dir, struct inode *parent, const char *name);
/* @dir is being removed: it keeps its parent, for "..", and loses its name. -EBUSY: something is
 * mounted on it. */
__must_check int tree_remove(struct inode *dir);

/* ".." of @dir for somebody whose root is @root, across mounts; counted. */
struct inode *tree_lookup_parent(struct inode *dir, const struct inode *root);
/*
 * The root of what is mounted on @dir (and on that, …), or @dir. Consumes a reference, returns one.
 */
struct inode *tree_cross_mounts(struct inode *dir);
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
 * Absolute path of @dir as seen from @root, with "/@tail" behind it if @tail_len is not 0.
 * tree_path: length with NUL; -ERANGE; -ENOENT if @dir was removed. tree_path_alloc: kmalloc'd, or
 * NULL.
 */
ssize_t tree_path(const struct inode *root, const struct inode *dir, char *buf, size_t size);
char *tree_path_alloc(const struct inode *root, const struct inode *dir, const char *tail,
		      size_t tail_len);

/* Position of the first entry after "." and "..". */
#define DIR_POS_FIRST 2
/* Emit what of the two is due at @*pos. False: @e has enough. Caller holds @dir's lock. */
bool dir_emit_dots(struct inode *dir, u64 *pos, struct dir_emitter *e);
