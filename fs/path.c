/* SPDX-License-Identifier: MIT */
/*
 * Walking paths, and lookup, the simplest thing to do at the end of one.
 *
 * No directory is locked for longer than one lookup in it; what is held between two is a reference.
 * A link's text replaces the part of the path before it, so there is no recursion and one buffer at
 * most.
 */
#include "fs/path.h"

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

static int lookup_in(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	mutex_lock(&dir->lock);
	const int err = dir->ops->lookup(dir, name, len, out);
	mutex_unlock(&dir->lock);
	return err;
}

int walk_lookup_name(struct walk *w, struct inode **out)
{
	const int err = walk_check_search(w, w->dir);
	return err < 0 ? err : lookup_in(w->dir, w->name, w->len, out);
}

int walk_lookup_special(struct walk *w, struct inode **out)
{
	int err = 0;
	if (w->kind == LAST_DOT || w->kind == LAST_DOTDOT)
		err = walk_check_search(w, w->dir);
	if (err < 0)
		return err;
	if (w->kind == LAST_DOTDOT) {
		*out = tree_lookup_parent(w->dir, w->ctx->root);
		return 0;
	}
	inode_get(w->dir);
	*out = w->dir;
	return 0;
}

/* w->dir becomes @inode, whose reference is taken over. */
static void step_to(struct walk *w, struct inode *inode)
{
	inode_put(w->dir);
	w->dir = inode;
}

/*
 * Replace the path by @link's text and @rest behind it, beginning where the text says. @rest may
 * point into the present text. On success *@path is the new path.
 */
static int splice_link(struct walk *w, struct inode *link, const char *rest, const char **path)
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
	kfree(w->text);
	w->text = text;
	*path = text;
	if (*text == '/') {
		inode_get(w->ctx->root);
		step_to(w, w->ctx->root);
	}
	return 0;
}

/* Go where @link leads. *@path: what comes behind the link; afterwards what is left to walk. */
static int follow_link(struct walk *w, struct inode *link, const char **path)
{
	if (++w->links > SYMLINK_DEPTH_MAX)
		return -ELOOP;
	if (link->ops->follow != NULL) {
		struct inode *target;
		const int err = link->ops->follow(link, &target);
		if (err == 0)
			step_to(w, target);
		if (err != -ENOLINK)
			return err;
	}
	return splice_link(w, link, *path, path);
}

static enum last_kind kind_of(const char *name, size_t len)
{
	if (name[0] != '.' || len > 2)
		return LAST_NAME;
	if (len == 1)
		return LAST_DOT;
	return name[1] == '.' ? LAST_DOTDOT : LAST_NAME;
}

/* Pass through the component in w->name, which is not the last. *@path as in follow_link(). */
static int pass_component(struct walk *w, const char **path)
{
	const int err = walk_check_search(w, w->dir);
	if (err < 0 || w->kind == LAST_DOT)
		return err;
	if (w->kind == LAST_DOTDOT) {
		step_to(w, tree_lookup_parent(w->dir, w->ctx->root));
		return 0;
	}
	struct inode *child;
	const int missing = lookup_in(w->dir, w->name, w->len, &child);
	if (missing < 0)
		return missing;
	if (!S_ISLNK(child->mode)) {
		step_to(w, tree_cross_mounts(child));
		return 0;
	}
	const int result = follow_link(w, child, path);
	inode_put(child);
	return result;
}

/* Walk @path from w->dir to its last component. */
static int walk_on(struct walk *w, const char *path)
{
	for (;;) {
		while (*path == '/')
			path++;
		if (*path == '\0') {
			/* Nothing but slashes, or a link that led to its object was last. */
			w->kind = w->kind == LAST_FOUND ? LAST_FOUND : LAST_ROOT;
			return 0;
		}
		w->name = path;
		while (*path != '\0' && *path != '/')
			path++;
		w->len = (size_t)(path - w->name);
		if (w->len > NAME_MAX_BYTES)
			return -ENAMETOOLONG;
		w->kind = kind_of(w->name, w->len);
		w->has_slash = *path == '/';
		while (*path == '/')
			path++;
		if (*path == '\0')
			return 0;
		const int err = pass_component(w, &path);
		if (err < 0)
			return err;
	}
}

int walk_begin(struct walk *w, const struct path_ctx *ctx, struct inode *start, const char *path)
{
	*w = (struct walk){ .ctx = ctx, .kind = LAST_ROOT };
	if (*path == '\0')
		return -ENOENT;
	if (*path == '/')
		start = ctx->root;
	else if (start == NULL)
		start = ctx->cwd;
	inode_get(start);
	w->dir = start;
	return walk_on(w, path);
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
	const char *path = w->has_slash ? "/" : "";
	if (!may_follow_last(w, link))
		return -EACCES;
	const int err = follow_link(w, link, &path);
	if (err < 0)
		return err;
	w->kind = LAST_FOUND;
	return walk_on(w, path);
}

void walk_end(struct walk *w)
{
	inode_put(w->dir);
	kfree(w->text);
}

int path_lookup(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
		struct inode **out)
{
	struct walk w;
	struct inode *inode = NULL;
	int err = walk_begin(&w, ctx, start, path);
	while (err == 0 && w.kind == LAST_NAME) {
		err = walk_lookup_name(&w, &inode);
		if (err < 0)
			break;
		if (!S_ISLNK(inode->mode) || !(follow_last || w.has_slash)) {
			inode = tree_cross_mounts(inode);
			break;
		}
		err = walk_follow_last(&w, inode);
		inode_put(inode);
		inode = NULL;
	}
	if (err == 0 && inode == NULL)
		err = walk_lookup_special(&w, &inode);
	if (err == 0 && w.has_slash && !inode_is_dir(inode)) {
		inode_put(inode);
		err = -ENOTDIR;
	}
	if (err == 0)
		*out = inode;
	walk_end(&w);
	return err;
}

ssize_t path_of_directory(const struct path_ctx *ctx, struct inode *dir, char *buf, size_t size)
{
	return tree_path(ctx->root, dir, buf, size);
}
