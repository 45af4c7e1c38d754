// SPDX-License-Identifier: MIT
/*
 * Snapshots for /proc: everything under process_tree_lock at once, so that one text does not
 * contradict itself; what belongs to the scheduler is read racily.
 */
#include "kernel/proc/snapshot.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

void (*procinfo_tty_hook)(struct tty *tty, u32 *device, u32 *foreground);

char thread_state_letter(const struct thread *t)
{
	if (READ_ONCE(t->state) != THREAD_SLEEPING)
		return 'R';
	return READ_ONCE(t->sleeps_interruptibly) ? 'S' : 'D';
}

char process_state_letter(const struct process *p)
{
	const struct thread *t = p->leader->thread;
	if (p->leader->is_dead)
		return 'Z'; /* as in Linux, though others of its threads may live */
	if (p->state == PROCESS_STOPPED)
		return 'T';
	return thread_state_letter(t);
}

static void snapshot_locked(struct process *p, struct process_snapshot *s)
{
	const struct thread *t = p->leader->thread;
	struct task_usage used;
	process_usage_locked(p, &used);
	*s = (struct process_snapshot){
		.pid = p->pid,
		.ppid = p->parent != NULL ? p->parent->pid : 0,
		.pgid = p->pgid,
		.sid = p->sid,
		.state = process_state_letter(p),
		.exit_status = p->exit_status,
		.nice = READ_ONCE(t->nice),
		.cpu = READ_ONCE(t->arch.cpu)->index,
		.tty_foreground = -1,
		.children_user = p->children_user_time,
		.children_kernel = p->children_kernel_time,
		.start = p->start_time,
		.threads = p->live_count,
		.user = used.user,
		.kernel = used.kernel,
		.switches_voluntary = used.switches_voluntary,
		.switches_forced = used.switches_forced,
		.cred = p->leader->cred,
		.umask = p->umask,
	};
	signal_masks_of_locked(p->leader, &s->masks);
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

bool process_may_be_looked_at(struct process *p)
{
	const struct task *me = task_current();
	if (me == NULL || me->process == p || me->cred.euid == 0)
		return true;
	/* All three: a set-user-ID program that they started is not theirs. */
	const struct cred theirs = process_cred(p);
	const u32 uid = me->cred.euid;
	return uid == theirs.uid && uid == theirs.euid && uid == theirs.suid;
}
