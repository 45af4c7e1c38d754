/* SPDX-License-Identifier: MIT */
/*
 * What a process knows of signals from its beginning to its end: fork, exec and exit. And the
 * interval timer that sends one.
 *
 * Locks: signals.lock of the process, unless nobody else knows it yet; the timer's own.
 */
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_pending.h"

/* What is ignored stays so; every other action becomes the default one. */
static void actions_reset_locked(struct signal_state *s)
{
	static const struct ksigaction ignored = { .handler = SIG_IGN };

	WRITE_ONCE(s->actions_set, s->actions_ignored);
	for (u64 left = s->actions_ignored; left != 0; left &= left - 1)
		s->actions[__builtin_ctzll(left) + 1] = ignored;
}

/* setitimer(ITIMER_REAL) expired. The timer is stopped before the process goes away. */
static void real_timer_expired(struct itimer *t)
{
	struct process *p = container_of(t, struct process, signals.real_timer);

	(void)signal_send(p, SIGALRM, NULL); /* a signal up to 31 cannot fail */
}

void signal_state_init(struct process *p)
{
	struct signal_state *s = &p->signals;

	words_clear(s, offsetof(struct signal_state, real_timer));
	s->real_timer.expired = NULL;
	list_init(&s->first_queued.node);
	spin_init(&s->lock, "signals", RANK_SIGNAL);
	list_init(&s->pending.queue);
	waitq_init(&s->wait, "signal");
}

struct itimer *signal_real_timer(void)
{
	struct signal_state *s = &process_current()->signals;
	spin_lock(&s->lock);
	if (s->real_timer.expired == NULL)
		itimer_init(&s->real_timer, real_timer_expired);
	spin_unlock(&s->lock);
	return &s->real_timer;
}

void signal_state_fork_locked(struct process *child, bool clear_handlers, bool runs_beside)
{
	const struct task *me = task_current();
	const struct signal_state *from = &me->process->signals;
	struct signal_state *to = &child->signals;

	child->leader->blocked = me->blocked;
	to->actions_set = from->actions_set;
	to->actions_ignored = from->actions_ignored;
	for (u64 left = from->actions_set; left != 0; left &= left - 1) {
		const int sig = __builtin_ctzll(left) + 1;
		to->actions[sig] = from->actions[sig];
	}
	if (clear_handlers)
		actions_reset_locked(to); /* nobody else knows it yet */
	if (!runs_beside)
		child->leader->altstack = me->altstack;
}

void signal_state_exec(void)
{
	struct task *t = task_current();
	struct signal_state *s = &t->process->signals;

	spin_lock(&s->lock);
	actions_reset_locked(s);
	spin_unlock(&s->lock);
	t->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	t->restart.resume = NULL;
}

void signal_timer_stop(struct process *p)
{
	if (p->signals.real_timer.expired != NULL)
		itimer_stop(&p->signals.real_timer);
}

void signal_state_close_locked(struct process *p)
{
	p->signals.is_closed = true;
	/* Its tasks, closed all, have none. */
	pending_discard_locked(&p->signals, &p->signals.pending, ~0ULL);
}
