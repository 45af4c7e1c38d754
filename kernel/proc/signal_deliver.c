/* SPDX-License-Identifier: MIT */
/*
 * The decision about each signal that is taken, in this order:
 *
 * | action  | signal                                   | what happens                              |
 * |---------|------------------------------------------|-------------------------------------------|
 * | ignore  | any                                      | nothing                                   |
 * | handler | any                                      | the handler is called                     |
 * | default | to PID 1, unless a fault or forced       | nothing                                   |
 * | default | SIGCHLD SIGCONT SIGURG SIGWINCH          | nothing (SIGCONT did its work when sent)  |
 * | default | SIGSTOP                                  | stops                                     |
 * | default | SIGTSTP SIGTTIN SIGTTOU                  | stops, unless its group is orphaned       |
 * | default | any other                                | ends the process; no core is ever written |
 *
 * Locks: process_tree_lock around changes of process->state.
 */
#include "kernel/proc/signal_deliver.h"

#include "kernel/core/printk.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/process.h"
#include "lib/abi/wait.h"

/* The stop was asked for and neither taken back by SIGCONT or SIGKILL nor pointless. */
static bool stop_begin(struct process *p, int sig)
{
	spin_lock(&process_tree_lock);
	if (sig != SIGSTOP && process_group_is_orphaned_locked(p->pgid, NULL))
		signal_cancel_stop();
	const bool stops = READ_ONCE(p->signals.is_stopped);
	if (stops) {
		p->state = PROCESS_STOPPED;
		p->stop_status = wait_status_stopped((u32)sig);
		process_notify_parent_locked(p, CLD_STOPPED, sig);
	}
	spin_unlock(&process_tree_lock);
	return stops;
}

static void stop_end(struct process *p)
{
	spin_lock(&process_tree_lock);
	p->state = PROCESS_ALIVE;
	if (signal_is_fatal_pending()) {
		p->stop_status = 0;
	} else {
		p->stop_status = WAIT_STATUS_CONTINUED;
		process_notify_parent_locked(p, CLD_CONTINUED, SIGCONT);
	}
	spin_unlock(&process_tree_lock);
}

/* signal_take_next() has set is_stopped; whoever clears it since then wins. */
static void stop(struct process *p, int sig)
{
	if (!stop_begin(p, sig))
		return;
	wait_event(&p->signals.wait, !READ_ONCE(p->signals.is_stopped));
	stop_end(p);
}

static void act_by_default(struct process *p, const struct signal_taken *taken)
{
	const int sig = taken->info.si_signo;
	const u64 bit = SIGNAL_BIT(sig);

	if (p->pid == PID_INIT && !taken->is_forced)
		return;
	if ((bit & SIGNALS_IGNORED_BY_DEFAULT) != 0)
		return;
	if ((bit & SIGNALS_STOPPING) != 0) {
		stop(p, sig);
		return;
	}
	pr_debug("%s[%u]: ended by signal %d\n", p->thread->name, p->pid, sig);
	process_exit(wait_status_signaled((u32)sig, false));
}

bool signal_next(struct signal_delivery *out)
{
	struct process *p = process_current();
	const struct signal_state *s = &p->signals;
	struct signal_taken taken;

	for (;;) {
		if (!signal_take_next(&taken))
			return false;
		if (taken.action.handler == SIG_IGN)
			continue;
		if (taken.action.handler != SIG_DFL)
			break;
		act_by_default(p, &taken);
	}
	out->info = taken.info;
	out->action = taken.action;
	out->old_mask = s->restores_blocked ? s->saved_blocked : s->blocked;
	return true;
}

void signal_delivered(const struct signal_delivery *d)
{
	struct signal_state *s = &process_current()->signals;
	u64 mask = s->blocked | d->action.mask;

	if ((d->action.flags & SA_NODEFER) == 0)
		mask |= SIGNAL_BIT(d->info.si_signo);
	s->restores_blocked = false;
	signal_set_mask(mask);
}

void signal_undeliverable(const struct signal_delivery *d)
{
	if (d->info.si_signo == SIGSEGV) {
		const struct ksigaction by_default = { .handler = SIG_DFL };
		(void)signal_set_action(SIGSEGV, &by_default, NULL); /* always has an action */
	}
	signal_fault(SIGSEGV, SI_KERNEL, 0);
}
