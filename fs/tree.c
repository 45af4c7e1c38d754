/* SPDX-License-Identifier: MIT */
#include "fs/tree.h"

#include "fs/filesystem.h"
#include "fs/name.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

struct brlock tree_lock = BRLOCK_INIT("directory tree", RANK_MOUNTS);

static void hang(struct inode *inode, struct inode *parent, const char *name)
{
	inode_get(parent);
	inode_settle(parent);
	inode->parent = parent;
	inode->name = name;
}

void tree_attach(struct inode *inode, struct inode *parent, const char *name)
{
	ASSERT(inode->parent == NULL);
	hang(inode, parent, name);
}

struct inode *tree_move_locked(struct inode *inode, struct inode *parent, const char *name)
{
	struct inode *old = inode->parent;
	hang(inode, parent, name);
	if (old != NULL)
		inode_unsettle(old);
	return old;
}

struct inode *tree_detach_locked(struct inode *inode)
{
	struct inode *old = inode->parent;
	inode->parent = NULL;
	inode->name = NULL;
	if (old != NULL)
		inode_unsettle(old);
	return old;
}

int tree_remove(struct inode *dir)
{
	br_write_lock(&tree_lock);
	const bool is_busy = dir->mounted != NULL;
	if (!is_busy)
		dir->is_removed = true;
	br_write_unlock(&tree_lock);
	return is_busy ? -EBUSY : 0;
}

/* From the root of a file system to the directory it is mounted on, but not above @root. */
static const struct inode *uncovered(const struct inode *dir, const struct inode *root)
{
	while (dir != root && dir->parent == NULL && dir->fs->covered != NULL)
		dir = dir->fs->covered;
	return dir;
}

struct inode *tree_find_parent(struct inode *dir, const struct inode *root)
{
	struct inode *up = (struct inode *)uncovered(dir, root);
	if (up != root && up->parent != NULL)
		up = up->parent;
	return tree_find_top(up);
}

bool tree_is_inside(const struct inode *dir, const struct inode *ancestor)
{
	struct spinlock *held = br_read_lock(&tree_lock);
	while (dir != NULL && dir != ancestor)
		dir = dir->parent;
	br_read_unlock(held);
	return dir != NULL;
}

int tree_mount(struct inode *at, struct filesystem *fs)
{
	int err = 0;
	br_write_lock(&tree_lock);
	if (at->mounted != NULL) {
		err = -EBUSY;
	} else if (at->is_removed) {
		err = -ENOENT;
	} else {
		inode_get(at);
		fs->covered = at;
		WRITE_ONCE(at->mounted, fs->root);
	}
	br_write_unlock(&tree_lock);
	return err;
}

struct inode *tree_unmount(struct filesystem *fs)
{
	br_write_lock(&tree_lock);
	struct inode *covered = fs->covered;
	fs->covered = NULL;
	if (covered != NULL)
		WRITE_ONCE(covered->mounted, NULL);
	br_write_unlock(&tree_lock);
	return covered;
}

void tree_remount(struct filesystem *fs, struct inode *covered)
{
	br_write_lock(&tree_lock);
	fs->covered = covered;
	WRITE_ONCE(covered->mounted, fs->root);
	br_write_unlock(&tree_lock);
}

/* Bytes without NUL. Caller holds the lock. */
static size_t path_length(const struct inode *root, const struct inode *dir, size_t tail_len)
{
	size_t len = tail_len != 0 ? tail_len + 1 : 0;
	for (const struct inode *d = uncovered(dir, root); d != root && d->parent != NULL;
	     d = uncovered(d->parent, root))
		len += strlen(d->name) + 1;
	return len == 0 ? 1 : len;
}

static char *prepend(char *at, const char *name, size_t len)
{
	at -= len;
	memcpy(at, name, len);
	*--at = '/';
	return at;
}

/* @len is what path_length() said under the same hold of the lock. */
static void path_fill(const struct inode *root, const struct inode *dir, const char *tail,
		      size_t tail_len, char *buf, size_t len)
{
	char *at = buf + len;
	*at = '\0';
	if (tail_len != 0)
		at = prepend(at, tail, tail_len);
	for (const struct inode *d = uncovered(dir, root); d != root && d->parent != NULL;
	     d = uncovered(d->parent, root))
		at = prepend(at, d->name, strlen(d->name));
	if (at != buf)
		*buf = '/';
}

ssize_t tree_path(const struct inode *root, const struct inode *dir, char *buf, size_t size)
{
	struct spinlock *held = br_read_lock(&tree_lock);
	const size_t len = path_length(root, dir, 0);
	ssize_t result = (ssize_t)len + 1;
	if (dir->is_removed)
		result = -ENOENT;
	else if (len >= size)
		result = -ERANGE;
	else
		path_fill(root, dir, NULL, 0, buf, len);
	br_read_unlock(held);
	return result;
}

char *tree_path_alloc(const struct inode *root, const struct inode *inode, const char *tail,
		      size_t tail_len)
{
	const char *mark = inode->is_removed ? " (deleted)" : "";
	const size_t mark_size = strlen(mark) + 1;
	const size_t len = path_length(root, inode, tail_len);
	char *buf = kmalloc(len + mark_size);
	if (buf != NULL) {
		path_fill(root, inode, tail, tail_len, buf, len);
		memcpy(buf + len, mark, mark_size);
	}
	return buf;
}

static u64 parent_number(const struct inode *dir)
{
	struct spinlock *held = br_read_lock(&tree_lock);
	const u64 number = dir->parent != NULL ? dir->parent->number : dir->number;
	br_read_unlock(held);
	return number;
}

bool dir_emit(struct dir_emitter *e, const char *text, u64 inode_number, u32 mode, u64 next_pos)
{
	char name[NAME_ROOM_BYTES(NAME_MAX_BYTES)] __aligned(NAME_WORD);
	const size_t len = strlen(text);
	ASSERT(len <= NAME_MAX_BYTES);
	memset(name + len / NAME_WORD * NAME_WORD, 0, NAME_WORD);
	memcpy(name, text, len);
	return e->emit(e, name, len, inode_number, mode, next_pos);
}

bool dir_emit_dots(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	static const char dot[NAME_WORD] __aligned(NAME_WORD) = ".";
	static const char dots[NAME_WORD] __aligned(NAME_WORD) = "..";
	if (*pos == 0) {
		if (!e->emit(e, dot, strlen(dot), dir->number, S_IFDIR, 1))
			return false;
		*pos = 1;
	}
	if (*pos == 1) {
		if (!e->emit(e, dots, strlen(dots), parent_number(dir), S_IFDIR, DIR_POS_FIRST))
			return false;
		*pos = DIR_POS_FIRST;
	}
	return true;
}
