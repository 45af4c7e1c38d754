/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: directories. Every operation comes with the lock of the directory (or both) held; one that
 * removes a directory takes that one's lock inside, parent before child, so that nobody makes a
 * file in it meanwhile.
 *
 * Walkers look names up with the tree's lock instead (fs/tree.h), so entries come, go and change
 * with it held for writing, too, and a rename, which is one step for everybody, is one hold of it.
 *
 * nlink of a directory is 2 plus its subdirectories; 0 says it was removed and takes no entries any
 * more.
 */
#include "fs/tmpfs.h"

#include "fs/tree.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define ENTRY_BYTES 20 /* what Linux's tmpfs adds to a directory's size for an entry */

static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out);
static int dir_create(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		      u64 rdev, struct inode **out);
static int dir_symlink(struct inode *dir, const struct name *name, const char *target,
		       const struct cred *cred);
static int dir_link(struct inode *dir, const struct name *name, struct inode *target);
static int dir_unlink(struct inode *dir, const struct name *name, bool want_directory);
static int dir_rename(struct inode *old_dir, const struct name *old_name, struct inode *new_dir,
		      const struct name *new_name, u32 flags);
static int dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);

const struct inode_ops tmpfs_dir_ops = {
	.lookup = dir_lookup,
	.create = dir_create,
	.symlink = dir_symlink,
	.link = dir_link,
	.unlink = dir_unlink,
	.rename = dir_rename,
	.iterate = dir_iterate,
	.destroy = tmpfs_inode_free,
};

static struct tmpfs_entry *entry_of(struct name_entry *e)
{
	return e == NULL ? NULL : container_of(e, struct tmpfs_entry, index);
}

static struct tmpfs_entry *find(struct inode *dir, const struct name *name)
{
	return entry_of(name_index_find(&tmpfs_inode_of(dir)->names, name));
}

static struct tmpfs_entry *entry_alloc(const struct name *name)
{
	const size_t room = NAME_ROOM_BYTES(name->len);
	struct tmpfs_entry *e = kmalloc(sizeof(*e) + room);
	if (e == NULL)
		return NULL;
	memset(e->name + room - NAME_WORD, 0, NAME_WORD);
	memcpy(e->name, name->text, name->len);
	e->index.key = name->key;
	e->index.name = e->name;
	e->index.len = (u32)name->len;
	return e;
}

/* @dir has got an entry for @came and lost one for @went (NULL: none). Caller holds @dir's lock. */
static void dir_changed(struct inode *dir, const struct inode *came, const struct inode *went)
{
	if (came != NULL) {
		dir->size_bytes += ENTRY_BYTES;
		dir->nlink += inode_is_dir(came);
	}
	if (went != NULL) {
		dir->size_bytes -= ENTRY_BYTES;
		dir->nlink -= inode_is_dir(went);
	}
	inode_touch(dir);
}

/* Caller holds the tree's lock for writing. */
static void insert_locked(struct inode *dir, struct tmpfs_entry *e, struct inode *inode)
{
	e->index.inode = inode;
	e->index.owner = inode->uid;
	name_index_insert(&tmpfs_inode_of(dir)->names, &e->index);
}

/* Takes over the caller's reference on @inode, which the caller hangs into the tree. */
static void entry_add(struct inode *dir, struct tmpfs_entry *e, struct inode *inode)
{
	inode_settle(inode);
	br_write_lock(&tree_lock);
	insert_locked(dir, e, inode);
	br_write_unlock(&tree_lock);
	dir_changed(dir, inode, NULL);
}

/*
 * Has @inode, which lost a name, others, and nobody has it open? Then it is held by these, by the
 * entry that is going and by whoever removes it, who looked it up.
 */
static bool is_only_named(const struct inode *inode)
{
	const u32 names = READ_ONCE(inode->nlink);
	return !inode_is_dir(inode) && names != 0 && refcount_read(&inode->refs) == names + 2;
}

/*
 * @inode has lost the name that @e, taken out of its directory, holds. If it hung by that, it keeps
 * it for those who have it open; otherwise it would keep the directory, too, for as long as it has
 * other names. Caller holds the tree's lock for writing. Returns: what is to be freed; and @parent
 * to be put.
 */
static struct tmpfs_entry *forget_name(struct inode *inode, struct tmpfs_entry *e, const char *name,
				       struct inode **parent)
{
	if (inode->name != name)
		return e;
	if (is_only_named(inode)) {
		*parent = tree_detach_locked(inode);
		return e;
	}
	inode->is_removed = true;
	inode->name = e->name;
	tmpfs_inode_of(inode)->removed = e;
	return NULL;
}

/* Returns the inode with the entry's reference, which is the caller's now. */
static struct inode *entry_remove(struct inode *dir, struct tmpfs_entry *e)
{
	struct inode *inode = e->index.inode, *parent = NULL;
	br_write_lock(&tree_lock);
	name_index_remove(&tmpfs_inode_of(dir)->names, &e->index);
	struct tmpfs_entry *rest = forget_name(inode, e, e->name, &parent);
	br_write_unlock(&tree_lock);
	dir_changed(dir, NULL, inode);
	kfree(rest);
	inode_put(parent);
	inode_unsettle(inode);
	return inode;
}

void tmpfs_dir_clear(struct inode *dir)
{
	struct name_index *names = &tmpfs_inode_of(dir)->names;
	for (;;) {
		struct tmpfs_entry *e = entry_of(name_index_from(names, 0));
		if (e == NULL)
			break;
		name_index_remove(names, &e->index);
		kfree(e);
	}
}

static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	const struct tmpfs_entry *e = find(dir, name);
	if (e == NULL)
		return -ENOENT;
	inode_get(e->index.inode);
	*out = e->index.inode;
	return 0;
}

/* May @name be added to @dir, for an inode of @owner's? -ENOENT: @dir was removed; -ENOSPC: too
 * many names like it are there. */
static int check_room(struct inode *dir, const struct name *name, u32 owner)
{
	if (dir->nlink == 0)
		return -ENOENT;
	return name_index_has_room(&tmpfs_inode_of(dir)->names, name, owner) ? 0 : -ENOSPC;
}

static int make_node(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		     u64 rdev, const char *target, struct inode **out)
{
	int err = check_room(dir, name, cred->euid);
	if (err < 0)
		return err;
	struct tmpfs_entry *e = entry_alloc(name);
	if (e == NULL)
		return -ENOMEM;
	/* A set-group-ID directory passes its group on, and directories the bit too. */
	u32 gid = cred->egid;
	if ((dir->mode & S_ISGID) != 0) {
		gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if (cred->euid != 0 && !cred_in_group(cred, gid))
			mode &= ~inode_set_id_bits(mode & ~(u32)S_ISUID); /* not his to lend */
	}
	struct inode *inode;
	err = tmpfs_inode_create(tmpfs_of(dir), S_ISDIR(mode) ? &tmpfs_dir_ops : NULL, mode,
				 cred->euid, gid, rdev, target, &inode);
	if (err < 0) {
		kfree(e);
		return err;
	}
	tree_attach(inode, dir, e->name);
	entry_add(dir, e, inode);
	if (out != NULL) {
		inode_get(inode);
		*out = inode;
	}
	return 0;
}

static int dir_create(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		      u64 rdev, struct inode **out)
{
	return make_node(dir, name, mode, cred, rdev, NULL, out);
}

static int dir_symlink(struct inode *dir, const struct name *name, const char *target,
		       const struct cred *cred)
{
	return make_node(dir, name, S_IFLNK | S_IRWXUGO, cred, 0, target, NULL);
}

static int dir_link(struct inode *dir, const struct name *name, struct inode *target)
{
	const int err = check_room(dir, name, target->uid);
	if (err < 0)
		return err;
	struct tmpfs_entry *e = entry_alloc(name);
	if (e == NULL)
		return -ENOMEM;
	mutex_lock(&target->lock);
	const bool is_alive = target->nlink != 0;
	if (is_alive) {
		target->nlink++;
		target->ctime = fs_now();
	}
	mutex_unlock(&target->lock);
	if (!is_alive) {
		kfree(e);
		return -ENOENT;
	}
	inode_get(target);
	entry_add(dir, e, target);
	return 0;
}

/* @inode is about to lose a name; a directory must be empty and dies. Caller holds its parent's
 * lock. */
static int drop_link(struct inode *inode)
{
	int err = 0;
	mutex_lock(&inode->lock);
	if (inode_is_dir(inode)) {
		if (tmpfs_inode_of(inode)->names.count != 0)
			err = -ENOTEMPTY;
		else
			err = tree_remove(inode);
		if (err == 0)
			inode->nlink = 0;
	} else {
		inode->nlink--;
	}
	if (err == 0)
		inode->ctime = fs_now();
	mutex_unlock(&inode->lock);
	return err;
}

static int dir_unlink(struct inode *dir, const struct name *name, bool want_directory)
{
	struct tmpfs_entry *e = find(dir, name);
	if (e == NULL)
		return -ENOENT;
	if (inode_is_dir(e->index.inode) != want_directory)
		return want_directory ? -ENOTDIR : -EISDIR;
	const int err = drop_link(e->index.inode);
	if (err == 0)
		inode_put(entry_remove(dir, e));
	return err;
}

/*
 * @inode, which stood somewhere as @old_name, now stands in @dir as @name. Caller holds the tree's
 * lock for writing. Returns the parent it has lost, for the caller to put; NULL: none.
 */
static struct inode *moved_locked(struct inode *inode, const char *old_name, struct inode *dir,
				  const char *name)
{
	/* A file with another name hangs by that one. */
	return inode->name == old_name ? tree_move_locked(inode, dir, name) : NULL;
}

/* The entries stay, and each takes over the other's reference. */
static void exchange(struct inode *old_dir, struct tmpfs_entry *a, struct inode *new_dir,
		     struct tmpfs_entry *b)
{
	struct inode *from_a = a->index.inode;
	struct inode *from_b = b->index.inode;
	br_write_lock(&tree_lock);
	a->index.inode = from_b;
	b->index.inode = from_a;
	struct inode *parent_a = moved_locked(from_a, a->name, new_dir, b->name);
	struct inode *parent_b = moved_locked(from_b, b->name, old_dir, a->name);
	br_write_unlock(&tree_lock);
	dir_changed(old_dir, from_b, from_a);
	dir_changed(new_dir, from_a, from_b);
	/* racy against others' updates of the same, and harmless */
	from_a->ctime = from_b->ctime = fs_now();
	inode_put(parent_a);
	inode_put(parent_b);
}

/*
 * @from's inode goes to @to, and @from away. @to is new, or names a victim, who has lost its link
 * already; then @spare, which is used up, has the name's text for it. NULL otherwise.
 */
static void move(struct inode *old_dir, struct tmpfs_entry *from, struct inode *new_dir,
		 struct tmpfs_entry *to, struct tmpfs_entry *spare)
{
	struct inode *inode = from->index.inode; /* @to takes over the reference */
	struct inode *victim = spare != NULL ? to->index.inode : NULL;
	struct inode *victim_parent = NULL;
	br_write_lock(&tree_lock);
	if (victim == NULL) {
		insert_locked(new_dir, to, inode);
	} else {
		to->index.inode = inode;
		spare = forget_name(victim, spare, to->name, &victim_parent);
	}
	struct inode *parent = moved_locked(inode, from->name, new_dir, to->name);
	name_index_remove(&tmpfs_inode_of(old_dir)->names, &from->index);
	br_write_unlock(&tree_lock);
	dir_changed(new_dir, inode, victim);
	dir_changed(old_dir, NULL, inode);
	inode->ctime = fs_now(); /* racy against others' updates of the same, and harmless */
	kfree(from);
	kfree(spare);
	inode_put(parent);
	inode_put(victim_parent);
	if (victim != NULL)
		inode_unsettle(victim);
	inode_put(victim);
}

static int dir_rename(struct inode *old_dir, const struct name *old_name, struct inode *new_dir,
		      const struct name *new_name, u32 flags)
{
	struct tmpfs_entry *from = find(old_dir, old_name);
	struct tmpfs_entry *to = find(new_dir, new_name);
	if (from == NULL)
		return -ENOENT;
	if ((flags & RENAME_EXCHANGE) != 0) {
		if (to == NULL)
			return -ENOENT;
		exchange(old_dir, from, new_dir, to);
		return 0;
	}
	const u32 owner = from->index.inode->uid;
	int err = to == NULL ? check_room(new_dir, new_name, owner) : 0;
	if (err < 0)
		return err;
	struct tmpfs_entry *fresh = entry_alloc(new_name);
	if (fresh == NULL)
		return -ENOMEM;
	if (to == NULL) {
		move(old_dir, from, new_dir, fresh, NULL);
		return 0;
	}
	err = drop_link(to->index.inode);
	if (err < 0)
		kfree(fresh);
	else
		move(old_dir, from, new_dir, to, fresh);
	return err;
}

static int dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	inode_accessed(dir);
	const struct name_entry *n = name_index_from(&tmpfs_inode_of(dir)->names, *pos);
	for (; n != NULL; n = name_index_after(n)) {
		const struct inode *inode = n->inode;
		if (!e->emit(e, n->name, n->len, inode->number, inode->mode, n->key + 1))
			break;
		*pos = n->key + 1;
	}
	return 0;
}
