// SPDX-License-Identifier: MIT
/*
 * Questions about signals, and the alternate stack, which only its own thread knows.
 *
 * Locks: signals.lock where a question is about others; the running thread's own need none.
 */
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"

/* ---- the alternate stack ---------------------------------------------------------------- */

bool signal_is_on_altstack(u64 sp)
{
	const struct sigaltstack *stack = &task_current()->altstack;

	if (((u32)stack->ss_flags & SS_AUTODISARM) != 0)
		return false;
	return sp > stack->ss_sp && sp - stack->ss_sp <= stack->ss_size;
}

void signal_get_altstack(struct sigaltstack *out, u64 sp)
{
	const struct sigaltstack *stack = &task_current()->altstack;

	*out = *stack;
	if (stack->ss_size == 0)
		out->ss_flags = SS_DISABLE;
	else if (signal_is_on_altstack(sp))
		out->ss_flags |= SS_ONSTACK;
}

int signal_set_altstack(const struct sigaltstack *stack, u64 sp)
{
	struct sigaltstack *mine = &task_current()->altstack;
	const u32 mode = (u32)stack->ss_flags & ~SS_AUTODISARM;

	if (mode == SS_DISABLE && mine->ss_size == 0)
		return 0; /* none before, none now */
	if (signal_is_on_altstack(sp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		*mine = (struct sigaltstack){ .ss_flags = SS_DISABLE };
		return 0;
	}
	if (stack->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	*mine = (struct sigaltstack){ .ss_sp = stack->ss_sp, .ss_size = stack->ss_size };
	mine->ss_flags = (s32)((u32)stack->ss_flags & SS_AUTODISARM);
	return 0;
}

/* ---- questions -------------------------------------------------------------------------- */

/* These read without the lock: what comes later comes with a mark. */

static u64 pending_now(const struct task *t)
{
	return READ_ONCE(t->pending.set) | READ_ONCE(t->process->signals.pending.set);
}

static struct ksigaction action_of(struct process *p, int sig)
{
	spin_lock(&p->signals.lock);
	const struct ksigaction action = *signal_action_locked(&p->signals, sig);
	spin_unlock(&p->signals.lock);
	return action;
}

bool signal_is_deliverable(void)
{
	const struct task *t = task_current();

	return (pending_now(t) & ~t->blocked) != 0 || t->fault.si_signo != 0 ||
	       READ_ONCE(t->process->signals.is_stopped) || READ_ONCE(t->is_killed);
}

bool signal_is_fatal_pending(void)
{
	const struct task *t = task_current();

	return (pending_now(t) & SIGNAL_BIT(SIGKILL)) != 0 || READ_ONCE(t->is_killed);
}

bool signal_will_end(void)
{
	const struct task *t = task_current();
	struct process *p = t->process;

	if (signal_is_fatal_pending())
		return true;
	if (p->pid == PID_INIT)
		return false;
	u64 set = pending_now(t) & ~t->blocked & ~SIGNALS_STOPPING & ~SIGNALS_IGNORED_BY_DEFAULT;
	bool ends = false;
	for (; set != 0 && !ends; set &= set - 1)
		ends = action_of(p, __builtin_ctzll(set) + 1).handler == SIG_DFL;
	return ends;
}

bool signal_put_off(void)
{
	struct signal_state *s = &process_current()->signals;

	/* Under the lock under which senders mark the thread: whoever did so before is seen now. */
	spin_lock(&s->lock);
	thread_clear_interrupted();
	spin_unlock(&s->lock);
	return !signal_will_end();
}

u64 signal_pending_blocked(void)
{
	const struct task *t = task_current();

	return pending_now(t) & t->blocked;
}

bool signal_is_blocked_or_ignored(int sig)
{
	const struct task *t = task_current();

	return (t->blocked & SIGNAL_BIT(sig)) != 0 || action_of(t->process, sig).handler == SIG_IGN;
}

struct signal_child_wishes signal_child_wishes(struct process *parent)
{
	spin_lock(&parent->signals.lock);
	const struct ksigaction *action = signal_action_locked(&parent->signals, SIGCHLD);
	const bool is_ignored = action->handler == SIG_IGN;
	const struct signal_child_wishes wishes = {
		.is_dropped = signal_is_dropped_locked(parent, SIGCHLD),
		.discards = is_ignored || (action->flags & SA_NOCLDWAIT) != 0,
		.wants_stops = !is_ignored && (action->flags & SA_NOCLDSTOP) == 0,
	};
	spin_unlock(&parent->signals.lock);
	return wishes;
}

void signal_masks_of_locked(struct task *t, struct signal_masks *out)
{
	struct signal_state *s = &t->process->signals;

	*out = (struct signal_masks){ 0 };
	spin_lock(&s->lock);
	out->pending = t->pending.set;
	out->shared_pending = s->pending.set;
	out->blocked = t->blocked;
	out->queued_count = s->queued_count;
	for (int sig = 1; sig < NSIG; sig++) {
		const u64 handler = signal_action_locked(s, sig)->handler;
		if (handler == SIG_IGN)
			out->ignored |= SIGNAL_BIT(sig);
		else if (handler != SIG_DFL)
			out->caught |= SIGNAL_BIT(sig);
	}
	spin_unlock(&s->lock);
}
