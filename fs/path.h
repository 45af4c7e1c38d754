/* SPDX-License-Identifier: MIT */
/*
 * Names to inodes. fs knows no processes: whoever looks up says from where and with whose rights.
 */
#pragma once

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/name.h"

struct path_ctx {
	struct inode *root, *cwd; /* borrowed from the caller for the call */
	const struct cred *cred;
	u32 umask;
};

#define PATH_MAX_BYTES    4096
#define SYMLINK_DEPTH_MAX 40

/* @start: where a relative path begins (openat); NULL = cwd. Returns 0 and a counted inode, or
 * Linux's errno. */
int path_lookup(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
		struct inode **out);
/* The same, but what is known of it: so it need not be counted. */
int path_stat(const struct path_ctx *ctx, struct inode *start, const char *path, bool follow_last,
	      struct kstat *out);
/* Open or create: O_* flags, mode before umask. */
int path_open(const struct path_ctx *ctx, struct inode *start, const char *path, u32 flags,
	      u32 mode, struct file **out);
int path_create(const struct path_ctx *ctx, struct inode *start, const char *path, u32 mode,
		u64 rdev);
/* The same, and the new inode, counted. */
int path_create_inode(const struct path_ctx *ctx, struct inode *start, const char *path, u32 mode,
		      u64 rdev, struct inode **made);
int path_symlink(const struct path_ctx *ctx, const char *target, struct inode *start,
		 const char *path);
int path_link(const struct path_ctx *ctx, struct inode *from, struct inode *start,
	      const char *path);
int path_unlink(const struct path_ctx *ctx, struct inode *start, const char *path,
		bool want_directory);
int path_rename(const struct path_ctx *ctx, struct inode *old_start, const char *old_path,
		struct inode *new_start, const char *new_path, u32 flags);
/* Absolute path of a directory, for getcwd: length with NUL, -ERANGE, -ENOENT if it was removed. */
ssize_t path_of_directory(const struct path_ctx *ctx, struct inode *dir, char *buf, size_t size);
