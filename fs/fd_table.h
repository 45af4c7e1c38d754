/* SPDX-License-Identifier: MIT */
/*
 * Tables of descriptors, which name open files. A table belongs to a process (or several, with
 * CLONE_FILES) and is covered by its own spinlock. Only a task that uses it changes it; others,
 * in /proc, look.
 */
#pragma once

#include "fs/file.h"

#define FD_FIRST_SLOTS 32

struct fd_slot {
	struct file *file; /* counted; NULL: free or reserved */
	bool cloexec;
	bool is_reserved; /* somebody has the number and no file yet: for all others it is closed */
};

struct fd_table {
	struct refcount refs; /* atomic */
	/* More than one task has used it at a time. Set by the one that shares it, and for good: so
	 * it does not change while a call is under way. */
	bool was_shared;

	/* under lock; a task whose table is not shared reads without */
	struct spinlock lock;
	u32 size;        /* slots there is room for */
	u32 end;         /* <= size: the slots before it have a value */
	u32 own_end;     /* the same while the table was not shared, then 0: fd_find_own() */
	u32 lowest_free; /* may be == end */
	struct fd_slot *slots;
	struct fd_slot first[FD_FIRST_SLOTS];
};

int fd_table_init(void);                                /* once; 0 or -ENOMEM */
struct fd_table *fd_table_create(void);                 /* NULL: no memory */
struct fd_table *fd_table_clone(struct fd_table *from); /* fork; NULL: no memory */
void fd_table_get(struct fd_table *t);                  /* for somebody who only looks (/proc) */
void fd_table_share(struct fd_table *t); /* for a task that uses it like its own (CLONE_FILES) */
/* May another task use it like its own? Of one that was never shared only /proc has references. */
bool fd_table_is_shared(const struct fd_table *t);
void fd_table_put(struct fd_table *t); /* the last put closes all */
void fd_table_close_on_exec(struct fd_table *t);
/* Files that a call found by it must be counted. */
static inline bool fd_table_was_shared(const struct fd_table *t)
{
	return unlikely(READ_ONCE(t->was_shared));
}
struct file *fd_lookup(struct fd_table *t, int fd); /* counted; NULL: EBADF */
/* What @fd names in the table @t of the task, if it is nobody else's. NULL: nothing, or it is. */
static inline struct file *fd_find_own(struct fd_table *t, int fd)
{
	return (u32)fd < READ_ONCE(t->own_end) ? t->slots[(u32)fd].file : NULL;
}
struct file *fd_borrow_shared(struct fd_table *t, int fd); /* the rest of the next */
/*
 * The same for the length of a system call by a task whose table @t is: then fd_done(). Nobody else
 * can close a descriptor of a table that is not shared, and the call itself does not, so it keeps
 * the file. Other calls of fd_lookup() may come between.
 */
static inline struct file *fd_borrow(struct fd_table *t, int fd)
{
	struct file *f = fd_find_own(t, fd);
	return likely(f != NULL) ? f : fd_borrow_shared(t, fd);
}
void fd_put_shared(struct file *f); /* of the one below */
static inline void fd_done(struct fd_table *t, struct file *f)
{
	if (fd_table_was_shared(t))
		fd_put_shared(f);
}
/* Lowest free descriptor >= @min naming @f, whose reference is consumed, also on an error. @limit:
 * RLIMIT_NOFILE. The number, -EMFILE, -ENOMEM. May sleep. */
s64 fd_install(struct fd_table *t, struct file *f, int min, bool cloexec, u64 limit);
/*
 * The lowest free descriptor, for a file to come: nobody else gets it, and till then it is closed
 * for all. The number, -EMFILE, -ENOMEM. Then one of the two below, which cannot fail.
 */
int fd_reserve(struct fd_table *t, u64 limit);
/* It names @f from now on; the reference is consumed. */
void fd_install_reserved(struct fd_table *t, int fd, struct file *f, bool cloexec);
void fd_release(struct fd_table *t, int fd); /* it is free again */
s64 fd_close(struct fd_table *t, int fd);    /* 0 or -EBADF. May sleep */
/* dup3: @fd names @f from now on (reference consumed on success), closing what it named. @fd,
 * -EBADF, -ENOMEM, -EBUSY (it is reserved, by another thread). */
int fd_replace(struct fd_table *t, int fd, struct file *f, bool cloexec, u64 limit);
int fd_get_cloexec(struct fd_table *t, int fd);               /* 0, 1, -EBADF */
int fd_set_cloexec(struct fd_table *t, int fd, bool cloexec); /* 0, -EBADF */
/* close_range: close, or mark close-on-exec, all from @first to @last. */
void fd_close_range(struct fd_table *t, u32 first, u32 last, bool only_mark);
/* The lowest open descriptor >= @fd, or -1: for /proc/N/fd. */
int fd_next(struct fd_table *t, int fd);
