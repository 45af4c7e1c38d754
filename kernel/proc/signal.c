/* SPDX-License-Identifier: MIT */
/*
 * Signals of one process: sending, pending sets, masks, handlers.
 *
 * A pending signal is a bit in `pending` and, where there was memory, its siginfo in `queue`.
 * Numbers up to 31 are pending once however often they are sent; real-time ones once for each
 * siginfo. A signal that is ignored when it is sent, and not blocked, leaves no trace (if blocked,
 * the program may still change its mind). Stop signals and SIGCONT undo each other when sent,
 * whatever becomes of them later.
 *
 * Locks: signals.lock for everything. A sender may hold process_tree_lock; nothing is called here
 * that takes a lock of a lower rank, so signal_send() is safe wherever spinlocks up to RANK_SIGNAL
 * are.
 *
 * What becomes of a signal that was taken: signal_deliver.c. Permissions and groups: jobctl.c.
 */
#include "kernel/proc/signal.h"

#include "kernel/core/panic.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "mm/pmm/slab.h"

/* Caused by the instruction that was running, so they go before others. */
#define SIGNALS_SYNCHRONOUS                                                                    \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))
#define SA_KNOWN                                                                           \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND)

struct queued_signal {
	struct list node; /* signal_state.queue */
	struct siginfo info;
};

static struct slab_cache *queued_signal_cache;

void signal_init(void)
{
	queued_signal_cache = slab_create("queued_signal", sizeof(struct queued_signal), 8);
	if (queued_signal_cache == NULL)
		panic("no memory for the cache of queued signals");
}

static bool signal_is_realtime(int sig)
{
	return sig >= SIGRTMIN;
}

/* ---- pending signals -------------------------------------------------------------------- */

static void queued_signal_free_locked(struct signal_state *s, struct queued_signal *q)
{
	list_remove(&q->node);
	s->queued_count--;
	slab_free(queued_signal_cache, q);
}

static void discard_locked(struct signal_state *s, u64 set)
{
	if ((s->pending & set) == 0)
		return;
	list_for_each_safe(q, &s->queue, struct queued_signal, node) {
		if ((SIGNAL_BIT(q->info.si_signo) & set) != 0)
			queued_signal_free_locked(s, q);
	}
	s->pending &= ~set;
	s->forced &= ~set;
}

/* @info NULL = from the kernel. -EAGAIN: a real-time signal whose siginfo has no room. */
static int add_pending_locked(struct signal_state *s, int sig, const struct siginfo *info)
{
	const u64 bit = SIGNAL_BIT(sig);

	if (!signal_is_realtime(sig) && (s->pending & bit) != 0)
		return 0;
	struct queued_signal *q = NULL;
	if (s->queued_count < SIGNAL_QUEUE_MAX)
		q = slab_alloc(queued_signal_cache);
	if (q != NULL) {
		if (info != NULL)
			q->info = *info;
		else
			siginfo_init(&q->info, sig, SI_KERNEL);
		q->info.si_signo = sig;
		list_push_back(&s->queue, &q->node);
		s->queued_count++;
	} else if (signal_is_realtime(sig) && info != NULL && info->si_code < 0) {
		return -EAGAIN;
	}
	s->pending |= bit;
	return 0;
}

/* Take one @sig, which is pending. */
static void take_pending_locked(struct signal_state *s, int sig, struct siginfo *out)
{
	struct queued_signal *found = NULL;
	bool is_last = true;

	list_for_each(q, &s->queue, struct queued_signal, node) {
		if (q->info.si_signo != sig)
			continue;
		if (found != NULL) {
			is_last = false;
			break;
		}
		found = q;
	}
	if (found != NULL) {
		*out = found->info;
		queued_signal_free_locked(s, found);
	} else {
		siginfo_init(out, sig, SI_USER);
	}
	if (is_last) {
		s->pending &= ~SIGNAL_BIT(sig);
		s->forced &= ~SIGNAL_BIT(sig);
	}
}

/* The one of @set that goes first: SIGKILL, then those caused by the program, then by number. 0:
 * empty. */
static int first_of(u64 set)
{
	if (set == 0)
		return 0;
	if ((set & SIGNAL_BIT(SIGKILL)) != 0)
		return SIGKILL;
	if ((set & SIGNALS_SYNCHRONOUS) != 0)
		set &= SIGNALS_SYNCHRONOUS;
	int sig = 1;
	while ((set & SIGNAL_BIT(sig)) == 0)
		sig++;
	return sig;
}

/* ---- the marks -------------------------------------------------------------------------- */

/* Make @p's thread look, wherever it is. In this order: its hart is made to look at the flags. */
static void mark_thread(struct process *p)
{
	thread_work_set(&p->thread->arch, TW_SIGNAL);
	thread_interrupt(p->thread);
}

static u64 deliverable_locked(const struct signal_state *s)
{
	return s->pending & ~s->blocked;
}

/* The own thread's marks after its mask, its handlers or what is pending changed. */
static void recalculate_locked(struct process *p)
{
	const struct signal_state *s = &p->signals;

	if (deliverable_locked(s) != 0 || s->fault.si_signo != 0) {
		mark_thread(p);
		return;
	}
	thread_clear_interrupted();
	if (!s->restores_blocked)
		thread_work_clear(&p->thread->arch, TW_SIGNAL);
}

/* ---- sending ---------------------------------------------------------------------------- */

static bool action_ignores(const struct ksigaction *action, int sig)
{
	return action->handler == SIG_IGN ||
	       (action->handler == SIG_DFL && (SIGNAL_BIT(sig) & SIGNALS_IGNORED_BY_DEFAULT) != 0);
}

static bool drops_locked(const struct process *p, int sig)
{
	const struct ksigaction *action = &p->signals.actions[sig];

	if ((p->signals.blocked & SIGNAL_BIT(sig)) != 0)
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

static int send_locked(struct process *p, int sig, const struct siginfo *info)
{
	struct signal_state *s = &p->signals;
	const u64 bit = SIGNAL_BIT(sig);

	if (s->is_closed)
		return 0;
	if ((bit & SIGNALS_STOPPING) != 0)
		discard_locked(s, SIGNAL_BIT(SIGCONT));
	if (sig == SIGCONT) {
		discard_locked(s, SIGNALS_STOPPING);
		continue_locked(s);
	}
	if (drops_locked(p, sig) && (s->forced & bit) == 0)
		return 0;
	const int error = add_pending_locked(s, sig, info);
	if (error != 0)
		return error;
	if (sig == SIGKILL)
		continue_locked(s);
	if ((s->awaited & bit) != 0)
		waitq_wake_all(&s->wait);
	if ((deliverable_locked(s) & bit) != 0)
		mark_thread(p);
	return 0;
}

int signal_send(struct process *p, int sig, const struct siginfo *info)
{
	ASSERT(sig > 0 && sig < NSIG);
	trace(TRACE_SIGNAL, (u32)sig, p->pid, info != NULL ? info->si_code : 0);
	spin_lock(&p->signals.lock);
	const int error = send_locked(p, sig, info);
	spin_unlock(&p->signals.lock);
	return error;
}

void signal_kill(struct process *p)
{
	trace(TRACE_SIGNAL, SIGKILL, p->pid, 0);
	spin_lock(&p->signals.lock);
	p->signals.forced |= SIGNAL_BIT(SIGKILL);
	(void)send_locked(p, SIGKILL, NULL); /* cannot fail: it needs no siginfo */
	spin_unlock(&p->signals.lock);
}

void signal_fault(int sig, int code, uaddr_t address)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;
	const u64 bit = SIGNAL_BIT(sig);

	trace(TRACE_SIGNAL, (u32)sig, p->pid, code);
	spin_lock(&s->lock);
	struct ksigaction *action = &s->actions[sig];
	if ((s->blocked & bit) != 0 || action->handler == SIG_IGN) {
		action->handler = SIG_DFL;
		s->blocked &= ~bit;
	}
	siginfo_init(&s->fault, sig, code);
	s->fault.si_addr = address;
	recalculate_locked(p);
	spin_unlock(&s->lock);
}

/* ---- taking ----------------------------------------------------------------------------- */

bool signal_take_next(struct signal_taken *out)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;

	spin_lock(&s->lock);
	int sig = first_of(deliverable_locked(s));
	if (s->fault.si_signo != 0 && sig != SIGKILL) {
		sig = s->fault.si_signo;
		out->info = s->fault;
		out->is_forced = true;
		s->fault.si_signo = 0;
	} else if (sig != 0) {
		out->is_forced = (s->forced & SIGNAL_BIT(sig)) != 0;
		take_pending_locked(s, sig, &out->info);
	} else {
		recalculate_locked(p);
		spin_unlock(&s->lock);
		return false;
	}
	out->action = s->actions[sig];
	const bool is_default = out->action.handler == SIG_DFL;
	if (is_default && (SIGNAL_BIT(sig) & SIGNALS_STOPPING) != 0 && p->pid != PID_INIT)
		s->is_stopped = true;
	if (!is_default && out->action.handler != SIG_IGN &&
	    (out->action.flags & SA_RESETHAND) != 0)
		s->actions[sig].handler = SIG_DFL;
	spin_unlock(&s->lock);
	return true;
}

void signal_cancel_stop(void)
{
	struct signal_state *s = &process_current()->signals;

	spin_lock(&s->lock);
	s->is_stopped = false;
	spin_unlock(&s->lock);
}

/* Take one of @set now, if there is one. */
static bool take_awaited(struct process *p, u64 set, struct siginfo *out)
{
	struct signal_state *s = &p->signals;

	spin_lock(&s->lock);
	const int sig = first_of(s->pending & set);
	if (sig != 0) {
		take_pending_locked(s, sig, out);
		recalculate_locked(p);
	}
	spin_unlock(&s->lock);
	return sig != 0;
}

static void set_awaited(struct signal_state *s, u64 set)
{
	spin_lock(&s->lock);
	s->awaited = set;
	spin_unlock(&s->lock);
}

int signal_wait(u64 set, nsec_t deadline, struct siginfo *out)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;
	const u64 wanted = set & ~SIGNALS_UNBLOCKABLE;

	set_awaited(s, wanted);
	const int error = wait_event_until(&s->wait, take_awaited(p, wanted, out), true, deadline);
	set_awaited(s, 0);
	if (error == 0)
		return out->si_signo;
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

/* ---- masks and handlers ----------------------------------------------------------------- */

void signal_set_mask(u64 mask)
{
	struct process *p = process_current();

	spin_lock(&p->signals.lock);
	p->signals.blocked = mask & ~SIGNALS_UNBLOCKABLE;
	recalculate_locked(p);
	spin_unlock(&p->signals.lock);
}

void signal_set_temporary_mask(u64 mask)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;

	s->saved_blocked = s->blocked;
	s->restores_blocked = true;
	signal_set_mask(mask);
	thread_work_set(&p->thread->arch, TW_SIGNAL);
}

bool signal_restore_mask(void)
{
	struct signal_state *s = &process_current()->signals;

	if (!s->restores_blocked)
		return false;
	s->restores_blocked = false;
	signal_set_mask(s->saved_blocked);
	return true;
}

int signal_set_action(int sig, const struct ksigaction *new_action, struct ksigaction *old)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;

	if (sig < 1 || sig >= NSIG)
		return -EINVAL;
	if (new_action != NULL && (SIGNAL_BIT(sig) & SIGNALS_UNBLOCKABLE) != 0)
		return -EINVAL;
	spin_lock(&s->lock);
	if (old != NULL)
		*old = s->actions[sig];
	if (new_action != NULL) {
		s->actions[sig] = *new_action;
		s->actions[sig].flags &= SA_KNOWN;
		s->actions[sig].mask &= ~SIGNALS_UNBLOCKABLE;
		if (action_ignores(new_action, sig))
			discard_locked(s, SIGNAL_BIT(sig));
		recalculate_locked(p);
	}
	spin_unlock(&s->lock);
	return 0;
}

/* ---- the alternate stack ---------------------------------------------------------------- */

bool signal_is_on_altstack(u64 sp)
{
	const struct sigaltstack *stack = &process_current()->signals.altstack;

	if (((u32)stack->ss_flags & SS_AUTODISARM) != 0)
		return false;
	return sp > stack->ss_sp && sp - stack->ss_sp <= stack->ss_size;
}

void signal_get_altstack(struct sigaltstack *out, u64 sp)
{
	const struct sigaltstack *stack = &process_current()->signals.altstack;

	*out = *stack;
	if (stack->ss_size == 0)
		out->ss_flags = SS_DISABLE;
	else if (signal_is_on_altstack(sp))
		out->ss_flags |= SS_ONSTACK;
}

int signal_set_altstack(const struct sigaltstack *stack, u64 sp)
{
	struct sigaltstack *mine = &process_current()->signals.altstack;
	const u32 mode = (u32)stack->ss_flags & ~SS_AUTODISARM;

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

bool signal_is_deliverable(void)
{
	const struct signal_state *s = &process_current()->signals;

	return (READ_ONCE(s->pending) & ~s->blocked) != 0 || s->fault.si_signo != 0;
}

bool signal_is_fatal_pending(void)
{
	return (READ_ONCE(process_current()->signals.pending) & SIGNAL_BIT(SIGKILL)) != 0;
}

u64 signal_pending_blocked(void)
{
	const struct signal_state *s = &process_current()->signals;

	return READ_ONCE(s->pending) & s->blocked;
}

bool signal_is_blocked_or_ignored(int sig)
{
	const struct signal_state *s = &process_current()->signals;

	return (s->blocked & SIGNAL_BIT(sig)) != 0 || s->actions[sig].handler == SIG_IGN;
}

static struct ksigaction action_of(struct process *p, int sig)
{
	spin_lock(&p->signals.lock);
	const struct ksigaction action = p->signals.actions[sig];
	spin_unlock(&p->signals.lock);
	return action;
}

bool signal_discards_children(struct process *parent)
{
	const struct ksigaction action = action_of(parent, SIGCHLD);

	return action.handler == SIG_IGN || (action.flags & SA_NOCLDWAIT) != 0;
}

bool signal_wants_child_stops(struct process *parent)
{
	const struct ksigaction action = action_of(parent, SIGCHLD);

	return action.handler != SIG_IGN && (action.flags & SA_NOCLDSTOP) == 0;
}

void signal_masks_of(struct process *p, struct signal_masks *out)
{
	struct signal_state *s = &p->signals;

	*out = (struct signal_masks){ 0 };
	spin_lock(&s->lock);
	out->pending = s->pending;
	out->blocked = s->blocked;
	out->queued_count = s->queued_count;
	for (int sig = 1; sig < NSIG; sig++) {
		if (s->actions[sig].handler == SIG_IGN)
			out->ignored |= SIGNAL_BIT(sig);
		else if (s->actions[sig].handler != SIG_DFL)
			out->caught |= SIGNAL_BIT(sig);
	}
	spin_unlock(&s->lock);
}

/* ---- life of a process ------------------------------------------------------------------ */

/* setitimer(ITIMER_REAL) expired. The timer is stopped before the process goes away. */
static void real_timer_expired(struct itimer *t)
{
	struct process *p = container_of(t, struct process, signals.real_timer);

	(void)signal_send(p, SIGALRM, NULL); /* a signal up to 31 cannot fail */
}

void signal_state_init(struct process *p)
{
	struct signal_state *s = &p->signals;

	memset(s, 0, sizeof(*s));
	spin_init(&s->lock, "signals", RANK_SIGNAL);
	list_init(&s->queue);
	waitq_init(&s->wait);
	itimer_init(&s->real_timer, real_timer_expired);
	s->altstack.ss_flags = SS_DISABLE;
}

/* What is ignored stays so; every other action becomes the default one. */
static void reset_actions(struct ksigaction actions[NSIG])
{
	for (int sig = 1; sig < NSIG; sig++) {
		const bool is_ignored = actions[sig].handler == SIG_IGN;
		actions[sig] = (struct ksigaction){ .handler = is_ignored ? SIG_IGN : SIG_DFL };
	}
}

void signal_state_fork(struct process *child, bool clear_handlers, bool shares_memory)
{
	const struct signal_state *from = &process_current()->signals;
	struct signal_state *to = &child->signals;

	to->blocked = from->blocked;
	memcpy(to->actions, from->actions, sizeof(to->actions));
	if (clear_handlers)
		reset_actions(to->actions);
	if (!shares_memory)
		to->altstack = from->altstack;
}

void signal_state_exec(void)
{
	struct signal_state *s = &process_current()->signals;

	spin_lock(&s->lock);
	reset_actions(s->actions);
	spin_unlock(&s->lock);
	s->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	s->restart.resume = NULL;
}

void signal_state_close(void)
{
	struct process *p = process_current();
	struct signal_state *s = &p->signals;

	itimer_stop(&s->real_timer);
	spin_lock(&s->lock);
	s->is_closed = true;
	discard_locked(s, ~0ULL);
	s->fault.si_signo = 0;
	recalculate_locked(p);
	spin_unlock(&s->lock);
}
