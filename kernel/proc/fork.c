// SPDX-License-Identifier: MIT
/*
 * fork: the child is built privately, published once, and fails in one way: process_put() of
 * whatever is there by then. After process_publish() nothing can fail.
 *
 * A new thread (CLONE_THREAD) is a task of the same process, built and published the same way.
 *
 * Locks: none held across aspace_fork(), which takes the parent's space alone until its fence is
 * complete (docs/fork.md H2, H3); publication comes after it, so the child is the picture of that
 * moment.
 */
#include "kernel/proc/fork.h"

#include "arch/riscv/cpu/fpu.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/fd_table.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "kernel/proc/strace.h"
#include "lib/abi/errno.h"
#include "lib/abi/sched.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/*
 * What is understood. CLONE_DETACHED and CLONE_UNTRACED mean nothing, as in Linux, nor does
 * CLONE_SYSVSEM where there are no such semaphores. Name spaces are refused.
 */
#define FORK_FLAGS                                                                          \
	(CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_SETTLS | CLONE_PARENT_SETTID |        \
	 CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND | CLONE_DETACHED | \
	 CLONE_UNTRACED | CLONE_SYSVSEM)
/* Handlers and working directory belong to the process here, so threads share them, and only they.
 */
#define THREAD_FLAGS (CLONE_THREAD | CLONE_SIGHAND | CLONE_FS)

static bool has_all(u64 flags, u64 wanted)
{
	return (flags & wanted) == wanted;
}

static int fork_check(const struct fork_args *args)
{
	const u64 flags = args->flags;
	/* Linux's rules. */
	if ((flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0)
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0)
		return -EINVAL;
	if (has_all(flags, CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	/* And ours. A thread that is waited for like a vfork child would be one nobody has seen. */
	u64 known = FORK_FLAGS;
	if (has_all(flags, THREAD_FLAGS))
		known = (known | THREAD_FLAGS) & ~(u64)CLONE_VFORK;
	if ((flags & ~known) == 0)
		return 0;
	pr_debug("%s: clone with flags %#lx, of which %#lx are not supported\n",
		 thread_current()->name, flags, flags & ~known);
	return -EINVAL;
}

/* A bad address is the program's own affair: the fork has happened. So it is in Linux. */
static void put_tid(uaddr_t address, u32 pid)
{
	const int error = put_user_u32(address, pid);
	(void)error;
}

/* The new thread begins here, on its own stack and in its own memory. */
static void fork_child_return(void *arg)
{
	const struct task *t = arg;
	/* Here and not in the parent, whose memory this no longer is (docs/fork.md H20). */
	if (t->set_child_tid != 0)
		put_tid(t->set_child_tid, t->tid);
	trap_return_to_user();
}

/* ---- what each task has for itself ------------------------------------------------------ */

static int copy_files(struct task *t, u64 flags)
{
	struct fd_table *files = task_current()->files;
	if ((flags & CLONE_FILES) != 0) {
		fd_table_share(files);
		t->files = files;
	} else {
		t->files = fd_table_clone(files);
	}
	return t->files != NULL ? 0 : -ENOMEM;
}

/* The thread, which will leave its first system call like the parent's, but with 0. */
static int create_thread(struct task *t, struct aspace *as, const struct fork_args *args)
{
	struct thread *parent = thread_current();
	struct thread *thread = thread_create(NULL, fork_child_return, t);
	if (thread == NULL)
		return -ENOMEM;
	task_set_thread(t, thread);
	thread->satp = as->satp;
	thread->harts = &as->harts;

	struct trap_frame *frame = thread_user_frame(&thread->arch);
	words_copy(frame, thread_user_frame(&parent->arch), sizeof(*frame));
	frame->x[REG_A0] = 0;
	if (args->stack != 0)
		frame->x[REG_SP] = args->stack;
	if ((args->flags & CLONE_SETTLS) != 0)
		frame->x[REG_TP] = args->tls;
	fpu_fork(&parent->arch, &thread->arch);
	thread->arch.fail_nth = parent->arch.fail_nth;
	thread->arch.fails_for_now = parent->arch.fails_for_now;
	return 0;
}

/* Where the new one writes its number; 0: nowhere. */
static uaddr_t set_child_tid(const struct fork_args *args)
{
	return (args->flags & CLONE_CHILD_SETTID) != 0 ? args->child_tid : 0;
}

/* @t, like the running one, but for its signals: all that can fail. */
static int build_task(struct task *t, struct aspace *as, const struct fork_args *args)
{
	const struct task *me = task_current();
	cred_copy(&t->cred, &me->cred);
	t->io_priority = READ_ONCE(me->io_priority);
	t->set_child_tid = set_child_tid(args);
	t->clear_child_tid = (args->flags & CLONE_CHILD_CLEARTID) != 0 ? args->child_tid : 0;
	const int error = copy_files(t, args->flags);
	return error != 0 ? error : create_thread(t, as, args);
}

/* ---- a new process ---------------------------------------------------------------------- */

static void copy_limits_and_signals(struct process *child, struct process *parent, u64 flags)
{
	spin_lock(&parent->signals.lock);
	words_copy(child->limits, parent->limits, sizeof(child->limits));
	/* A vfork child is alone in the memory; of two that run there each needs a stack. */
	const bool runs_beside = (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM;
	signal_state_fork_locked(child, (flags & CLONE_CLEAR_SIGHAND) != 0, runs_beside);
	spin_unlock(&parent->signals.lock);
}

static void copy_places(struct process *child, struct process *parent)
{
	const struct path_ctx paths = task_paths();
	inode_get(paths.root);
	child->root = paths.root;
	inode_get(paths.cwd);
	child->cwd = paths.cwd;
	child->umask = paths.umask;
	file_get(parent->exe);
	(void)inode_deny_write(parent->exe->inode); /* the parent does already */
	child->exe = parent->exe;
}

static int copy_memory(struct process *child, struct process *parent, const struct fork_args *args)
{
	if ((args->flags & CLONE_VM) == 0) {
		const struct trap_frame *frame = thread_user_frame(&thread_current()->arch);
		const struct fork_place place = { .pc = frame->x[REG_PC],
						  .sp = frame->x[REG_SP],
						  .child_tid = set_child_tid(args) };
		return aspace_fork(parent->aspace, parent->fork_mode, &place, &child->aspace);
	}
	aspace_get(parent->aspace);
	child->aspace = parent->aspace;
	return 0;
}

static int build_child(struct process *child, struct process *parent, const struct fork_args *args)
{
	child->exit_signal = args->exit_signal;
	child->fork_mode = parent->fork_mode;
	copy_limits_and_signals(child, parent, args->flags);
	cpu_timers_init(&child->cpu_timers);
	copy_places(child, parent);
	const int error = copy_memory(child, parent, args);
	return error != 0 ? error : build_task(child->leader, child->aspace, args);
}

/*
 * Sleep until @child has its own memory or is gone; being ended ends it too. A signal that has a
 * handler must not: the child runs on the memory and the stack that its handler would use.
 */
static void vfork_wait(struct process *child)
{
	while (wait_event_interruptible(&child->vfork_wait, READ_ONCE(child->vfork_done)) != 0 &&
	       signal_put_off())
		;
}

static s64 fork_process(const struct fork_args *args)
{
	struct process *parent = process_current();
	struct process *child = process_create();
	if (child == NULL)
		return -ENOMEM;
	int error = build_child(child, parent, args);
	if (error == 0)
		error = process_publish(child, parent);
	if (error != 0) {
		process_put(child);
		return error;
	}
	/* The child may be gone once it runs: what is asked of it afterwards needs a reference. */
	const u32 pid = child->pid;
	trace(TRACE_FORK, pid, args->flags, 0);
	strace_fork(child);
	if (child->limits[RLIMIT_CPU].soft != RLIM_INFINITY)
		cpu_timers_limit(child);
	const bool waits = (args->flags & CLONE_VFORK) != 0;
	if (waits)
		process_get(child);
	if ((args->flags & CLONE_PARENT_SETTID) != 0)
		put_tid(args->parent_tid, pid);
	task_start(child->leader);
	if (waits) {
		vfork_wait(child);
		process_put(child);
	}
	return pid;
}

/* ---- a new thread ----------------------------------------------------------------------- */

static s64 fork_thread(const struct fork_args *args)
{
	struct process *p = process_current();
	struct task *t = task_create(p);
	if (t == NULL)
		return -ENOMEM;
	t->blocked = task_current()->blocked;
	int error = build_task(t, p->aspace, args);
	if (error == 0)
		error = task_publish(t);
	if (error != 0) {
		task_destroy(t);
		return error;
	}
	const u32 tid = t->tid;
	if ((args->flags & CLONE_PARENT_SETTID) != 0)
		put_tid(args->parent_tid, tid);
	task_start(t);
	return tid;
}

s64 process_fork(const struct fork_args *args)
{
	const int error = fork_check(args);
	if (error != 0)
		return error;
	/*
	 * Publication looks again. This only saves the work, which at the limit, where a runaway
	 * script tries all the time, is what would keep the harts from everybody else.
	 */
	if (signal_is_deliverable())
		return -ERESTARTNOINTR;
	if (process_table_is_full())
		return -EAGAIN;
	return (args->flags & CLONE_THREAD) != 0 ? fork_thread(args) : fork_process(args);
}
