/* SPDX-License-Identifier: MIT */
/*
 * Walking paths, and lookup, the simplest thing to do at the end of one.
 *
 * The tree is locked all the way (fs/walk.h), and nothing counted, while names are in memory. A
 * directory that makes its inodes when they are looked up (/proc), and a link, are done in a pause.
 * A link's text replaces the part of the path before it, so there is no recursion and one buffer at
 * most.
 */
#include "fs/path.h"

#include "fs/name_index.h"
#include "fs/tree.h"
#include "fs/walk.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

int walk_check_search(const struct walk *w, const struct inode *dir)
{
	if (!inode_is_dir(dir) || dir->ops->lookup == NULL)
		return -ENOTDIR;
	return inode_permission(dir, w->ctx->cred, X_OK);
}

void walk_pause(struct walk *w)
{
	inode_get(w->dir);
	br_read_unlock(w->held);
	w->held = NULL;
	w->seen = NULL;
	inode_put(w->paused_at);
	w->paused_at = w->dir;
}

void walk_resume(struct walk *w, struct inode *found)
{
	inode_put(w->found);
	w->found = found;
	w->held = br_read_lock(&tree_lock);
}

/* In a directory that makes its inodes on the spot; so nothing is mounted on them. */
static __noinline int make_named(struct walk *w, struct inode **out)
{
	struct inode *dir = w->dir, *made = NULL;
	int err = walk_check_search(w, dir);
	if (err < 0)
		return err;
	walk_pause(w);
	mutex_lock(&dir->lock);
	err = dir->ops->lookup(dir, &w->name, &made);
	mutex_unlock(&dir->lock);
	walk_resume(w, made);
	if (err == 0)
		w->found_name = made->name;
	*out = made;
	return err;
}

int walk_look_for_name(struct walk *w, struct inode **out)
{
	const struct inode *dir = w->dir;
	if (dir->names == NULL)
		return make_named(w, out);
	const int err = inode_permission(dir, w->ctx->cred, X_OK);
	if (err < 0)
		return err;
	const struct name_entry *e = name_index_find(dir->names, &w->name);
	if (e == NULL)
		return -ENOENT;
	w->found_name = e->name;
	*out = tree_find_top(e->inode);
	return 0;
}

struct inode *walk_find_special(const struct walk *w)
{
	return w->kind == LAST_DOTDOT ? tree_find_parent(w->dir, w->ctx->root) : w->dir;
}

static inline const char *skip_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* Replace what is left of the path by @link's text and @rest behind it. The walk is paused. */
static int splice_link(struct walk *w, struct inode *link, const char *rest)
{
	const size_t rest_size = strlen(rest) + 1;
	const size_t room = link->size_bytes != 0 ? link->size_bytes : PATH_MAX_BYTES - 1;
	char *text = kmalloc(room + 1 + rest_size);
	if (text == NULL)
		return -ENOMEM;
	const ssize_t len = link->ops->readlink(link, text, room);
	if (len <= 0) {
		kfree(text);
		return len < 0 ? (int)len : -ENOENT;
	}
	char *end = text + len;
	if (*rest != '\0' && *rest != '/')
		*end++ = '/';
	memcpy(end, rest, rest_size);
	kfree(w->text); /* @rest may have been in it */
	w->text = text;
	w->rest = skip_slashes(text);
	if (*text == '/')
		w->dir = w->ctx->root;
	return 0;
}

/* Go where @link leads, behind which comes @rest. */
static int follow_link(struct walk *w, struct inode *link, const char *rest)
{
	if (++w->links > SYMLINK_DEPTH_MAX)
		return -ELOOP;
	struct inode *target = NULL;
	inode_get(link);
	walk_pause(w);
	int err = link->ops->follow != NULL ? link->ops->follow(link, &target) : -ENOLINK;
	if (err == 0) {
		w->dir = target;
		w->rest = skip_slashes(rest);
	} else if (err == -ENOLINK) {
		err = splice_link(w, link, rest);
	}
	inode_put(link);
	walk_resume(w, target);
	return err;
}

static inline enum last_kind kind_of(const struct name *name)
{
	if (likely(name->len > 2))
		return LAST_NAME;
	if (name->last == '.')
		return LAST_DOT;
	return name->last == ('.' << 8 | '.') ? LAST_DOTDOT : LAST_NAME;
}

/* The entry of @name in @dir, if there is nothing to it; NULL says nothing. */
static inline const struct name_entry *see_name(const struct inode *dir, const struct name *name,
						bool is_root)
{
	const u32 search_all = S_IXUSR | S_IXGRP | S_IXOTH;
	if (dir->names == NULL || (!is_root && (READ_ONCE(dir->mode) & search_all) != search_all))
		return NULL;
	const struct name_entry *e = name_index_from(dir->names, name->key);
	return e != NULL && name_entry_is(e, name) ? e : NULL;
}

/*
 * From w->dir along w->rest, which is not empty, through directories that everybody may search, as
 * far as their names are in memory. It ends at the last component, or at one that needs more than a
 * look. This is most of most walks: it calls nobody, so that all is in registers.
 */
static inline void pass_directories(struct walk *w)
{
	const bool is_root = w->ctx->cred->euid == 0;
	struct inode *dir, *seen = w->dir;
	const char *end, *rest = w->rest;
	const struct name_entry *e;
	struct name name;
	do {
		dir = seen;
		name_scan(&name, rest);
		end = rest + name.len;
		rest = skip_slashes(end);
		e = see_name(dir, &name, is_root);
		seen = e != NULL ? tree_find_top(e->inode) : NULL;
	} while (seen != NULL && seen->names != NULL && *rest != '\0');
	w->dir = dir;
	w->rest = rest;
	w->name = name;
	w->has_slash = *end != '\0';
	w->seen = seen;
	w->found_name = e != NULL ? e->name : NULL;
}

/* Pass through the component in w->name, which is not the last. */
static int pass_component(struct walk *w)
{
	struct inode *next;
	if (w->kind != LAST_NAME) {
		w->dir = walk_find_special(w);
		return 0;
	}
	const int err = walk_find_name(w, &next);
	if (err < 0)
		return err;
	if (S_ISLNK(next->mode))
		return follow_link(w, next, w->rest);
	w->dir = next;
	return 0;
}

/* ".", ".." or too long a name: may it be looked for in w->dir? Other names are asked about where
 * they are looked for. */
static __noinline int check_unlikely_name(const struct walk *w)
{
	const int err = walk_check_search(w, w->dir);
	return err == 0 && w->name.len > NAME_MAX_BYTES ? -ENAMETOOLONG : err;
}

/* Walk w->rest from w->dir to its last component. */
static int walk_on(struct walk *w)
{
	while (*w->rest != '\0') {
		int err = 0;
		pass_directories(w);
		w->kind = kind_of(&w->name);
		if (unlikely(w->kind != LAST_NAME || w->name.len > NAME_MAX_BYTES))
			err = check_unlikely_name(w);
		if (likely(*w->rest == '\0') || err < 0)
			return err;
		err = pass_component(w);
		if (err < 0)
			return err;
	}
	/* Nothing but slashes, or a link that led to its object was last. */
	w->kind = w->kind == LAST_FOUND ? LAST_FOUND : LAST_ROOT;
	return 0;
}

int walk_begin(struct walk *w, const struct path_ctx *ctx, struct inode *start, const char *path)
{
	if (*path == '/')
		start = ctx->root;
	else if (start == NULL)
		start = ctx->cwd;
	*w = (struct walk){ .ctx = ctx,
			    .dir = start,
			    .rest = skip_slashes(path),
			    .kind = LAST_ROOT,
			    .held = br_read_lock(&tree_lock) };
	return *path == '\0' ? -ENOENT : walk_on(w);
}

int walk_begin_paused(struct walk *w, const struct path_ctx *ctx, struct inode *start,
		      const char *path)
{
	const int err = walk_begin(w, ctx, start, path);
	walk_pause(w);
	return err;
}

/*
 * In a directory where everybody may leave things a link leads only who left it, or whom the
 * directory belongs to left it: root would else be sent anywhere (Debian's fs.protected_symlinks).
 */
static bool may_follow_last(const struct walk *w, const struct inode *link)
{
	const u32 open_to_all = S_ISVTX | S_IWOTH;
	return w->ctx->cred->euid == link->uid || (w->dir->mode & open_to_all) != open_to_all ||
	       w->dir->uid == link->uid;
}

int walk_follow_last(struct walk *w, struct inode *link)
{
	if (!may_follow_last(w, link))
		return -EACCES;
	const int err = follow_link(w, link, w->has_slash ? "/" : "");
	if (err < 0)
		return err;
	w->kind = LAST_FOUND;
	return walk_on(w);
}

void walk_put(struct walk *w)
{
	inode_put(w->paused_at);
	inode_put(w->found);
	kfree(w->text);
}

/* What the whole path names, not counted. Between walk_begin(), which said @err, and walk_end(). */
static inline int find_last(struct walk *w, int err, bool follow_last, struct inode **out)
{
	struct inode *inode = NULL;
	while (err == 0 && w->kind == LAST_NAME) {
		err = walk_find_name(w, &inode);
		if (err < 0 || !S_ISLNK(inode->mode) || !(follow_last || w->has_slash))
			break;
		err = walk_follow_last(w, inode);
	}
	if (err == 0 && w->kind != LAST_NAME)
		inode = walk_find_special(w);
	if (err == 0 && w->has_slash && !inode_is_dir(inode))
		err = -ENOTDIR;
	*out = inode;
	return err;
}

int path_lookup(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
		struct inode **out)
{
	struct walk w;
	struct inode *inode;
	int err = walk_begin(&w, ctx, start, path);
	err = find_last(&w, err, follow_last, &inode);
	if (err == 0) {
		inode_get(inode);
		*out = inode;
	}
	walk_end(&w);
	return err;
}

int path_stat(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
	      struct kstat *out)
{
	struct walk w;
	struct inode *inode;
	int err = walk_begin(&w, ctx, start, path);
	err = find_last(&w, err, follow_last, &inode);
	if (err == 0)
		inode_stat(inode, out);
	walk_end(&w);
	return err;
}

ssize_t path_of_directory(const struct path_ctx *ctx, struct inode *dir, char *buf, size_t size)
{
	return tree_path(ctx->root, dir, buf, size);
}
