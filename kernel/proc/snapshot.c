// SPDX-License-Identifier: MIT
/*
 * Snapshots for /proc: everything under process_tree_lock at once, so that one text does not
 * contradict itself; what belongs to the scheduler is read racily.
 */
#include "kernel/proc/snapshot.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

void (*procinfo_tty_hook)(struct tty *tty, u32 *device, u32 *foreground);

static char state_letter(const struct process *p)
{
	if (p->state == PROCESS_ZOMBIE)
		return 'Z';
	if (p->state == PROCESS_STOPPED)
		return 'T';
	if (READ_ONCE(p->thread->state) != THREAD_SLEEPING)
		return 'R';
	return READ_ONCE(p->thread->sleeps_interruptibly) ? 'S' : 'D';
}

static void snapshot_locked(const struct process *p, struct process_snapshot *s)
{
	const struct thread *t = p->thread;
	*s = (struct process_snapshot){
		.pid = p->pid,
		.ppid = p->parent != NULL ? p->parent->pid : 0,
		.pgid = p->pgid,
		.sid = p->sid,
		.state = state_letter(p),
		.exit_status = p->exit_status,
		.nice = READ_ONCE(t->nice),
		.cpu = READ_ONCE(t->arch.cpu)->index,
		.tty_foreground = -1,
		.children_user = p->children_user_time,
		.children_kernel = p->children_kernel_time,
		.start = p->start_time,
		.switches_voluntary = t->switches_voluntary,
		.switches_forced = t->switches_forced,
		.cred = p->cred,
	};
	process_times(p, &s->user, &s->kernel);
	(void)strlcpy(s->name, t->name, sizeof(s->name)); /* as long as the original */
	if (p->tty != NULL && procinfo_tty_hook != NULL) {
		u32 foreground = 0;
		procinfo_tty_hook(p->tty, &s->tty_device, &foreground);
		s->tty_foreground = (s32)foreground;
	}
}

int process_snapshot_take(u32 pid, struct process **out, struct process_snapshot *snapshot)
{
	spin_lock(&process_tree_lock);
	struct process *p = process_find_locked(pid);
	if (p != NULL) {
		process_get(p);
		snapshot_locked(p, snapshot);
	}
	spin_unlock(&process_tree_lock);
	if (p == NULL)
		return -ESRCH;
	*out = p;
	return 0;
}
