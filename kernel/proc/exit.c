// SPDX-License-Identifier: MIT
/*
 * The end of a process, in phases. First everything that may sleep, while the process is still
 * whole to others: signals closed, memory left, terminal hung up, files closed. Then one critical
 * section in which it becomes a zombie, its children go to PID 1 and its parent hears of it. Then
 * its thread ends.
 *
 * Invariant: a zombie has no memory, files or children; all that is left is the record its parent
 * waits for.
 *
 * Locks: process_tree_lock for the second phase; signals.lock around pointers that others look at.
 */
#include "kernel/proc/exit.h"

#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/file.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/process.h"
#include "kernel/proc/wait.h"

void (*process_init_end_hook)(u32 wait_status);
void (*process_session_exit_hook)(u32 sid);

/* ---- what may sleep --------------------------------------------------------------------- */

/* set_tid_address and CLONE_CHILD_CLEARTID: whoever joins this thread through shared memory. */
static void clear_child_tid(struct process *p)
{
	const uaddr_t word = p->clear_child_tid;
	if (word == 0)
		return;
	p->clear_child_tid = 0;
	/* Nobody else can see it otherwise, and the page may have to be copied. */
	if (refcount_read(&p->aspace->refs) == 1)
		return;
	/* A bad address is the program's own affair (FORK.md H20). */
	if (put_user_u32(word, 0) == 0)
		(void)futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
}

void process_leave_memory(struct aspace *next)
{
	struct process *p = process_current();
	struct aspace *old = p->aspace;
	if (old != NULL)
		clear_child_tid(p);

	spin_lock(&p->signals.lock);
	p->aspace = next;
	spin_unlock(&p->signals.lock);
	/* Off the old root before it can be freed (FORK.md H8). */
	if (next != NULL)
		thread_set_satp(next->satp, &next->harts);
	else
		thread_set_satp(kernel_satp, NULL);

	WRITE_ONCE(p->vfork_done, true);
	waitq_wake_all(&p->vfork_wait);
	if (old == NULL)
		return;
	/* Whatever a process did with its memory, here its tables are looked at one last time. */
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		aspace_check(old);
	aspace_put(old);
}

static void leave_files(struct process *p)
{
	spin_lock(&p->signals.lock);
	struct fd_table *files = p->files;
	struct inode *root = p->root;
	struct inode *cwd = p->cwd;
	struct inode *exe = p->exe;
	p->files = NULL;
	p->root = NULL;
	p->cwd = NULL;
	p->exe = NULL;
	spin_unlock(&p->signals.lock);
	if (files != NULL)
		fd_table_put(files);
	inode_put(root);
	inode_put(cwd);
	inode_put(exe);
}

/* ---- the critical section --------------------------------------------------------------- */

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

__noreturn void process_exit(u32 wait_status)
{
	struct process *p = process_current();
	trace(TRACE_EXIT, wait_status, 0, 0);
	if (p == process_init_process && process_init_end_hook != NULL)
		process_init_end_hook(wait_status);

	signal_state_close();
	process_leave_memory(NULL);
	if (p->is_session_leader && process_session_exit_hook != NULL)
		process_session_exit_hook(p->sid);
	leave_files(p);

	struct list dead;
	list_init(&dead);
	spin_lock(&process_tree_lock);
	/* No sleeping from here: as a zombie it may be buried by its parent as soon as the lock is
	 * free. */
	ASSERT(p != process_init_process || list_is_empty(&p->children));
	hand_children_to_init_locked(p, &dead);
	p->exit_status = wait_status;
	p->stop_status = 0;
	p->state = PROCESS_ZOMBIE;
	hang_up_orphans_locked(p, p->parent, p);
	const bool unwanted = process_report_end_locked(p);
	if (unwanted)
		process_reap_locked(p);
	thread_current()->process = NULL;
	spin_unlock(&process_tree_lock);

	bury(&dead);
	if (unwanted)
		process_put(p);
	thread_exit();
}
