// SPDX-License-Identifier: MIT
/*
 * Snapshots for /proc: everything under process_tree_lock at once, so that one text does not
 * contradict itself; what belongs to the scheduler is read racily.
 */
#include "kernel/proc/snapshot.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

void (*procinfo_tty_hook)(struct tty *tty, u32 *device, u32 *foreground);

char task_state_letter(const struct task *t)
{
	if (t->is_dead)
		return 'Z'; /* of a leader, as in Linux, though other tasks may live */
	if (t->process->state == PROCESS_STOPPED)
		return 'T';
	if (READ_ONCE(t->thread->state) != THREAD_SLEEPING)
		return 'R';
	return READ_ONCE(t->thread->sleeps_interruptibly) ? 'S' : 'D';
}

/* @is_one: of @task alone, not of its process, which it leads. */
static void snapshot_locked(struct task *task, bool is_one, struct process_snapshot *s)
{
	const struct process *p = task->process;
	const struct thread *t = task->thread;
	struct task_usage used;
	if (is_one)
		task_usage(task, &used);
	else
		process_usage_locked(p, &used);
	*s = (struct process_snapshot){
		.pid = p->pid,
		.tid = task->tid,
		.ppid = p->parent != NULL ? p->parent->pid : 0,
		.pgid = p->pgid,
		.sid = p->sid,
		.state = task_state_letter(task),
		.exit_status = READ_ONCE(p->exit_status),
		.nice = READ_ONCE(t->nice),
		.wait_reason = READ_ONCE(t->wait_reason),
		.cpu = READ_ONCE(t->arch.cpu)->index,
		.tty_foreground = -1,
		.children_user = p->children_user_time,
		.children_kernel = p->children_kernel_time,
		.start = task->start_time,
		.threads = p->live_count,
		.user = used.user,
		.kernel = used.kernel,
		.switches_voluntary = used.switches_voluntary,
		.switches_forced = used.switches_forced,
		.cred = task->cred,
		.umask = p->umask,
	};
	signal_masks_of_locked(task, &s->masks);
	(void)strlcpy(s->name, t->name, sizeof(s->name)); /* as long as the original */
	if (p->tty != NULL && procinfo_tty_hook != NULL) {
		u32 foreground = 0;
		procinfo_tty_hook(p->tty, &s->tty_device, &foreground);
		s->tty_foreground = (s32)foreground;
	}
}

int process_snapshot_take(u32 pid, u32 tid, struct process **out, struct process_snapshot *snapshot)
{
	int error = -ESRCH;
	spin_lock(&process_tree_lock);
	struct process *p = process_find_locked(pid);
	struct task *t = p == NULL ? NULL : tid == 0 ? p->leader : task_find_locked(tid);
	if (t != NULL && t->process == p) {
		process_get(p);
		snapshot_locked(t, tid != 0, snapshot);
		*out = p;
		error = 0;
	}
	spin_unlock(&process_tree_lock);
	return error;
}

bool process_may_be_looked_at(struct process *p)
{
	spin_lock(&p->signals.lock);
	const bool may = process_may_be_looked_at_locked(p);
	spin_unlock(&p->signals.lock);
	return may;
}
