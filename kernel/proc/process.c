// SPDX-License-Identifier: MIT
/*
 * The tree of processes: records, pids, groups, sessions. Building one is fork.c's and init.c's,
 * ending one exit.c's, waiting for it wait.c's; what one has is looked up in process_parts.c.
 *
 * Invariant: a process is in one group chain and in one session chain exactly while is_published,
 * and its tasks in by_number; a number is given away only while no task, group or session bears
 * it, so a chain never mixes an old session with a new process' group. A pid is its leader's
 * number.
 *
 * Locks: process_tree_lock for all of it; lists of tasks change with signals.lock held too. Records
 * are freed by the last process_put(), which happens outside the lock because a half-built record
 * may still hold files and memory.
 */
#include "kernel/proc/process.h"

#include "fs/file.h"
#include "fs/pipe.h"
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
/* A task costs about this many frames at least; so many may exist that they do not eat all
 * memory. */
#define PAGES_PER_TASK 32
#define TASK_LIMIT_MIN 64
/* A part of them that is kept for leaders of sessions. */
#define LEADERS_SHARE 16
/* Hard and soft limit on descriptors, as Linux starts with. */
#define NOFILE_SOFT 1024
#define NOFILE_HARD 4096
#define STACK_SOFT  (8UL << 20)
/* The same of memory that may be locked without being root. */
#define MEMLOCK_BYTES (8UL << 20)

struct spinlock process_tree_lock = SPINLOCK_INIT("process tree", RANK_PROCESS_TREE);
struct process *process_init_process;

static struct slab_cache *process_cache;

/* under process_tree_lock */
static struct rb_root by_number; /* struct task.number_node */
static struct list group_chains[ID_BUCKETS];
static struct list session_chains[ID_BUCKETS];
static u32 last_pid;
static u32 published_count; /* processes */
static u32 task_count;      /* in by_number */
static u64 publish_count;
static bool refuses_new;

/* set once at boot */
static u32 task_limit;

/* CAP_IPC_LOCK. */
static bool may_lock_all(void)
{
	return task_current()->cred.euid == 0;
}

/* Of who writes where nobody reads any more. */
static void raise_sigpipe(void)
{
	(void)signal_send_task(task_current(), SIGPIPE, NULL);
}

void process_init(void)
{
	aspace_may_lock_all = may_lock_all;
	aspace_user_is_ending = signal_will_end;
	pipe_cut_short_hook = raise_sigpipe;
	for (size_t i = 0; i < ID_BUCKETS; i++) {
		list_init(&group_chains[i]);
		list_init(&session_chains[i]);
	}
	process_cache = slab_create("process", sizeof(struct process), _Alignof(struct process));
	if (process_cache == NULL)
		panic("no memory for the table of processes");
	struct pmm_stats memory;
	pmm_stats(&memory);
	const u64 fitting = memory.total_pages / PAGES_PER_TASK;
	task_limit = (u32)MAX(MIN(fitting, (u64)PID_MAX / 2), (u64)TASK_LIMIT_MIN);
	task_init();
	signal_init();
}

/* ---- records ---------------------------------------------------------------------------- */

void process_init_limits(struct process *p)
{
	struct rlimit64 *limits = p->limits;
	for (size_t i = 0; i < RLIMITS; i++)
		limits[i] = (struct rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
	limits[RLIMIT_STACK].soft = STACK_SOFT;
	limits[RLIMIT_CORE].soft = 0;
	limits[RLIMIT_NOFILE] = (struct rlimit64){ NOFILE_SOFT, NOFILE_HARD };
	/* One user cannot have all, as in Linux; root can. */
	limits[RLIMIT_NPROC] = (struct rlimit64){ task_limit / 2, task_limit / 2 };
	limits[RLIMIT_MEMLOCK] = (struct rlimit64){ MEMLOCK_BYTES, MEMLOCK_BYTES };
	limits[RLIMIT_NICE] = (struct rlimit64){ 0, 0 };
	limits[RLIMIT_RTPRIO] = (struct rlimit64){ 0, 0 };
}

struct process *process_create(void)
{
	struct process *p = slab_alloc(process_cache);
	if (p == NULL)
		return NULL;
	struct task *leader = task_create(p);
	if (leader == NULL) {
		slab_free(process_cache, p);
		return NULL;
	}
	words_clear(p, offsetof(struct process, cpu_timers));
	p->leader = leader;
	list_init(&p->tasks);
	list_push_back(&p->tasks, &p->leader->node);
	p->live_count = 1;
	refcount_init(&p->refs, 1);
	list_init(&p->children);
	waitq_init(&p->child_wait, "child");
	waitq_init(&p->vfork_wait, "vfork");
	p->state = PROCESS_ALIVE;
	p->exit_signal = SIGCHLD;
	p->fork_mode = IS_ENABLED(CONFIG_FORK_DEFAULT_COPY) ? FORK_COPY :
		       IS_ENABLED(CONFIG_FORK_DEFAULT_PAGE) ? FORK_PAGE :
							      FORK_TABLE;
	signal_state_init(p);
	return p;
}

void process_put_exe(struct file *exe)
{
	if (exe == NULL)
		return;
	inode_allow_write(exe->inode);
	file_put(exe);
}

/* Half-built, or a reaped zombie, which holds only memory. */
static void process_destroy(struct process *p)
{
	ASSERT(!p->is_published);
	inode_put(p->root);
	inode_put(p->cwd);
	process_put_exe(p->exe);
	task_destroy(p->leader);
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

/* ---- the table of numbers -------------------------------------------------------------------- */

struct task *task_at_or_after_locked(u32 number)
{
	struct task *next = NULL;
	struct rb_node *node = by_number.node;
	while (node != NULL) {
		struct task *t = rb_entry(node, struct task, number_node);
		if (t->tid >= number) {
			next = t;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return next;
}

static bool task_is_leader(const struct task *t)
{
	return t == t->process->leader;
}

struct task *task_find_locked(u32 tid)
{
	struct rb_node *node = by_number.node;
	while (node != NULL) {
		struct task *t = rb_entry(node, struct task, number_node);
		if (t->tid == tid)
			return t;
		node = tid < t->tid ? node->left : node->right;
	}
	return NULL;
}

struct process *process_find_locked(u32 pid)
{
	const struct task *t = task_find_locked(pid);
	return t != NULL && task_is_leader(t) ? t->process : NULL;
}

struct process *process_next_locked(u32 pid)
{
	const struct task *t = task_at_or_after_locked(pid);
	while (t != NULL && !task_is_leader(t))
		t = task_at_or_after_locked(t->tid + 1);
	return t != NULL ? t->process : NULL;
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

/* False: another task has it. */
static bool number_insert_locked(struct task *t, u32 number)
{
	struct rb_node *parent = NULL;
	struct rb_node **link = &by_number.node;
	while (*link != NULL) {
		parent = *link;
		const u32 at = rb_entry(parent, struct task, number_node)->tid;
		if (at == number)
			return false;
		link = number < at ? &parent->left : &parent->right;
	}
	t->tid = number;
	t->thread->arch.tid = number;
	rb_insert(&by_number, parent, link, &t->number_node);
	task_count++;
	return true;
}

static void number_remove_locked(struct task *t)
{
	rb_remove(&by_number, &t->number_node);
	task_count--;
}

static bool number_is_borne_locked(u32 number)
{
	process_for_each_in_group(p, number) return true;
	process_for_each_in_session(p, number) return true;
	return false;
}

/* The next free number above the last one given, starting over at the end, is @t's. False: none. */
static bool number_give_locked(struct task *t)
{
	u32 number = last_pid;
	for (u32 tried = 0; tried < PID_MAX; tried++) {
		number = number + 1 < PID_MAX ? number + 1 : PID_RESERVED;
		if (!number_is_borne_locked(number) && number_insert_locked(t, number)) {
			last_pid = number;
			return true;
		}
	}
	return false;
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

static void join_group_locked(struct process *p, u32 pgid)
{
	p->pgid = pgid;
	list_push_back(process_group_chain(pgid), &p->group_node);
}

static void join_session_locked(struct process *p, u32 sid)
{
	p->sid = sid;
	list_push_back(process_session_chain(sid), &p->session_node);
}

void process_set_group_locked(struct process *p, u32 pgid)
{
	list_remove(&p->group_node);
	join_group_locked(p, pgid);
}

void process_set_session_locked(struct process *p, u32 sid)
{
	list_remove(&p->session_node);
	join_session_locked(p, sid);
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

/* ---- what tasks have used --------------------------------------------------------------- */

static void usage_add(struct task_usage *to, const struct task_usage *more)
{
	to->user += more->user;
	to->kernel += more->kernel;
	to->switches_voluntary += more->switches_voluntary;
	to->switches_forced += more->switches_forced;
}

void task_usage(const struct task *t, struct task_usage *out)
{
	const struct thread_times times = thread_times(t->thread);
	out->user = times.user;
	out->kernel = times.kernel;
	out->switches_voluntary = READ_ONCE(t->thread->switches_voluntary);
	out->switches_forced = READ_ONCE(t->thread->switches_forced);
}

void process_usage_locked(const struct process *p, struct task_usage *out)
{
	*out = p->gone;
	list_for_each(t, &p->tasks, struct task, node) {
		struct task_usage used;
		task_usage(t, &used);
		usage_add(out, &used);
	}
}

/* ---- in and out of the tree ------------------------------------------------------------- */

/* RLIMIT_NPROC: the real user of @maker has as many tasks as he may, zombies included. Root may
 * always have one more. */
static bool user_has_enough_locked(const struct task *maker)
{
	const u64 limit = READ_ONCE(maker->process->limits[RLIMIT_NPROC].soft);
	const u32 uid = maker->cred.uid;
	if (uid == 0 || maker->cred.euid == 0 || task_count < limit)
		return false;
	u64 count = 0;
	for (const struct task *t = task_at_or_after_locked(1); t != NULL;
	     t = task_at_or_after_locked(t->tid + 1))
		count += t->cred.uid == uid;
	return count >= limit;
}

/*
 * How many tasks there may be for @maker to make another. The last few are for the leaders of
 * sessions and PID 1, so that the shell of a terminal can still run what ends a runaway script.
 */
static u32 limit_for(const struct task *maker)
{
	if (maker == NULL || maker->process->is_session_leader ||
	    maker->process == process_init_process)
		return task_limit;
	return task_limit - task_limit / LEADERS_SHARE;
}

bool process_table_is_full(void)
{
	return READ_ONCE(task_count) >= limit_for(task_current());
}

/*
 * A number for @t, if its @maker, the running task (NULL: the kernel), may make another one.
 *
 * A signal to its group or process comes under the lock: either it finds the new one there, or the
 * running task has taken it by now and begins again after dealing with it.
 */
static int admit_locked(struct task *t, const struct task *maker)
{
	if (refuses_new || task_count >= limit_for(maker))
		return -EAGAIN;
	if (maker != NULL && user_has_enough_locked(maker))
		return -EAGAIN;
	if (maker != NULL && signal_is_deliverable())
		return -ERESTARTNOINTR;
	return number_give_locked(t) ? 0 : -EAGAIN;
}

static void join_tree_locked(struct process *child, struct process *parent)
{
	child->parent = parent;
	if (parent != NULL) {
		child->parent_pid = parent->pid;
		child->parent_task = task_current();
		child->tty = parent->tty;
		list_push_back(&parent->children, &child->sibling);
	} else {
		list_init(&child->sibling);
	}
	join_group_locked(child, parent != NULL ? parent->pgid : 0);
	join_session_locked(child, parent != NULL ? parent->sid : 0);
	child->is_published = true;
	published_count++;
	publish_count++;
}

int process_publish(struct process *child, struct process *parent)
{
	spin_lock(&process_tree_lock);
	const int error = admit_locked(child->leader, parent != NULL ? task_current() : NULL);
	if (error == 0) {
		child->pid = child->leader->tid;
		join_tree_locked(child, parent);
	}
	spin_unlock(&process_tree_lock);
	return error;
}

int task_publish(struct task *t)
{
	struct process *p = t->process;
	spin_lock(&process_tree_lock);
	spin_lock(&p->signals.lock);
	/* Who ends the process under these locks is seen here, or finds the new task in the list.
	 */
	const int error = admit_locked(t, task_current());
	if (error == 0) {
		list_push_back(&p->tasks, &t->node);
		p->live_count++;
		publish_count++;
	}
	spin_unlock(&p->signals.lock);
	spin_unlock(&process_tree_lock);
	return error;
}

void task_remove_locked(struct task *t)
{
	struct process *p = t->process;
	struct task_usage used;
	ASSERT(t->is_dead && t != p->leader);
	task_usage(t, &used);
	usage_add(&p->gone, &used);
	number_remove_locked(t);
	list_remove(&t->node);
}

struct task *task_become_leader_locked(void)
{
	struct task *t = task_current();
	struct process *p = t->process;
	struct task *old = p->leader;
	if (t == old)
		return NULL;
	ASSERT(old->is_dead && p->live_count == 1);
	p->leader = t;
	t->start_time = old->start_time; /* of the process, which begins with no exec */
	task_remove_locked(old);
	number_remove_locked(t);
	const bool is_free = number_insert_locked(t, p->pid);
	ASSERT(is_free);
	return old;
}

void process_reap_locked(struct process *p)
{
	ASSERT(p->is_published && p->state == PROCESS_ZOMBIE && list_is_empty(&p->children));
	list_remove(&p->sibling);
	list_remove(&p->group_node);
	list_remove(&p->session_node);
	number_remove_locked(p->leader);
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

u32 process_task_limit(void)
{
	return task_limit;
}

u32 process_last_pid(void)
{
	return READ_ONCE(last_pid);
}

u64 process_fork_count(void)
{
	return READ_ONCE(publish_count);
}

struct task *task_next(const struct task *t)
{
	struct list *next = t->node.next;
	return next == &t->process->tasks ? NULL : list_entry(next, struct task, node);
}

void process_set_fork_mode(enum fork_mode mode)
{
	process_current()->fork_mode = mode;
}
