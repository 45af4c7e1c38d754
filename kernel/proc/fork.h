/* SPDX-License-Identifier: MIT */
/* clone, clone3, fork and vfork: a new process from the running one, or a thread of it. */
#pragma once

#include "lib/types.h"

struct fork_args {
	u64 flags;          /* CLONE_*, without the exit signal */
	u32 exit_signal;    /* for the parent when the child ends; 0 = none */
	uaddr_t stack;      /* the child's sp; 0: the parent's */
	uaddr_t parent_tid; /* CLONE_PARENT_SETTID */
	uaddr_t child_tid;  /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
	u64 tls;            /* CLONE_SETTLS */
};

/*
 * Context: own thread, in a system call; may sleep.
 * Returns the child's pid or the thread's number; -EINVAL for flags that are not supported;
 * -ENOMEM; -EAGAIN: no pid or too many processes; -ERESTARTNOINTR: a signal comes first.
 */
s64 process_fork(const struct fork_args *args);
