// SPDX-License-Identifier: MIT
/*
 * Pending signals: what was sent to a process or a thread and not yet taken. Each is a bit in `set`
 * and, where there was memory, its siginfo in `queue`. Numbers up to 31 are pending once however
 * often they are sent; real-time ones once for each siginfo.
 *
 * Locks: signals.lock of the process, held by all callers.
 */
#include "kernel/proc/signal_pending.h"

#include "kernel/core/panic.h"
#include "kernel/proc/process.h"
#include "mm/pmm/slab.h"

/* Caused by the instruction that was running, so they go before others. */
#define SIGNALS_SYNCHRONOUS                                                                    \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

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

/* NULL: no memory, or too many. */
static struct queued_signal *queued_signal_alloc_locked(struct signal_state *s)
{
	if (list_is_empty(&s->first_queued.node)) /* on no list */
		return &s->first_queued;
	return s->queued_count < SIGNAL_QUEUE_MAX ? slab_alloc(queued_signal_cache) : NULL;
}

static void queued_signal_free_locked(struct signal_state *s, struct queued_signal *q)
{
	list_remove(&q->node);
	s->queued_count--;
	if (q != &s->first_queued)
		slab_free(queued_signal_cache, q);
}

void pending_discard_locked(struct signal_state *s, struct pending_signals *from, u64 set)
{
	if ((from->set & set) == 0)
		return;
	list_for_each_safe(q, &from->queue, struct queued_signal, node) {
		if ((SIGNAL_BIT(q->info.si_signo) & set) != 0)
			queued_signal_free_locked(s, q);
	}
	from->set &= ~set;
}

void pending_discard_everywhere_locked(struct process *p, u64 set)
{
	pending_discard_locked(&p->signals, &p->signals.pending, set);
	list_for_each(t, &p->tasks, struct task, node) {
		pending_discard_locked(&p->signals, &t->pending, set);
	}
}

int pending_add_locked(struct signal_state *s, struct pending_signals *to, int sig,
		       const struct siginfo *info)
{
	const u64 bit = SIGNAL_BIT(sig);

	if (!signal_is_realtime(sig) && (to->set & bit) != 0)
		return 0;
	struct queued_signal *q = queued_signal_alloc_locked(s);
	if (q != NULL) {
		if (info != NULL)
			q->info = *info;
		else
			siginfo_init(&q->info, sig, SI_KERNEL);
		q->info.si_signo = sig;
		list_push_back(&to->queue, &q->node);
		s->queued_count++;
	} else if (signal_is_realtime(sig) && info != NULL && info->si_code < 0) {
		return -EAGAIN;
	}
	to->set |= bit;
	return 0;
}

/* Take one @sig, which is pending in @from. */
static void take_locked(struct signal_state *s, struct pending_signals *from, int sig,
			struct siginfo *out)
{
	struct queued_signal *found = NULL;
	bool is_last = true;

	list_for_each(q, &from->queue, struct queued_signal, node) {
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
	if (is_last)
		from->set &= ~SIGNAL_BIT(sig);
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
	return __builtin_ctzll(set) + 1;
}

int pending_take_any_locked(struct task *t, u64 set, struct siginfo *out)
{
	struct signal_state *s = &t->process->signals;
	struct pending_signals *from = &t->pending;

	if ((s->pending.set & set & SIGNAL_BIT(SIGKILL)) != 0 || (from->set & set) == 0)
		from = &s->pending;
	const int sig = first_of(from->set & set);
	if (sig != 0)
		take_locked(s, from, sig, out);
	return sig;
}
