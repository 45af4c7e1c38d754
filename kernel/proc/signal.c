/* SPDX-License-Identifier: MIT */
/*
 * Signals of one process and its threads: sending, taking, masks, handlers.
 *
 * A signal that is ignored when it is sent, and not blocked, leaves no trace (if blocked, the
 * program may still change its mind). Stop signals and SIGCONT undo each other when sent, whatever
 * becomes of them later.
 *
 * What was sent to the process is marked on one thread that would take it, or awaits it. A thread
 * that will not take it after all (it blocks it now, it ends, its wait is over) marks another one:
 * retarget_locked().
 *
 * Locks: signals.lock for everything. A sender may hold process_tree_lock; nothing is called here
 * that takes a lock of a lower rank, so signal_send() is safe wherever spinlocks up to RANK_SIGNAL
 * are.
 *
 * The sets and queues: signal_pending.c. What fork, exec and exit do: signal_state.c. What becomes
 * of a signal that was taken: signal_deliver.c. Permissions and groups: jobctl.c.
 */
#include "kernel/proc/signal.h"

#include "kernel/core/panic.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_pending.h"

#define SA_KNOWN                                                                           \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND)

/* ---- the marks -------------------------------------------------------------------------- */

/* Make @t look, wherever it is. In this order: its hart is made to look at the flags. */
static void mark(struct task *t)
{
	if (t->is_closed)
		return;
	thread_work_set(&t->thread->arch, TW_SIGNAL);
	thread_interrupt(t->thread);
}

static u64 pending_for_locked(const struct task *t)
{
	return t->pending.set | t->process->signals.pending.set;
}

/* Clear the running thread's marks if nothing is left that asks for them. */
static void unmark_locked(struct task *t)
{
	if (t->fault.si_signo != 0 || t->process->signals.is_stopped || t->is_killed)
		return;
	thread_clear_interrupted();
	/* Nobody else sets it now. */
	if (!t->restores_blocked)
		thread_work_clear(&t->thread->arch, TW_SIGNAL);
}

/* The running thread's marks after its mask, the handlers or what is pending changed. */
static void recalculate_locked(struct task *t)
{
	if (unlikely((pending_for_locked(t) & ~t->blocked) != 0))
		mark(t);
	else if ((READ_ONCE(t->thread->arch.work) & TW_SIGNAL) != 0)
		unmark_locked(t);
}

/* @t would take @sig, or awaits it: let it know. */
static void notify_locked(struct task *t, int sig)
{
	const u64 bit = SIGNAL_BIT(sig);

	if ((t->awaited & bit) != 0)
		waitq_wake_all(&t->process->signals.wait);
	if ((t->blocked & bit) == 0)
		mark(t);
}

static bool takes_locked(const struct task *t, int sig)
{
	return !t->is_closed && ((~t->blocked | t->awaited) & SIGNAL_BIT(sig)) != 0;
}

/* Let a task of @p know of @sig, which was sent to the process: best one that has nothing else to
 * look at. Not @except. */
static void notify_one_locked(struct process *p, int sig, const struct task *except)
{
	struct task *chosen = NULL;

	list_for_each(t, &p->tasks, struct task, node) {
		if (t == except || !takes_locked(t, sig))
			continue;
		if (chosen == NULL || !READ_ONCE(t->thread->interrupted))
			chosen = t;
		if (!READ_ONCE(t->thread->interrupted))
			break;
	}
	if (chosen != NULL)
		notify_locked(chosen, sig);
}

static void mark_all_locked(struct process *p)
{
	list_for_each(t, &p->tasks, struct task, node) {
		mark(t);
	}
}

/* Those that take no more signals, and yet may wait for somebody (strace_exit()). */
static void interrupt_closed_locked(struct process *p)
{
	list_for_each(t, &p->tasks, struct task, node) {
		if (t->is_closed)
			thread_interrupt(t->thread);
	}
}

static __noinline void pass_on_locked(struct task *t, u64 set)
{
	for (; set != 0; set &= set - 1)
		notify_one_locked(t->process, __builtin_ctzll(set) + 1, t);
}

/* @t will not take those of @set that were sent to its process and may have been left to it. */
static void retarget_locked(struct task *t, u64 set)
{
	const u64 left = t->process->signals.pending.set & set;

	if (unlikely(left != 0))
		pass_on_locked(t, left);
}

/* The running thread blocks exactly @mask from now on, less the unblockable. */
static void set_blocked_locked(struct task *t, u64 mask)
{
	const u64 before = t->blocked;

	t->blocked = mask & ~SIGNALS_UNBLOCKABLE;
	retarget_locked(t, t->blocked & ~before);
	recalculate_locked(t);
}

/* ---- actions ---------------------------------------------------------------------------- */

const struct ksigaction *signal_action_locked(const struct signal_state *s, int sig)
{
	static const struct ksigaction by_default = { .handler = SIG_DFL };

	return (s->actions_set & SIGNAL_BIT(sig)) != 0 ? &s->actions[sig] : &by_default;
}

static bool action_is_default(const struct ksigaction *action)
{
	return (action->handler | action->flags | action->mask) == 0;
}

/* @action: with known flags and a mask without the unblockable. */
static void action_set_locked(struct signal_state *s, int sig, struct ksigaction action)
{
	const u64 bit = SIGNAL_BIT(sig);
	const u64 ignored = s->actions_ignored & ~bit;

	s->actions_ignored = action.handler == SIG_IGN ? ignored | bit : ignored;
	if (action_is_default(&action)) {
		WRITE_ONCE(s->actions_set, s->actions_set & ~bit);
		return;
	}
	WRITE_ONCE(s->actions_set, s->actions_set | bit);
	s->actions[sig] = action;
}

/* The default one from now on, with the flags and the mask that it has. */
static void action_drop_handler_locked(struct signal_state *s, int sig)
{
	s->actions_ignored &= ~SIGNAL_BIT(sig);
	if ((s->actions_set & SIGNAL_BIT(sig)) != 0)
		s->actions[sig].handler = SIG_DFL;
}

/* ---- sending ---------------------------------------------------------------------------- */

static bool action_ignores(const struct ksigaction *action, int sig)
{
	return action->handler == SIG_IGN ||
	       (action->handler == SIG_DFL && (SIGNAL_BIT(sig) & SIGNALS_IGNORED_BY_DEFAULT) != 0);
}

/* @t: the one it is sent to, or the leader. */
static bool drops_locked(const struct task *t, int sig)
{
	const struct process *p = t->process;
	const struct ksigaction *action = signal_action_locked(&p->signals, sig);

	if ((t->blocked & SIGNAL_BIT(sig)) != 0)
		return false;
	return action_ignores(action, sig) || (p->pid == PID_INIT && action->handler == SIG_DFL);
}

static void continue_locked(struct signal_state *s)
{
	if (!s->is_stopped)
		return;
	s->is_stopped = false;
	waitq_wake_all(&s->wait);
}

/* To @t alone, or to all of @p if it is NULL. */
static int send_locked(struct process *p, struct task *t, int sig, const struct siginfo *info)
{
	struct signal_state *s = &p->signals;

	if (s->is_closed || (t != NULL && t->is_closed))
		return 0;
	if ((SIGNAL_BIT(sig) & SIGNALS_STOPPING) != 0)
		pending_discard_everywhere_locked(p, SIGNAL_BIT(SIGCONT));
	if (sig == SIGCONT) {
		pending_discard_everywhere_locked(p, SIGNALS_STOPPING);
		continue_locked(s);
	}
	if (drops_locked(t != NULL ? t : p->leader, sig) && !(sig == SIGKILL && s->kill_is_forced))
		return 0;
	/* Whoever it is sent to, the whole process ends: any thread may begin with that. */
	if (sig == SIGKILL)
		t = NULL;
	const int error = pending_add_locked(s, t != NULL ? &t->pending : &s->pending, sig, info);
	if (error != 0)
		return error;
	if (sig == SIGKILL) {
		continue_locked(s);
		mark_all_locked(p);
		interrupt_closed_locked(p);
		waitq_wake_all(&s->wait); /* an exec that waits for the others */
	} else if (t != NULL) {
		notify_locked(t, sig);
	} else {
		notify_one_locked(p, sig, NULL);
	}
	return 0;
}

bool signal_is_dropped_locked(const struct process *p, int sig)
{
	return p->signals.is_closed || drops_locked(p->leader, sig);
}

int signal_send(struct process *p, int sig, const struct siginfo *info)
{
	ASSERT(sig > 0 && sig < NSIG);
	trace(TRACE_SIGNAL, (u32)sig, p->pid, info != NULL ? info->si_code : 0);
	spin_lock(&p->signals.lock);
	const int error = send_locked(p, NULL, sig, info);
	spin_unlock(&p->signals.lock);
	return error;
}

int signal_send_task(struct task *t, int sig, const struct siginfo *info)
{
	struct signal_state *s = &t->process->signals;

	ASSERT(sig > 0 && sig < NSIG);
	trace(TRACE_SIGNAL, (u32)sig, t->tid, info != NULL ? info->si_code : 0);
	spin_lock(&s->lock);
	const int error = send_locked(t->process, t, sig, info);
	spin_unlock(&s->lock);
	return error;
}

void signal_kill(struct process *p)
{
	trace(TRACE_SIGNAL, SIGKILL, p->pid, 0);
	spin_lock(&p->signals.lock);
	p->signals.kill_is_forced = true;
	(void)send_locked(p, NULL, SIGKILL, NULL); /* cannot fail: it needs no siginfo */
	spin_unlock(&p->signals.lock);
}

void signal_fault(int sig, int code, uaddr_t address)
{
	struct task *t = task_current();
	struct signal_state *s = &t->process->signals;
	const u64 bit = SIGNAL_BIT(sig);

	trace(TRACE_SIGNAL, (u32)sig, t->tid, code);
	spin_lock(&s->lock);
	if ((t->blocked & bit) != 0 || signal_action_locked(s, sig)->handler == SIG_IGN) {
		action_drop_handler_locked(s, sig);
		t->blocked &= ~bit;
	}
	siginfo_init(&t->fault, sig, code);
	t->fault.si_addr = address;
	mark(t);
	spin_unlock(&s->lock);
}

static __cold void end_others_locked(struct process *p, const struct task *me)
{
	list_for_each(t, &p->tasks, struct task, node) {
		if (t == me)
			continue;
		WRITE_ONCE(t->is_killed, true);
		mark(t);
	}
	waitq_wake_all(&p->signals.wait); /* those that are stopped, and an exec that waits */
}

void signal_end_others_locked(void)
{
	struct task *me = task_current();

	if (me->process->live_count != 1)
		end_others_locked(me->process, me);
}

/* ---- taking ----------------------------------------------------------------------------- */

static void enter_handler_locked(struct task *t, int sig, const struct ksigaction *action)
{
	u64 mask = t->blocked | action->mask;

	if ((action->flags & SA_NODEFER) == 0)
		mask |= SIGNAL_BIT(sig);
	if ((action->flags & SA_RESETHAND) != 0)
		action_drop_handler_locked(&t->process->signals, sig);
	set_blocked_locked(t, mask);
}

/* The signal itself is in out->info: look up what is to be done about it. */
static void take_action_locked(struct task *t, struct signal_taken *out)
{
	const struct process *p = t->process;
	struct signal_state *s = &t->process->signals;
	const int sig = out->info.si_signo;

	out->kind = TAKEN_SIGNAL;
	out->action = *signal_action_locked(s, sig);
	out->blocked_before = t->blocked;
	if (out->action.handler == SIG_DFL) {
		if ((SIGNAL_BIT(sig) & SIGNALS_STOPPING) != 0 && p->pid != PID_INIT) {
			s->is_stopped = true;
			s->stop_signal = sig;
		}
	} else if (out->action.handler != SIG_IGN) {
		enter_handler_locked(t, sig, &out->action);
	}
}

static bool take_next_locked(struct task *t, struct signal_taken *out)
{
	struct signal_state *s = &t->process->signals;
	const u64 deliverable = pending_for_locked(t) & ~t->blocked;

	if (t->is_killed) {
		out->kind = TAKEN_END;
	} else if (s->is_stopped) {
		out->kind = TAKEN_STOP;
	} else if (t->fault.si_signo != 0 && (deliverable & SIGNAL_BIT(SIGKILL)) == 0) {
		out->info = t->fault;
		out->is_forced = true;
		t->fault.si_signo = 0;
		take_action_locked(t, out);
	} else if (pending_take_any_locked(t, deliverable, &out->info) != 0) {
		out->is_forced = out->info.si_signo == SIGKILL && s->kill_is_forced;
		take_action_locked(t, out);
	} else {
		recalculate_locked(t);
		return false;
	}
	return true;
}

bool signal_take_next(struct signal_taken *out)
{
	struct task *t = task_current();
	struct signal_state *s = &t->process->signals;

	spin_lock(&s->lock);
	const bool found = take_next_locked(t, out);
	spin_unlock(&s->lock);
	return found;
}

void signal_spread_stop(void)
{
	struct process *p = process_current();

	spin_lock(&p->signals.lock);
	if (p->signals.is_stopped)
		mark_all_locked(p);
	spin_unlock(&p->signals.lock);
}

void signal_cancel_stop(void)
{
	struct signal_state *s = &process_current()->signals;

	spin_lock(&s->lock);
	/* Since the caller took its signal there may have been SIGCONT, and another stop. */
	if (s->stop_signal != SIGSTOP)
		continue_locked(s);
	spin_unlock(&s->lock);
}

/* Take one of @set now, if there is one. */
static bool take_awaited(struct task *t, u64 set, struct siginfo *out)
{
	struct signal_state *s = &t->process->signals;

	spin_lock(&s->lock);
	const int sig = pending_take_any_locked(t, set, out);
	if (sig != 0)
		recalculate_locked(t);
	spin_unlock(&s->lock);
	return sig != 0;
}

/* From here on senders do not count on this thread for @set; those who did found another one. */
static void set_awaited(struct task *t, u64 set)
{
	struct signal_state *s = &t->process->signals;

	spin_lock(&s->lock);
	const u64 before = t->awaited;
	t->awaited = set;
	retarget_locked(t, before & ~set & t->blocked);
	spin_unlock(&s->lock);
}

int signal_wait(u64 set, nsec_t deadline, struct siginfo *out)
{
	struct task *t = task_current();
	struct waitq *q = &t->process->signals.wait;
	const u64 wanted = set & ~SIGNALS_UNBLOCKABLE;

	set_awaited(t, wanted);
	const int error = wait_event_until(q, take_awaited(t, wanted, out), true, deadline);
	set_awaited(t, 0);
	if (error == 0)
		return out->si_signo;
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

/* ---- masks and handlers ----------------------------------------------------------------- */

void signal_set_mask(u64 mask)
{
	struct task *t = task_current();
	struct signal_state *s = &t->process->signals;

	spin_lock(&s->lock);
	set_blocked_locked(t, mask);
	spin_unlock(&s->lock);
}

void signal_set_temporary_mask(u64 mask)
{
	struct task *t = task_current();

	/* A call that is done again for want of memory has saved it before. */
	if (!t->restores_blocked)
		t->saved_blocked = t->blocked;
	t->restores_blocked = true;
	signal_set_mask(mask);
	thread_work_set(&t->thread->arch, TW_SIGNAL);
}

bool signal_restore_mask(void)
{
	struct task *t = task_current();

	if (!t->restores_blocked)
		return false;
	t->restores_blocked = false;
	signal_set_mask(t->saved_blocked);
	return true;
}

/* The rest of the next. */
static __noinline void change_action(int sig, const struct ksigaction *new_action,
				     struct ksigaction *old)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;

	spin_lock(&s->lock);
	if (old != NULL)
		*old = *signal_action_locked(s, sig);
	if (new_action != NULL) {
		const struct ksigaction action = { .handler = new_action->handler,
						   .flags = new_action->flags & SA_KNOWN,
						   .mask = new_action->mask &
							   ~SIGNALS_UNBLOCKABLE };
		action_set_locked(s, sig, action);
		if (action_ignores(&action, sig)) {
			pending_discard_everywhere_locked(p, SIGNAL_BIT(sig));
			recalculate_locked(task_current());
		}
	}
	spin_unlock(&s->lock);
}

/*
 * Nearly every action is the default one, and who asks, or makes it that, finds it so. One bit says
 * it, so that takes no lock: what another thread does about it meanwhile comes after. But what is
 * to be ignored must not stay pending either.
 */
static bool changes_nothing(const struct signal_state *s, int sig,
			    const struct ksigaction *new_action)
{
	const u64 bit = SIGNAL_BIT(sig);

	if ((READ_ONCE(s->actions_set) & bit) != 0)
		return false;
	return new_action == NULL ||
	       (action_is_default(new_action) && (bit & SIGNALS_IGNORED_BY_DEFAULT) == 0);
}

int signal_set_action(int sig, const struct ksigaction *new_action, struct ksigaction *old)
{
	if (sig < 1 || sig >= NSIG)
		return -EINVAL;
	if (new_action != NULL && (SIGNAL_BIT(sig) & SIGNALS_UNBLOCKABLE) != 0)
		return -EINVAL;
	if (!changes_nothing(&process_current()->signals, sig, new_action))
		change_action(sig, new_action, old);
	else if (old != NULL)
		*old = (struct ksigaction){ .handler = SIG_DFL };
	return 0;
}

/* ---- the end of a thread ---------------------------------------------------------------- */

void signal_task_close_locked(struct task *t)
{
	t->is_closed = true;
	pending_discard_locked(&t->process->signals, &t->pending, ~0ULL);
	t->fault.si_signo = 0;
	retarget_locked(t, ~t->blocked);
	thread_clear_interrupted();
}
