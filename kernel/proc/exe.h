/* SPDX-License-Identifier: MIT */
/* The program that processes execute: made by exec, shared by fork. */
#pragma once

#include "lib/compiler.h"
#include "lib/refcount.h"

struct inode;

struct exe {
	struct refcount refs; /* atomic: one for each process */

	/* set once at creation */
	struct inode *inode; /* counted; nobody may write it (inode_deny_write()) */
	char path[];         /* by which it was found, with its NUL */
};

/* Of @inode, which the caller keeps from being written. One reference. NULL: no memory. */
struct exe *exe_create(struct inode *inode, const char *path) __must_check;
static inline void exe_get(struct exe *e)
{
	refcount_get(&e->refs);
}
/* The last put lets the file be written again. NULL is welcome. Context: may sleep. */
void exe_put(struct exe *e);
