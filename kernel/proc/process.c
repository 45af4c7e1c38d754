// SPDX-License-Identifier: MIT
/*
 * The tree of processes: records, pids, groups, sessions. Building one is fork.c's and init.c's,
 * ending one exit.c's, waiting for it wait.c's.
 *
 * Invariant: a process is in by_pid, in one group chain and in one session chain exactly while
 * is_published; a number is given away as a pid only while no process, group or session bears it,
 * so a chain never mixes an old session with a new process' group.
 *
 * Locks: process_tree_lock for all of it. Records are freed by the last process_put(), which
 * happens outside the lock because a half-built record may still hold files and memory.
 */
#include "kernel/proc/process.h"

#include "fs/file.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

/* Numbers below this are not given out a second time, as in Linux: daemons of the first hour keep
 * them. */
#define PID_RESERVED 300
/* Chains of groups and of sessions. */
#define ID_BUCKETS 256
/* A process costs about this many frames at least; so many may exist that they do not eat all
 * memory. */
#define PAGES_PER_PROCESS 32
#define PROCESS_LIMIT_MIN 64
/* Hard and soft limit on descriptors, as Linux starts with. */
#define NOFILE_SOFT 1024
#define NOFILE_HARD 4096
#define STACK_SOFT  (8UL << 20)

struct spinlock process_tree_lock = SPINLOCK_INIT("process tree", RANK_PROCESS_TREE);
struct process *process_init_process;

static struct slab_cache *process_cache;

/* under process_tree_lock */
static struct rb_root by_pid;
static struct list group_chains[ID_BUCKETS];
static struct list session_chains[ID_BUCKETS];
static u32 last_pid;
static u32 published_count;
static u64 publish_count;
static bool refuses_new;

/* set once at boot */
static u32 published_limit;

void process_init(void)
{
	for (size_t i = 0; i < ID_BUCKETS; i++) {
		list_init(&group_chains[i]);
		list_init(&session_chains[i]);
	}
	process_cache = slab_create("process", sizeof(struct process), _Alignof(struct process));
	if (process_cache == NULL)
		panic("no memory for the table of processes");
	struct pmm_stats memory;
	pmm_stats(&memory);
	const u64 fitting = memory.total_pages / PAGES_PER_PROCESS;
	published_limit = (u32)MAX(MIN(fitting, (u64)PID_MAX / 2), (u64)PROCESS_LIMIT_MIN);
	signal_init();
}

/* ---- records ---------------------------------------------------------------------------- */

static void limits_init(struct rlimit64 limits[RLIMITS])
{
	for (size_t i = 0; i < RLIMITS; i++)
		limits[i] = (struct rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
	limits[RLIMIT_STACK].soft = STACK_SOFT;
	limits[RLIMIT_CORE].soft = 0;
	limits[RLIMIT_NOFILE] = (struct rlimit64){ NOFILE_SOFT, NOFILE_HARD };
	limits[RLIMIT_NPROC] = (struct rlimit64){ published_limit, published_limit };
	limits[RLIMIT_NICE] = (struct rlimit64){ 0, 0 };
	limits[RLIMIT_RTPRIO] = (struct rlimit64){ 0, 0 };
}

struct process *process_create(void)
{
	struct process *p = slab_alloc(process_cache);
	if (p == NULL)
		return NULL;
	memset(p, 0, offsetof(struct process, signals));
	refcount_init(&p->refs, 1);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->group_node);
	list_init(&p->session_node);
	waitq_init(&p->child_wait);
	waitq_init(&p->vfork_wait);
	p->state = PROCESS_ALIVE;
	p->exit_signal = SIGCHLD;
	p->fork_mode = IS_ENABLED(CONFIG_FORK_DEFAULT_COPY) ? FORK_COPY : FORK_PAGE;
	p->start_time = clock_now();
	limits_init(p->limits);
	signal_state_init(p);
	return p;
}

/* Half-built, or a reaped zombie, which holds only memory. */
static void process_destroy(struct process *p)
{
	ASSERT(!p->is_published);
	if (p->files != NULL)
		fd_table_put(p->files);
	inode_put(p->root);
	inode_put(p->cwd);
	inode_put(p->exe);
	kfree(p->exe_path);
	if (p->thread != NULL) {
		if (p->is_started)
			thread_put(p->thread);
		else
			thread_destroy_new(p->thread);
	}
	/* After the thread, which names it. */
	if (p->aspace != NULL)
		aspace_put(p->aspace);
	slab_free(process_cache, p);
}

void process_put(struct process *p)
{
	if (p != NULL && refcount_put(&p->refs))
		process_destroy(p);
}

/* ---- the pid table ---------------------------------------------------------------------- */

struct process *process_find_locked(u32 pid)
{
	struct rb_node *node = by_pid.node;
	while (node != NULL) {
		struct process *p = rb_entry(node, struct process, pid_node);
		if (pid == p->pid)
			return p;
		node = pid < p->pid ? node->left : node->right;
	}
	return NULL;
}

struct process *process_next_locked(u32 pid)
{
	struct process *next = NULL;
	struct rb_node *node = by_pid.node;
	while (node != NULL) {
		struct process *p = rb_entry(node, struct process, pid_node);
		if (p->pid >= pid) {
			next = p;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return next;
}

struct process *process_lookup(u32 pid)
{
	spin_lock(&process_tree_lock);
	struct process *p = process_find_locked(pid);
	if (p != NULL)
		process_get(p);
	spin_unlock(&process_tree_lock);
	return p;
}

static void pid_insert_locked(struct process *p)
{
	struct rb_node **link = &by_pid.node;
	struct rb_node *parent = NULL;
	while (*link != NULL) {
		parent = *link;
		const struct process *at = rb_entry(parent, struct process, pid_node);
		link = p->pid < at->pid ? &parent->left : &parent->right;
	}
	rb_insert(&by_pid, parent, link, &p->pid_node);
}

static bool pid_is_free_locked(u32 pid)
{
	if (process_find_locked(pid) != NULL)
		return false;
	process_for_each_in_group(p, pid) return false;
	process_for_each_in_session(p, pid) return false;
	return true;
}

/* The next free number above the last one given, starting over at the end. 0: none. */
static u32 pid_choose_locked(void)
{
	u32 pid = last_pid;
	for (u32 tried = 0; tried < PID_MAX; tried++) {
		pid = pid + 1 < PID_MAX ? pid + 1 : PID_RESERVED;
		if (pid_is_free_locked(pid)) {
			last_pid = pid;
			return pid;
		}
	}
	return 0;
}

/* ---- groups and sessions ---------------------------------------------------------------- */

struct list *process_group_chain(u32 pgid)
{
	return &group_chains[pgid % ID_BUCKETS];
}

struct list *process_session_chain(u32 sid)
{
	return &session_chains[sid % ID_BUCKETS];
}

void process_set_group_locked(struct process *p, u32 pgid)
{
	list_remove(&p->group_node);
	p->pgid = pgid;
	list_push_back(process_group_chain(pgid), &p->group_node);
}

void process_set_session_locked(struct process *p, u32 sid)
{
	list_remove(&p->session_node);
	p->sid = sid;
	list_push_back(process_session_chain(sid), &p->session_node);
}

bool process_group_is_orphaned_locked(u32 pgid, const struct process *ignored)
{
	process_for_each_in_group(p, pgid)
	{
		const struct process *parent = p->parent;
		if (p == ignored || p->state == PROCESS_ZOMBIE || parent == NULL ||
		    parent == process_init_process)
			continue;
		if (parent->pgid != pgid && parent->sid == p->sid)
			return false;
	}
	return true;
}

/* ---- in and out of the tree ------------------------------------------------------------- */

int process_publish(struct process *child, struct process *parent)
{
	int error = -EAGAIN;
	spin_lock(&process_tree_lock);
	if (refuses_new || published_count >= published_limit)
		goto out;
	/*
	 * A signal to the parent's group comes under this lock: either it finds the child in the
	 * group, or the parent has taken it by now and forks again after dealing with it.
	 */
	if (parent != NULL && signal_is_deliverable()) {
		error = -ERESTARTNOINTR;
		goto out;
	}
	const u32 pid = pid_choose_locked();
	if (pid == 0)
		goto out;
	child->pid = pid;
	child->thread->arch.tid = pid;
	child->parent = parent;
	if (parent != NULL) {
		child->tty = parent->tty;
		list_push_back(&parent->children, &child->sibling);
	}
	pid_insert_locked(child);
	process_set_group_locked(child, parent != NULL ? parent->pgid : 0);
	process_set_session_locked(child, parent != NULL ? parent->sid : 0);
	child->is_published = true;
	published_count++;
	publish_count++;
	error = 0;
out:
	spin_unlock(&process_tree_lock);
	return error;
}

void process_start(struct process *p)
{
	thread_get(p->thread);
	p->is_started = true;
	thread_start(p->thread);
}

void process_reap_locked(struct process *p)
{
	ASSERT(p->is_published && p->state == PROCESS_ZOMBIE && list_is_empty(&p->children));
	list_remove(&p->sibling);
	list_remove(&p->group_node);
	list_remove(&p->session_node);
	rb_remove(&by_pid, &p->pid_node);
	p->parent = NULL;
	p->is_published = false;
	published_count--;
}

void process_refuse_new(void)
{
	spin_lock(&process_tree_lock);
	refuses_new = true;
	spin_unlock(&process_tree_lock);
}

u32 process_count(void)
{
	return READ_ONCE(published_count);
}

u32 process_last_pid(void)
{
	return READ_ONCE(last_pid);
}

u64 process_fork_count(void)
{
	return READ_ONCE(publish_count);
}

/* ---- what others may look at ------------------------------------------------------------ */

struct aspace *process_aspace_lookup(struct process *p)
{
	spin_lock(&p->signals.lock);
	struct aspace *as = p->aspace;
	if (as != NULL)
		aspace_get(as);
	spin_unlock(&p->signals.lock);
	return as;
}

struct fd_table *process_files_lookup(struct process *p)
{
	spin_lock(&p->signals.lock);
	struct fd_table *files = p->files;
	if (files != NULL)
		fd_table_get(files);
	spin_unlock(&p->signals.lock);
	return files;
}

static struct inode **inode_slot(struct process *p, enum process_inode which)
{
	switch (which) {
	case PROCESS_CWD:
		return &p->cwd;
	case PROCESS_ROOT:
		return &p->root;
	default:
		return &p->exe;
	}
}

struct inode *process_inode_lookup(struct process *p, enum process_inode which)
{
	spin_lock(&p->signals.lock);
	struct inode *inode = *inode_slot(p, which);
	if (inode != NULL)
		inode_get(inode);
	spin_unlock(&p->signals.lock);
	return inode;
}

void process_set_inode(enum process_inode which, struct inode *inode)
{
	struct process *p = process_current();
	struct inode **slot = inode_slot(p, which);
	spin_lock(&p->signals.lock);
	struct inode *old = *slot;
	*slot = inode;
	spin_unlock(&p->signals.lock);
	inode_put(old);
}

void process_times(const struct process *p, nsec_t *user, nsec_t *kernel)
{
	const struct thread_times times = thread_times(p->thread);
	*user = times.user;
	*kernel = times.kernel;
}

int process_set_fork_mode(enum fork_mode mode)
{
	if (mode >= FORK_MODES)
		return -EINVAL;
	process_current()->fork_mode = mode;
	return 0;
}
