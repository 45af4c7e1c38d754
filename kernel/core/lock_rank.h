/* SPDX-License-Identifier: MIT */
/*
 * The lock order of the whole kernel, outermost first. A lock may be taken while holding only locks
 * of lower rank (two of one rank only where the line says how they are ordered). Debug builds check
 * every acquisition and name both locks and both places.
 *
 * Sleeping locks (struct mutex) come before spinning ones; from RANK_IRQ_FIRST on, interrupt
 * handlers take the lock too, so it is always taken with interrupts off.
 */
#pragma once

#include "kernel/core/printk.h"
#include "lib/compiler.h"
#include "lib/types.h"

enum lock_rank {
	/* sleeping */
	RANK_MOUNTING = 1, /* fs/mount.c: one mount or unmount at a time, and whole trees that go */
	RANK_RENAME,       /* fs/path.c: one rename of directories at a time, before them */
	RANK_DIRECTORY,    /* inode->lock of a directory: names; parent before child */
	RANK_FILE_OFFSET,  /* file->lock: the offset, held across the whole read or write */
	RANK_INODE,        /* inode->lock of a file: size and content, held across usercopy */
	RANK_PIPE,         /* held across usercopy */
	RANK_ASPACE,       /* aspace->lock; any usercopy may take it, so all above are outside it */
	/* spinning, interrupts on */
	RANK_PROCESS_TREE, /* parents, children, groups, sessions, the pid table */
	RANK_SIGNAL,    /* a process' handlers and pending signals: looked at with the tree held */
	RANK_FD_TABLE,  /* which file a descriptor names; files are put after it is released */
	RANK_SOCKET,    /* all sockets' links, queues and names; wakes sleepers */
	RANK_MOUNTS,    /* names, what is mounted where: a walk takes its own hart's (brlock.h) */
	RANK_OBJECT,    /* vm_object: its pages and the regions that map it */
	RANK_TABLE,     /* contents of a shared page table, inside the space's lock; never two */
	RANK_LDISC,     /* a terminal's line being edited; its echo goes to the port */
	RANK_DEVICE,    /* registries of drivers and procfs entries */
	RANK_FILE_LOCK, /* who has locked which part of a file; only wait queues inside */
	RANK_FUTEX,     /* a bucket of sleepers; only run queues inside, to wake them */
	/* spinning, interrupts off */
	RANK_IRQ_FIRST,
	RANK_WORK = RANK_IRQ_FIRST, /* queues of deferred work, filled from interrupts */
	RANK_IRQ_TABLE,             /* who handles which line; not taken to handle one */
	RANK_WAITQ,                 /* sleepers; under every lock that guards a condition */
	RANK_TIMER,                 /* a hart's timers; not held while one fires */
	RANK_RUNQUEUE, /* a hart's ready threads, and the state of all at home there; never two */
	RANK_KMAP,     /* kernel mappings; allocates frames */
	RANK_SLAB,     /* a cache; takes frames while held */
	RANK_PMM,      /* free lists and page map: nothing below it but the log */
	RANK_PRINTK,   /* anybody may print, so all that printing takes is innermost */
	RANK_CONSOLE,  /* what the console has not shown yet */
	RANK_SERIAL,   /* a serial port's rings and registers: the console's text goes there */
	RANK_COUNT,
};

/* The first rank that is a spinlock's; all before it are mutexes'. */
#define RANK_SPIN_FIRST RANK_PROCESS_TREE

/* For messages: "run queue". */
const char *lock_rank_name(enum lock_rank rank);
/* May a second lock of this rank be taken while one is held? Only where the line above says so. */
static inline bool lock_rank_allows_two(enum lock_rank rank)
{
	return rank == RANK_DIRECTORY;
}

#ifdef CONFIG_DEBUG_LOCKS
/* What is held and where it was taken: a list per hart for spinlocks, one per thread for mutexes.
 */
#define HELD_LOCKS_MAX 12

struct held_lock {
	const void *lock;
	const char *name;
	enum lock_rank rank;
	const void *taken_at;
};

/* Only its hart with interrupts off, or only its thread. */
struct held_locks {
	u32 count;
	struct held_lock list[HELD_LOCKS_MAX];
};

/* Panic, naming both locks and both places, if taking this lock now breaks the order above. */
void held_locks_check(const struct held_locks *held, const void *lock, const char *name,
		      enum lock_rank rank, const void *at);
void held_locks_push(struct held_locks *held, const void *lock, const char *name,
		     enum lock_rank rank, const void *at);
/* False if it is not there: released by who does not hold it. */
__must_check bool held_locks_remove(struct held_locks *held, const void *lock);
bool held_locks_contain(const struct held_locks *held, const void *lock);
/* The first of rank @rank or later, NULL: none. */
const struct held_lock *held_locks_find_from(const struct held_locks *held, enum lock_rank rank);
/* A line for each, for reports. */
void held_locks_print(const struct held_locks *held, enum log_level level);
#endif
