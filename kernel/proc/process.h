/* SPDX-License-Identifier: MIT */
/*
 * Processes: what owns resources that its threads share. What each thread has for itself is
 * struct task (task.h).
 *
 * Life: process_create() (half-built, known to its builder only) -> process_publish() (in the tree,
 * under its pid) -> its last thread exits (ZOMBIE) -> process_reap_locked() by wait4, or at once ->
 * the last process_put() frees it.
 *
 * The tree holds one reference while the process is published, running threads live on it until
 * it has become a zombie, and whoever keeps a pointer over an unlocked moment takes one
 * (process_lookup()).
 *
 * Locks: process_tree_lock (RANK_PROCESS_TREE) covers the tree, groups, sessions and the pid table;
 * process->signals.lock (RANK_SIGNAL) what signals need and the pointers other processes may look
 * at. Neither is taken in interrupt context.
 *
 * Invariant: a parent is published and no zombie. Whoever becomes a zombie hands its children to
 * PID 1 in the same critical section. PID 1 has no parent.
 */
#pragma once

#include "kernel/core/spinlock.h"
#include "fs/path.h"
#include "kernel/proc/cpu_timer.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/task.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/resource.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "mm/vmm/aspace.h"

struct fd_table;
struct file;
struct tty;

#define PID_INIT 1
#define PID_MAX  32768 /* exclusive, as /proc/sys/kernel/pid_max says */

enum process_state { PROCESS_ALIVE, PROCESS_STOPPED, PROCESS_ZOMBIE };

struct rlimit64 {
	u64 soft, hard;
};
#define RLIMITS 16

/* What tasks have used. */
struct task_usage {
	nsec_t user, kernel;
	u64 switches_voluntary, switches_forced;
};

struct process {
	/* set once: at publication */
	u32 pid;

	struct refcount refs; /* atomic */

	/* changed under process_tree_lock and signals.lock, read under either */
	struct list tasks;   /* struct task.node: those alive, and the leader in any case, first */
	struct task *leader; /* whose number is the pid; dead, perhaps, while others live */
	u32 live_count;      /* tasks that are not dead */

	/* under process_tree_lock */
	struct process *parent;
	u32 parent_pid;       /* 0: none. Its own threads read it without the lock */
	struct list children; /* struct process.sibling */
	struct list sibling;
	struct list group_node; /* see process_set_group_locked() */
	struct list session_node;
	u32 pgid, sid;
	bool is_published; /* in the tree */
	enum process_state state;
	const struct task *parent_task; /* of the parent, which made it; only compared */
	u32 stop_status;         /* what wait4(WUNTRACED/WCONTINUED) has to report, 0 = nothing */
	u32 parent_death_signal; /* PR_SET_PDEATHSIG; 0 = none */
	u32 exit_signal; /* sent to the parent at exit; 0 = none. SIGCHLD but for odd clones */
	struct waitq child_wait; /* wait4 of this process */
	bool is_session_leader;
	bool has_execed; /* setpgid by the parent is refused after exec */
	struct tty *tty; /* controlling terminal of the session */
	nsec_t children_user_time, children_kernel_time; /* of reaped children */
	u64 children_resident_peak; /* pages: the most one of them, and theirs, ever had */
	struct task_usage gone;     /* of its own tasks that are no more */

	/*
	 * Written under signals.lock, NULL once all have exited; others read under it. The process'
	 * own threads read aspace and exe without: only exec changes them, when no other
	 * thread is left. root and cwd they reach through task_paths().
	 */
	struct aspace *aspace;
	struct inode *root, *cwd;
	struct file *exe; /* O_PATH; nobody may write it: inode_deny_write() */

	u64 resident_peak; /* under signals.lock: pages, of memory it has no more (exec, exit) */

	struct file *strace; /* under signals.lock: where its calls are written to; NULL: nowhere */

	/* written under signals.lock; read without: exit_status once it is decided */
	bool is_exiting;      /* exit_status is decided, and all tasks are on their way out */
	u32 exit_status;      /* as wait4 reports it */
	struct task *execing; /* it waits for the end of all others; NULL: nobody */

	/* atomic words */
	u32 umask;
	enum fork_mode fork_mode;

	/* of a vfork child: under vfork_wait's protocol (wake after the flag) */
	struct waitq vfork_wait; /* the parent of a vfork child sleeps here */
	bool vfork_done;         /* atomic: the child no longer uses the parent's memory */

	/* from here on process_create() sets nothing but signals */

	struct cpu_timers cpu_timers; /* under process_tree_lock, but for their clock */

	/* written under signals.lock; read without, a word at a time */
	struct rlimit64 limits[RLIMITS];

	struct signal_state signals;
};

extern struct spinlock process_tree_lock;
/* PID 1. NULL before process_start_init(). Never freed while a process runs. */
extern struct process *process_init_process;

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

/* Once, before everything else here: caches, tables. Panics without memory. */
void process_init(void);

/*
 * A process that nobody knows yet: every field set but timers and limits, which are its builder's,
 * resources NULL, not in the tree. One reference, whose put undoes whatever its builder has put in
 * by then. NULL: no memory.
 */
struct process *process_create(void) __must_check;

/* The limits of the first process, which all others inherit. */
void process_init_limits(struct process *p);

static inline void process_get(struct process *p)
{
	refcount_get(&p->refs);
}
/* The last put destroys. NULL is welcome. Context: may sleep (the last put drops files). */
void process_put(struct process *p);

/*
 * Give @child a pid and put it into the tree below @parent (NULL: PID 1), in its group and session.
 * From here on others see it. The tree takes over the caller's reference. Returns 0; -EAGAIN: no
 * pid left; -ERESTARTNOINTR: the parent has a signal to take first, which may be one to its whole
 * group that the child would have missed.
 */
int process_publish(struct process *child, struct process *parent) __must_check;
/* Would the running task be refused another process or thread, by the number of all there are? A
 * hint that needs no lock: process_publish() decides. */
bool process_table_is_full(void);
/*
 * Let @t, which is not the first, join the running process: a number, the table of numbers, the
 * list. Returns as process_publish().
 */
int task_publish(struct task *t) __must_check;
/* The dead @t leaves the table of numbers and its process, which keeps what it used. Not the
 * leader. Caller holds process_tree_lock and signals.lock. */
void task_remove_locked(struct task *t);
/* exec: the running task, the only one alive, becomes the leader. The old one, for the caller to
 * destroy; NULL: it is the leader. Caller holds process_tree_lock and signals.lock. */
struct task *task_become_leader_locked(void) __must_check;
/*
 * Take a zombie out of the tree; its pid is free again. The caller inherits the tree's reference
 * and puts it once it has let go of the lock. Caller holds process_tree_lock.
 */
void process_reap_locked(struct process *p);
/* After the last fork: process_publish() refuses everybody. For shutdown. */
void process_refuse_new(void);

/* Counted, NULL if there is none. Zombies are found. */
struct process *process_lookup(u32 pid);
/* Borrowed under process_tree_lock, which the caller holds. Any task; the leader's for a pid. */
struct task *task_find_locked(u32 tid);
/* The one with the lowest number >= @number; NULL: no more. */
struct task *task_at_or_after_locked(u32 number);
/* The same, of a process. */
struct process *process_find_locked(u32 pid);
/* The lowest pid >= @pid, borrowed under process_tree_lock; NULL: no more. Start with 1. */
struct process *process_next_locked(u32 pid);

/*
 * Members of a group or session, zombies included: a hash chain each, so the visitor compares.
 *	process_for_each_in_group(p, pgid) { … }
 * Caller holds process_tree_lock.
 */
struct list *process_group_chain(u32 pgid);
struct list *process_session_chain(u32 sid);
#define process_for_each_in_group(p, id)                                      \
	list_for_each(p, process_group_chain(id), struct process, group_node) \
		if (p->pgid == (id))
#define process_for_each_in_session(p, id)                                        \
	list_for_each(p, process_session_chain(id), struct process, session_node) \
		if (p->sid == (id))
/* Move @p. Caller holds process_tree_lock. A pid is not given away while a group or session bears
 * it. */
void process_set_group_locked(struct process *p, u32 pgid);
void process_set_session_locked(struct process *p, u32 sid);

/* The task after @t in its process; NULL: no more. Under either lock. */
struct task *task_next(const struct task *t);

/*
 * Rights and name of @p's leader. Who only has a reference to @p asks here, since exec may replace
 * the leader, and its record with it, at any time. Not under signals.lock.
 */
struct cred process_cred(struct process *p);
void process_name(struct process *p, char name[THREAD_NAME_BYTES]);

/* May the running task see @p's links, descriptors and memory? Other people's are theirs. Caller
 * holds signals.lock, and keeps it until it has them: exec may change the answer. */
bool process_may_be_looked_at_locked(const struct process *p);
/* Counted, NULL once it has exited. Any process. */
struct aspace *process_aspace_lookup(struct process *p);
/* The same, and NULL if the running task may not look at it. */
struct aspace *process_aspace_look_at(struct process *p);
struct fd_table *process_files_lookup(struct process *p);
enum process_inode { PROCESS_CWD, PROCESS_ROOT, PROCESS_EXE };
/* NULL as well for one that it has not. */
struct inode *process_inode_lookup(struct process *p, enum process_inode which);
/* The rest of task_paths() when they have changed. */
void task_renew_places(struct task *t);
/*
 * Root, working directory and rights of the running thread. What they name stays until the thread
 * asks again, or ends, whatever other threads do meanwhile (chdir, chroot).
 */
static inline struct path_ctx task_paths(void)
{
	struct task *t = task_current();
	const struct process *p = t->process;
	/* Without the lock: what another thread changed before we could know of it shows here. */
	if (unlikely(READ_ONCE(p->root) != t->root || READ_ONCE(p->cwd) != t->cwd))
		task_renew_places(t);
	return (struct path_ctx){ .root = t->root,
				  .cwd = t->cwd,
				  .cred = &t->cred,
				  .umask = READ_ONCE(p->umask) };
}
/* chdir, chroot: the running process takes over the caller's reference and puts the old one. */
void process_set_inode(enum process_inode which, struct inode *inode);
/* @exe is one process less's: its file may be written again. NULL is welcome. Context: may sleep.
 */
void process_put_exe(struct file *exe);

/* What all its tasks have used so far. Caller holds process_tree_lock. */
void process_usage_locked(const struct process *p, struct task_usage *out);
/* What one has used. Racy while it runs. */
void task_usage(const struct task *t, struct task_usage *out);

/*
 * True if no member of @pgid, @ignored left aside, has a parent in another group of the same
 * session: then nobody is left to continue it when it stops. Caller holds process_tree_lock.
 */
bool process_group_is_orphaned_locked(u32 pgid, const struct process *ignored);

/* How fork copies memory for the running process and its future children. */
void process_set_fork_mode(enum fork_mode mode);

/* Published processes, zombies included. Racy. */
u32 process_count(void);
/* How many tasks there may be in all. */
u32 process_task_limit(void);
/* The pid given last, for /proc/loadavg; forks ever, for /proc/stat. Racy. */
u32 process_last_pid(void);
u64 process_fork_count(void);

/*
 * Create PID 1 and start init: rdinit= or /init if it is there, else init=, else /sbin/init,
 * /etc/init, /bin/init, /bin/sh. Called by kernel/main.c as the last step of boot; the caller goes
 * on.
 */
void process_start_init(void);
