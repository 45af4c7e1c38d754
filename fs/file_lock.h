/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks on files: flock's on whole files, fcntl's on ranges of bytes. Both kinds live side
 * by side and take no notice of each other.
 *
 * The owner of a lock is an address that is compared and never followed: a table of descriptors for
 * fcntl's record locks, an open file for flock's and for fcntl's OFD locks. Whoever ends an owner,
 * or closes a descriptor of it, drops its locks: fs/fd_table.c, fs/file.c.
 */
#pragma once

#include "fs/inode.h"
#include "lib/types.h"

struct seq;

#define FILE_LOCK_LAST_MAX ((u64)INT64_MAX) /* "to the end, wherever that may be" */

struct file_lock_range {
	const void *owner;
	u32 pid;         /* who is told to others as the holder; 0: nobody, an OFD lock */
	bool is_flock;   /* of the one kind or the other */
	u32 type;        /* F_RDLCK, F_WRLCK, F_UNLCK */
	u64 first, last; /* bytes */
};

/* What to do if somebody else's lock is in the way. */
enum file_lock_wait {
	FILE_LOCK_TRY,            /* -EAGAIN */
	FILE_LOCK_WAIT,           /* sleep */
	FILE_LOCK_WAIT_OR_DEADLK, /* sleep, but not for one who waits, perhaps by way of others, for
				     us */
};

/*
 * @want holds from now on, instead of what its owner held there. F_UNLCK is granted at once.
 * Context: may sleep.
 * Returns: 0; -EAGAIN; -EINTR; -EDEADLK; -ENOLCK (no memory, or too many on this file).
 */
int file_lock_set(struct inode *inode, const struct file_lock_range *want,
		  enum file_lock_wait wait);
/* The first lock in the way of @want, into *@found. False: none. */
bool file_lock_find(struct inode *inode, const struct file_lock_range *want,
		    struct file_lock_range *found);
void file_lock_drop_some(struct inode *inode, const void *owner);
/*
 * All that @owner holds on @inode, which may be NULL. Files nobody locks are closed all the time:
 * those without the lock. What @owner holds cannot be missed, since only its own calls add to it.
 */
static inline void file_lock_drop(struct inode *inode, const void *owner)
{
	if (inode != NULL && !list_is_empty(&inode->locks))
		file_lock_drop_some(inode, owner);
}

/* All locks and who waits for them: the text of /proc/locks. */
int file_locks_show(struct seq *s);

/* Memory for locks. Once. 0 or -ENOMEM. */
int file_lock_init(void);
