// SPDX-License-Identifier: MIT
/*
 * fork: the child is built privately, published once, and fails in one way: process_put() of
 * whatever is there by then. After process_publish() nothing can fail.
 *
 * Threads (CLONE_THREAD) would share one struct process: struct thread then needs a list in it, and
 * what is per thread moves from struct process to struct thread (clear_child_tid, the signal mask,
 * vfork_wait). The place to branch off is process_fork() before child_create().
 *
 * Locks: none held across aspace_fork(), which takes the parent's space alone until its fence is
 * complete (FORK.md H2, H3); publication comes after it, so the child is the picture of that
 * moment.
 */
#include "kernel/proc/fork.h"

#include "arch/riscv/cpu/fpu.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/file.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/abi/sched.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/*
 * What is understood. CLONE_DETACHED and CLONE_UNTRACED mean nothing, as in Linux; sharing of
 * handlers, working directory or thread group (CLONE_SIGHAND, CLONE_FS, CLONE_THREAD) and name
 * spaces are refused.
 */
#define FORK_FLAGS                                                                          \
	(CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_SETTLS | CLONE_PARENT_SETTID |        \
	 CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND | CLONE_DETACHED | \
	 CLONE_UNTRACED)

static int fork_check(const struct fork_args *args)
{
	const u64 unknown = args->flags & ~(u64)FORK_FLAGS;
	if (unknown == 0)
		return 0;
	pr_debug("%s: clone with flags %#lx, of which %#lx are not supported\n",
		 thread_current()->name, args->flags, unknown);
	return -EINVAL;
}

/* A bad address is the program's own affair: the fork has happened. So it is in Linux. */
static void put_tid(uaddr_t address, u32 pid)
{
	const int error = put_user_u32(address, pid);
	(void)error;
}

/* The child's thread begins here, on its own stack and in its own memory. */
static void fork_child_return(void *arg)
{
	const struct process *p = arg;
	/* Here and not in the parent, whose memory this no longer is (FORK.md H20). */
	if (p->set_child_tid != 0)
		put_tid(p->set_child_tid, p->pid);
	trap_return_to_user();
}

static void copy_identity(struct process *child, const struct process *parent)
{
	child->cred = parent->cred;
	child->group_count = parent->group_count;
	memcpy(child->groups, parent->groups, sizeof(child->groups));
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	child->fork_mode = parent->fork_mode;
}

static int copy_files(struct process *child, struct process *parent, u64 flags)
{
	if ((flags & CLONE_FILES) != 0) {
		fd_table_get(parent->files);
		child->files = parent->files;
		child->files_may_be_shared = true;
		parent->files_may_be_shared = true;
	} else {
		child->files = fd_table_clone(parent->files);
		if (child->files == NULL)
			return -ENOMEM;
	}
	inode_get(parent->root);
	child->root = parent->root;
	inode_get(parent->cwd);
	child->cwd = parent->cwd;
	inode_get(parent->exe);
	child->exe = parent->exe;
	const size_t size = strlen(parent->exe_path) + 1;
	child->exe_path = kmalloc(size);
	if (child->exe_path == NULL)
		return -ENOMEM;
	memcpy(child->exe_path, parent->exe_path, size);
	return 0;
}

static int copy_memory(struct process *child, struct process *parent, u64 flags)
{
	if ((flags & CLONE_VM) == 0)
		return aspace_fork(parent->aspace, parent->fork_mode, &child->aspace);
	aspace_get(parent->aspace);
	child->aspace = parent->aspace;
	return 0;
}

/* The thread, which will leave its first system call like the parent's, but with 0. Needs
 * child->aspace. */
static int create_thread(struct process *child, const struct fork_args *args)
{
	struct thread *parent = thread_current();
	struct thread *t = thread_create(parent->name, fork_child_return, child);
	if (t == NULL)
		return -ENOMEM;
	child->thread = t;
	t->process = child;
	t->satp = child->aspace->satp;
	t->harts = &child->aspace->harts;

	struct trap_frame *frame = thread_user_frame(&t->arch);
	*frame = *thread_user_frame(&parent->arch);
	frame->x[REG_A0] = 0;
	if (args->stack != 0)
		frame->x[REG_SP] = args->stack;
	if ((args->flags & CLONE_SETTLS) != 0)
		frame->x[REG_TP] = args->tls;
	fpu_fork(&parent->arch, &t->arch);
	return 0;
}

static int build_child(struct process *child, struct process *parent, const struct fork_args *args)
{
	const u64 flags = args->flags;
	const bool shares_memory = (flags & CLONE_VM) != 0;
	copy_identity(child, parent);
	child->exit_signal = args->exit_signal;
	child->set_child_tid = (flags & CLONE_CHILD_SETTID) != 0 ? args->child_tid : 0;
	child->clear_child_tid = (flags & CLONE_CHILD_CLEARTID) != 0 ? args->child_tid : 0;
	signal_state_fork(child, (flags & CLONE_CLEAR_SIGHAND) != 0, shares_memory);
	int error = copy_files(child, parent, flags);
	if (error != 0)
		return error;
	error = copy_memory(child, parent, flags);
	if (error != 0)
		return error;
	return create_thread(child, args);
}

/*
 * Sleep until @child has its own memory or is gone; being killed ends it too. A signal that does
 * not kill must not: the child runs on the memory and the stack that its handler would use. It
 * stays pending (TW_SIGNAL), only its mark on the wait is taken off, under the lock under which a
 * SIGKILL sets it, so none is lost.
 */
static void vfork_wait(struct process *child)
{
	struct signal_state *signals = &process_current()->signals;
	bool is_killed = false;
	while (!is_killed &&
	       wait_event_interruptible(&child->vfork_wait, READ_ONCE(child->vfork_done)) != 0) {
		spin_lock(&signals->lock);
		thread_clear_interrupted();
		is_killed = signal_is_fatal_pending();
		spin_unlock(&signals->lock);
	}
}

s64 process_fork(const struct fork_args *args)
{
	struct process *parent = process_current();
	int error = fork_check(args);
	if (error != 0)
		return error;
	/* process_publish() looks again; this only saves the work. */
	if (signal_is_deliverable())
		return -ERESTARTNOINTR;
	struct process *child = process_create();
	if (child == NULL)
		return -ENOMEM;
	error = build_child(child, parent, args);
	if (error == 0)
		error = process_publish(child, parent);
	if (error != 0) {
		process_put(child);
		return error;
	}
	/* The child may be gone once it runs: what is asked of it afterwards needs a reference. */
	const u32 pid = child->pid;
	trace(TRACE_FORK, pid, args->flags, 0);
	const bool waits = (args->flags & CLONE_VFORK) != 0;
	if (waits)
		process_get(child);
	if ((args->flags & CLONE_PARENT_SETTID) != 0)
		put_tid(args->parent_tid, pid);
	process_start(child);
	if (waits) {
		vfork_wait(child);
		process_put(child);
	}
	return pid;
}
