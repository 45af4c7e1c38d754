/* SPDX-License-Identifier: MIT */
/*
 * Walking a path, for fs/path*.c: directory by directory, links followed, down to the directory
 *that holds the last component. What is done about that one (find, open, create, remove) is the
 *caller's.
 *
 *	struct walk w;
 *	int err = walk_begin(&w, ctx, start, path);
 *	if (err == 0) { … w.dir, w.name, w.len, w.kind … }
 *	walk_end(&w);
 */
#pragma once

#include "fs/path.h"

enum last_kind {
	LAST_NAME,
	LAST_DOT,
	LAST_DOTDOT,
	LAST_ROOT,  /* "/" and nothing else: w.dir itself */
	LAST_FOUND, /* a link led straight to w.dir, which need not be a directory */
};

struct walk {
	const struct path_ctx *ctx;
	struct inode *dir; /* counted */
	const char *name;  /* the last component, not terminated */
	size_t len;
	bool has_slash; /* something like "name/" was written: it must be a directory */
	enum last_kind kind;
	unsigned int links; /* followed so far */
	char *text;         /* kmalloc'd: the path since the last link; NULL: still the caller's */
};

/* Up to the last component. -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -ENOMEM. */
int walk_begin(struct walk *w, const struct path_ctx *ctx, struct inode *start, const char *path);
/* The last component is @link, to be followed: on to the last component of where it leads. */
int walk_follow_last(struct walk *w, struct inode *link);
/* After any of these, also after an error. */
void walk_end(struct walk *w);

/* May names be looked up in @dir? 0, -ENOTDIR, -EACCES. */
int walk_check_search(const struct walk *w, const struct inode *dir);
/* What w.name names in w.dir, which is not locked; links are not followed, mounts not crossed.
 * Counted. */
int walk_lookup_name(struct walk *w, struct inode **out);
/* The inode if the kind is not LAST_NAME: counted. */
int walk_lookup_special(struct walk *w, struct inode **out);
