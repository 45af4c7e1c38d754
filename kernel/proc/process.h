/* SPDX-License-Identifier: MIT */
/*
 * Processes: what owns resources. A process has one thread today; struct thread points back to it.
 *
 * Life: process_create() (half-built, known to its builder only) -> process_publish() (in the tree,
 * under its pid) -> exit (ZOMBIE) -> process_reap_locked() by wait4, or at once -> the last
 * process_put() frees it.
 *
 * The tree holds one reference while the process is published, a running thread lives on it until
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

#include "fs/inode.h"
#include "kernel/core/spinlock.h"
#include "kernel/proc/signal.h"
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

#define PROCESS_GROUPS_MAX 32 /* supplementary groups of one process */

struct process {
	/* set once: pid at publication, the rest at creation */
	u32 pid;
	struct thread *thread; /* counted: the record stays until the process is freed */

	struct refcount refs; /* atomic */

	/* under process_tree_lock */
	struct process *parent;
	struct list children; /* struct process.sibling */
	struct list sibling;
	struct rb_node pid_node; /* all processes, zombies included, by pid */
	struct list group_node;  /* see process_set_group_locked() */
	struct list session_node;
	u32 pgid, sid;
	bool is_published; /* in the tree */
	enum process_state state;
	u32 exit_status; /* as wait4 reports it */
	u32 stop_status; /* what wait4(WUNTRACED/WCONTINUED) has to report, 0 = nothing */
	u32 exit_signal; /* sent to the parent at exit; 0 = none. SIGCHLD but for odd clones */
	u32 parent_death_signal; /* PR_SET_PDEATHSIG; 0 = none */
	struct waitq child_wait; /* wait4 of this process */
	bool is_session_leader;
	bool has_execed; /* setpgid by the parent is refused after exec */
	struct tty *tty; /* controlling terminal of the session */
	nsec_t children_user_time, children_kernel_time; /* of reaped children */

	/* written by its own thread under signals.lock; read by others under it, NULL once it has
	 * exited */
	struct aspace *aspace;
	struct fd_table *files;
	struct inode *root, *cwd;
	struct inode *exe;
	char *exe_path;

	/* only its own thread (others read racily for /proc) */
	bool files_may_be_shared; /* CLONE_FILES happened to it: exec takes a table of its own */
	bool is_started; /* thread runs or ran: the process holds a counted reference to it */
	struct cred cred;
	u32 group_count;
	u32 groups[PROCESS_GROUPS_MAX]; /* as setgroups left them; kept for getgroups */
	struct rlimit64 limits[RLIMITS];
	u64 clear_child_tid; /* user address, 0 = none */
	u64 set_child_tid; /* user address the child writes its pid to before user mode, 0 = none */
	enum fork_mode fork_mode;
	nsec_t start_time;

	/* of a vfork child: under vfork_wait's protocol (wake after the flag) */
	struct waitq vfork_wait; /* the parent of a vfork child sleeps here */
	bool vfork_done;         /* atomic: the child no longer uses the parent's memory */

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
 * A process that nobody knows yet: every field set, resources NULL, not in the tree. One reference,
 * whose put undoes whatever its builder has put in by then. NULL: no memory.
 */
struct process *process_create(void) __must_check;

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
/* Let the thread of a published process run. */
void process_start(struct process *p);
/*
 * Take a zombie out of the tree; its pid is free again. The caller inherits the tree's reference
 * and puts it once it has let go of the lock. Caller holds process_tree_lock.
 */
void process_reap_locked(struct process *p);
/* After the last fork: process_publish() refuses everybody. For shutdown. */
void process_refuse_new(void);

/* Counted, NULL if there is none. Zombies are found. */
struct process *process_lookup(u32 pid);
/* Borrowed under process_tree_lock, which the caller holds. */
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

/* Counted, NULL once it has exited. Any process. */
struct aspace *process_aspace_lookup(struct process *p);
struct fd_table *process_files_lookup(struct process *p);
enum process_inode { PROCESS_CWD, PROCESS_ROOT, PROCESS_EXE };
struct inode *process_inode_lookup(struct process *p, enum process_inode which);
/* chdir, chroot: the running process takes over the caller's reference and puts the old one. */
void process_set_inode(enum process_inode which, struct inode *inode);

/*
 * Tell the parent that @p stopped or continued (CLD_STOPPED, CLD_CONTINUED; @sig: by which signal):
 * SIGCHLD unless it wants none, and wake its wait4. The caller has set state and stop_status, and
 * holds process_tree_lock.
 */
void process_notify_parent_locked(struct process *p, int code, int sig);

/* CPU time so far, nanoseconds. Racy while it runs. */
void process_times(const struct process *p, nsec_t *user, nsec_t *kernel);

/*
 * True if no member of @pgid, @ignored left aside, has a parent in another group of the same
 * session: then nobody is left to continue it when it stops. Caller holds process_tree_lock.
 */
bool process_group_is_orphaned_locked(u32 pgid, const struct process *ignored);

/* How fork copies memory for the running process and its future children. */
int process_set_fork_mode(enum fork_mode mode);

/* Published processes, zombies included. Racy. */
u32 process_count(void);
/* The pid given last, for /proc/loadavg; forks ever, for /proc/stat. Racy. */
u32 process_last_pid(void);
u64 process_fork_count(void);

/*
 * Create PID 1 and start init: rdinit= or /init if it is there, else init=, else /sbin/init,
 * /etc/init, /bin/init, /bin/sh. Called by kernel/main.c as the last step of boot; the caller goes
 * on.
 */
void process_start_init(void);
