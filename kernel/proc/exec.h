/* SPDX-License-Identifier: MIT */
/* execve: another program in the running process. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct exec_args;
struct file;
struct inode;

struct exec_request {
	const char *path;    /* where the program is; borrowed */
	struct inode *start; /* a relative path begins here; NULL = working directory */
	struct file *file;   /* not NULL: this file instead, borrowed (AT_EMPTY_PATH) */
	const char *name;    /* for AT_EXECFN and the process' name; usually the path */
	size_t name_len;     /* without its NUL */
	bool name_is_lost;   /* exec closes its descriptor: no script's interpreter can use it */
	bool follow_last;    /* false: a symbolic link is -ELOOP (AT_SYMLINK_NOFOLLOW) */
};

/* Once, before the first exec. Panics without memory. */
void exec_init(void);

/*
 * Become the program of @request. @args is filled in; `#!` lines change it; the caller gives it
 * back. Context: own thread of a process (which may have no memory yet: PID 1), no lock held; may
 * sleep. Returns 0: the thread's user frame says where the program begins; or, with everything as
 * it was, Linux's errno: -ENOENT -EACCES -ENOEXEC -ELOOP -E2BIG -ENOMEM -EIO …
 */
int process_exec(const struct exec_request *request, struct exec_args *args) __must_check;
