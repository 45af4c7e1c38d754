// SPDX-License-Identifier: MIT
/*
 * The end of a thread, and of the process with its last one, in phases. First each thread leaves
 * what it uses: memory, files. Then, in one critical section, it is dead. The last one goes on with
 * the process, still whole to others: signals closed, memory dropped, terminal hung up. Then one
 * critical section in which the process becomes a zombie, its children go to PID 1 and its parent
 * hears of it. Then the thread ends.
 *
 * Invariant: a zombie has no memory, files, threads or children; all that is left is the record its
 * parent waits for.
 *
 * Locks: process_tree_lock and signals.lock for the death of a task, process_tree_lock for that of
 * the process; signals.lock around pointers that others look at.
 */
#include "kernel/proc/exit.h"

#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/fd_table.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/process.h"
#include "kernel/proc/strace.h"
#include "kernel/proc/wait.h"

void (*process_init_end_hook)(u32 wait_status);
void (*process_session_exit_hook)(u32 sid);

/* ---- what may sleep --------------------------------------------------------------------- */

/* set_tid_address and CLONE_CHILD_CLEARTID: whoever joins this thread through shared memory. */
static void clear_child_tid(struct task *t)
{
	const struct process *p = t->process;
	const uaddr_t word = t->clear_child_tid;
	if (word == 0)
		return;
	t->clear_child_tid = 0;
	/* Nobody else can see it otherwise, and the page may have to be copied. */
	if (refcount_read(&p->aspace->refs) == 1 && READ_ONCE(p->live_count) == 1)
		return;
	/* A bad address is the program's own affair (docs/fork.md H20). */
	if (put_user_u32(word, 0) == 0)
		(void)futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
}

/* What other threads and processes learn of the end from memory they share. */
static void tell_user_memory(struct task *t)
{
	if (t->robust_list != 0)
		futex_owner_ends(t->robust_list, t->tid);
	t->robust_list = 0;
	clear_child_tid(t);
}

static void let_vfork_parent_go(struct process *p)
{
	WRITE_ONCE(p->vfork_done, true);
	waitq_wake_all(&p->vfork_wait);
}

/* What was @p's memory until now. Caller holds signals.lock. */
static struct aspace *change_memory_locked(struct process *p, struct aspace *next)
{
	struct aspace *old = p->aspace;
	if (old != NULL)
		p->resident_peak = MAX(p->resident_peak, READ_ONCE(old->resident_peak));
	p->aspace = next;
	return old;
}

/* No thread of the process is in @old any more. */
static void put_memory(struct aspace *old)
{
	if (old == NULL)
		return;
	/* Whatever a process did with its memory, here its tables are looked at one last time. */
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		aspace_check(old);
	aspace_put(old);
}

void process_replace_memory(struct aspace *next)
{
	struct task *t = task_current();
	struct process *p = t->process;
	if (p->aspace != NULL)
		tell_user_memory(t);
	spin_lock(&p->signals.lock);
	struct aspace *old = change_memory_locked(p, next);
	spin_unlock(&p->signals.lock);
	/* Off the old root before it can be freed (docs/fork.md H8). */
	thread_set_satp(next->satp, &next->harts);
	put_memory(old);
	let_vfork_parent_go(p);
}

/* The running thread is in its process' memory no more. */
static void leave_memory(struct task *t)
{
	if (t->process->aspace != NULL)
		tell_user_memory(t);
	thread_set_satp(kernel_satp, NULL);
	if (t == t->process->leader)
		let_vfork_parent_go(t->process);
}

/* @files were the task's. */
static void leave_files(struct task *t, struct fd_table *files)
{
	if (files != NULL)
		fd_table_put(files);
	inode_put(t->root);
	inode_put(t->cwd);
	t->root = NULL;
	t->cwd = NULL;
}

/* ---- the end of a thread ---------------------------------------------------------------- */

/* @t, running, takes no more signals, and its files are the caller's. Caller holds signals.lock. */
static struct fd_table *close_task_locked(struct task *t)
{
	struct fd_table *files = t->files;
	signal_task_close_locked(t);
	t->files = NULL;
	return files;
}

/* Children that @t made belong to another thread now, and may have asked to hear of its end. */
static void leave_children_locked(const struct task *t)
{
	struct process *p = t->process;
	const struct task *heir = p->leader;
	list_for_each(other, &p->tasks, struct task, node) {
		if (!other->is_dead)
			heir = other;
	}
	list_for_each(child, &p->children, struct process, sibling) {
		if (child->parent_task != t)
			continue;
		child->parent_task = heir;
		if (child->parent_death_signal != 0)
			(void)signal_send(child, (int)child->parent_death_signal, NULL);
	}
}

static bool all_are_closed_locked(struct process *p)
{
	list_for_each(t, &p->tasks, struct task, node) {
		if (!t->is_closed)
			return false;
	}
	return true;
}

/* Unless that has been decided. Caller holds signals.lock. */
static void decide_status_locked(struct process *p, u32 wait_status)
{
	if (p->is_exiting)
		return;
	p->is_exiting = true;
	p->exit_status = wait_status;
	signal_end_others_locked();
}

/*
 * @t, running, is dead from here on. True if others live: then it is out of its process, and the
 * caller ends the thread. False: it was the last.
 */
static bool die_locked(struct task *t)
{
	struct process *p = t->process;
	spin_lock(&p->signals.lock);
	t->is_dead = true;
	WRITE_ONCE(p->live_count, p->live_count - 1);
	const bool others_live = p->live_count != 0;
	if (others_live && t != p->leader)
		task_remove_locked(t);
	if (others_live)
		waitq_wake_all(&p->signals.wait); /* an exec that waits for it */
	spin_unlock(&p->signals.lock);
	if (!others_live) {
		cpu_timers_close_locked(p);
		return false;
	}
	leave_children_locked(t);
	process_check_stopped_locked(p); /* the rest may have parked already */
	return true;
}

/* ---- the end of a process --------------------------------------------------------------- */

static bool group_has_stopped_locked(u32 pgid)
{
	process_for_each_in_group(p, pgid)
	{
		if (p->state == PROCESS_STOPPED)
			return true;
	}
	return false;
}

/*
 * @link, below @parent, was perhaps the last connection of its group to the rest of the session: if
 * the group is orphaned now and has stopped members, nobody would continue them, so they get SIGHUP
 * and SIGCONT (POSIX, _exit()). @ignored: leave it out, since it ends.
 */
static void hang_up_orphans_locked(const struct process *link, const struct process *parent,
				   const struct process *ignored)
{
	const u32 pgid = link->pgid;
	if (parent == NULL || parent->pgid == pgid || parent->sid != link->sid)
		return;
	if (!group_has_stopped_locked(pgid) || !process_group_is_orphaned_locked(pgid, ignored))
		return;
	process_for_each_in_group(p, pgid)
	{
		(void)signal_send(p, SIGHUP, NULL); /* not refused: no siginfo */
		(void)signal_send(p, SIGCONT, NULL);
	}
}

/* Zombies that their new parent does not want to hear of go to @dead. */
static void hand_children_to_init_locked(struct process *p, struct list *dead)
{
	struct process *init = process_init_process;
	list_for_each_safe(child, &p->children, struct process, sibling) {
		list_remove(&child->sibling);
		list_push_back(&init->children, &child->sibling);
		child->parent = init;
		WRITE_ONCE(child->parent_pid, init->pid);
		child->parent_task = init->leader;
		child->exit_signal = SIGCHLD;
		if (child->parent_death_signal != 0)
			(void)signal_send(child, (int)child->parent_death_signal, NULL);
		if (child->state == PROCESS_ZOMBIE && process_report_end_locked(child)) {
			process_reap_locked(child);
			list_push_back(dead, &child->sibling);
		}
		hang_up_orphans_locked(child, p, NULL);
	}
}

static void bury(struct list *dead)
{
	list_for_each_safe(p, dead, struct process, sibling) {
		list_remove(&p->sibling);
		process_put(p);
	}
}

/* The last thread's part. */
static void end_process(struct process *p)
{
	trace(TRACE_EXIT, p->exit_status, 0, 0);
	strace_exit(p->exit_status);
	if (p == process_init_process && process_init_end_hook != NULL)
		process_init_end_hook(p->exit_status);
	cpu_timers_stop(p);
	signal_timer_stop(p);

	spin_lock(&p->signals.lock);
	signal_state_close_locked(p);
	struct aspace *memory = change_memory_locked(p, NULL);
	struct inode *root = p->root;
	struct inode *cwd = p->cwd;
	struct file *exe = p->exe;
	p->root = NULL;
	p->cwd = NULL;
	p->exe = NULL;
	spin_unlock(&p->signals.lock);

	put_memory(memory);
	strace_drop(p); /* once and for all: strace_set() refuses who has no memory */
	if (p->is_session_leader && process_session_exit_hook != NULL)
		process_session_exit_hook(p->sid);
	inode_put(root);
	inode_put(cwd);
	process_put_exe(exe);
}

/* True if nobody will wait for it: its reference in the tree is the caller's. */
static bool become_zombie_locked(struct process *p, struct list *dead)
{
	ASSERT(p != process_init_process || list_is_empty(&p->children));
	hand_children_to_init_locked(p, dead);
	p->stop_status = 0;
	p->state = PROCESS_ZOMBIE;
	hang_up_orphans_locked(p, p->parent, p);
	const bool unwanted = process_report_end_locked(p);
	if (unwanted)
		process_reap_locked(p);
	return unwanted;
}

/* The running thread belongs to nobody any more; nothing of it is left but itself. */
static void detach_thread(void)
{
	thread_current()->process = NULL;
	thread_current()->task = NULL;
}

/* @t is the running thread, closed; @files were its own. */
static __noreturn void end_task(struct task *t, struct fd_table *files)
{
	struct process *p = t->process;
	bool unwanted = false;
	struct list dead;
	list_init(&dead);
	leave_memory(t);
	leave_files(t, files);

	spin_lock(&process_tree_lock);
	const bool others_live = die_locked(t);
	if (!others_live) {
		spin_unlock(&process_tree_lock);
		end_process(p);
		spin_lock(&process_tree_lock);
		/* No sleeping from here: as a zombie it may be buried by its parent as soon as the
		 * lock is free. */
		unwanted = become_zombie_locked(p, &dead);
	}
	const bool is_leader = t == p->leader;
	if (!others_live && !is_leader) {
		spin_lock(&p->signals.lock);
		task_remove_locked(t);
		spin_unlock(&p->signals.lock);
	}
	detach_thread();
	spin_unlock(&process_tree_lock);

	bury(&dead);
	if (!is_leader)
		task_destroy(t);
	if (unwanted)
		process_put(p);
	thread_exit();
}

__noreturn void task_exit(u32 wait_status)
{
	struct task *t = task_current();
	struct process *p = t->process;
	spin_lock(&p->signals.lock);
	struct fd_table *files = close_task_locked(t);
	/* All others are on their way out, and none of them said how the process ends. */
	if (all_are_closed_locked(p))
		decide_status_locked(p, wait_status);
	spin_unlock(&p->signals.lock);
	end_task(t, files);
}

__noreturn void process_exit(u32 wait_status)
{
	struct task *t = task_current();
	struct process *p = t->process;
	spin_lock(&p->signals.lock);
	struct fd_table *files = close_task_locked(t);
	decide_status_locked(p, wait_status);
	spin_unlock(&p->signals.lock);
	end_task(t, files);
}

/* ---- exec ------------------------------------------------------------------------------- */

/* Ask all others to end. -EAGAIN: the running thread itself is to. */
static int begin_to_be_alone(struct process *p, struct task *t)
{
	spin_lock(&p->signals.lock);
	const bool may = !p->is_exiting && p->execing == NULL;
	if (may) {
		p->execing = t;
		signal_end_others_locked();
	}
	spin_unlock(&p->signals.lock);
	return may ? 0 : -EAGAIN;
}

int process_become_single(void)
{
	struct task *t = task_current();
	struct process *p = t->process;
	struct task *old_leader = NULL;
	/* Alone, one cannot but stay so. */
	if (READ_ONCE(p->live_count) == 1 && p->leader == t)
		return 0;
	const int error = begin_to_be_alone(p, t);
	if (error != 0)
		return error;
	wait_event(&p->signals.wait, READ_ONCE(p->live_count) == 1 || signal_is_fatal_pending());
	spin_lock(&process_tree_lock);
	spin_lock(&p->signals.lock);
	p->execing = NULL;
	const bool is_single = p->live_count == 1;
	if (is_single)
		old_leader = task_become_leader_locked();
	spin_unlock(&p->signals.lock);
	spin_unlock(&process_tree_lock);
	if (old_leader != NULL)
		task_destroy(old_leader);
	return is_single ? 0 : -EINTR;
}
