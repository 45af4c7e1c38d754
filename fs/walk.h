/* SPDX-License-Identifier: MIT */
/*
 * Walking a path, for fs/path*.c: directory by directory, links followed, down to the directory
 * that holds the last component. What is done about that one (find, open, create, remove) is the
 * caller's.
 *
 *	struct walk w;
 *	int err = walk_begin(&w, ctx, start, path);
 *	if (err == 0) { … w.dir, w.name, w.kind … }
 *	walk_end(&w);
 *
 * From begin to end the tree is locked for reading (fs/tree.h), so that nothing on the way need be
 * counted. For what may sleep, or is to change the tree, the walk is paused: nothing is locked, and
 * w.dir counted. It may go on on another hart, with that one's lock.
 */
#pragma once

#include "fs/name.h"
#include "fs/path.h"
#include "fs/tree.h"

enum last_kind {
	LAST_NAME,
	LAST_DOT,
	LAST_DOTDOT,
	LAST_ROOT,  /* "/" and nothing else: w.dir itself */
	LAST_FOUND, /* a link led straight to w.dir, which need not be a directory */
};

struct walk {
	const struct path_ctx *ctx;
	struct inode *dir;
	const char *rest; /* of the path, behind name and the slashes there */
	struct name name; /* the last component */
	bool has_slash;   /* something like "name/" was written: it must be a directory */
	u8 links;         /* followed so far */
	enum last_kind kind;
	char *text; /* kmalloc'd: the path since the last link; NULL: still the caller's */
	/* What name was found to name at first sight; NULL: it is to be looked for. Not counted. */
	struct inode *seen;
	/* Of what was found by it: the text it has that name in, which is inode->name if it hangs
	 * in the tree by it. */
	const char *found_name;
	/* Counted, or NULL: where the last pause was, and what was found then. What the tree alone
	 * does not keep hangs on these. The others are NULL if there was no pause. */
	struct inode *paused_at, *found;
	struct spinlock *held; /* of the tree's, this hart's; NULL: the walk is paused */
};

/*
 * Up to the last component. -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -ENOMEM.
 * Locks: the tree's is taken for reading, for good or ill, until walk_pause() or walk_end().
 */
int walk_begin(struct walk *w, const struct path_ctx *ctx, struct inode *start, const char *path);
/* The same, and paused, also after an error. */
int walk_begin_paused(struct walk *w, const struct path_ctx *ctx, struct inode *start,
		      const char *path);
void walk_pause(struct walk *w);
/* Go on; @found, counted or NULL, is the walk's from now on, and stays until it is paused again. */
void walk_resume(struct walk *w, struct inode *found);
/* The last component is @link, to be followed: on to the last component of where it leads. */
int walk_follow_last(struct walk *w, struct inode *link);
void walk_put(struct walk *w);
/* After any of these, also after an error. Context: may sleep. */
static inline void walk_end(struct walk *w)
{
	if (likely(w->held != NULL))
		br_read_unlock(w->held);
	if (unlikely(w->paused_at != NULL))
		walk_put(w);
}

/* May names be looked up in @dir? 0, -ENOTDIR, -EACCES. */
int walk_check_search(const struct walk *w, const struct inode *dir);
/* What w.name names in w.dir, or what is mounted there; links are not followed. Not counted. */
int walk_look_for_name(struct walk *w, struct inode **out);
static inline int walk_find_name(struct walk *w, struct inode **out)
{
	if (unlikely(w->seen == NULL))
		return walk_look_for_name(w, out);
	*out = w->seen;
	return 0;
}
/* The inode if the kind is not LAST_NAME: not counted. */
struct inode *walk_find_special(const struct walk *w);
