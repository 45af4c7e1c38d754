/* SPDX-License-Identifier: MIT */
/*
 * Tasks: what of a process belongs to one of its threads, as in Linux. struct thread (floor 3) is
 * what the scheduler runs and knows nothing of this.
 *
 * Life: task_create() -> task_publish() or, for the first one of a process, process_publish() (it
 * has a number and can be found) -> task_exit() (dead). The leader, whose number is the process',
 * stays as long as the process; any other task is gone when it is dead. exec makes its caller the
 * leader.
 *
 * A task needs no count: others look at it under process_tree_lock or signals.lock of its process,
 * and it leaves the list and the table of numbers under both.
 */
#pragma once

#include "fs/inode.h"
#include "kernel/proc/signal.h"
#include "kernel/sched/thread.h"
#include "lib/list.h"
#include "lib/rbtree.h"

struct fd_table;
struct process;

struct task {
	/* set once at creation */
	struct process *process;
	struct thread *thread; /* counted from task_start() on, so the record outlives the thread */
	bool is_started;

	/* under process_tree_lock */
	nsec_t start_time;
	u32 tid;         /* 0 until it is published */
	u32 io_priority; /* as ioprio_set left it; no device asks for it */
	struct rb_node number_node;

	/* changed under process_tree_lock and signals.lock, read under either */
	struct list node; /* struct process.tasks */
	bool is_dead;

	/* under signals.lock of the process */
	struct pending_signals pending; /* sent to this thread */
	u64 awaited;                    /* by signal_wait(): the sender wakes signals.wait */
	bool is_closed;                 /* exits: takes no signals any more */
	bool is_killed;                 /* its process or another thread's exec wants it to end */

	/* written by the own thread under signals.lock; read by it without, by others under it */
	u64 blocked;
	struct fd_table *files; /* counted; NULL once it has exited */

	/* only the own thread */
	struct inode *root, *cwd; /* counted: what its path walks use, see task_paths() */
	u64 clear_child_tid;      /* user address, 0 = none */
	u64 set_child_tid;     /* user address it writes its number to before user mode, 0 = none */
	u64 robust_list;       /* user address, 0 = none */
	u64 saved_blocked;     /* sigsuspend, ppoll: the mask to go back to */
	bool restores_blocked; /* saved_blocked is valid */
	struct sigaltstack altstack;

	/* only the own thread writes; others read racily, for permission and /proc */
	struct cred cred;

	/* only the own thread; task_create() leaves what means nothing yet as it is */
	struct siginfo fault;         /* si_signo 0 = none */
	struct restart_block restart; /* resume NULL = none */
};

static inline struct task *task_current(void)
{
	return thread_current()->task;
}
static inline const struct cred *cred_current(void)
{
	return &task_current()->cred;
}

/* Once. Panics without memory. */
void task_init(void);
/* A task of @p that nobody knows yet. NULL: no memory. */
struct task *task_create(struct process *p) __must_check;
/* Half-built, or dead: the resources it still has, its thread, its record. May sleep if it is
 * half-built. */
void task_destroy(struct task *t);
/* Give @t the thread that will run it. */
void task_set_thread(struct task *t, struct thread *thread);
/* Let the thread of a published task run. */
void task_start(struct task *t);
/* Give the running one a descriptor table of its own. 0 or -ENOMEM. */
int task_unshare_files(void) __must_check;
