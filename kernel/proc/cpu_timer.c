// SPDX-License-Identifier: MIT
/*
 * Timers of CPU time. The scheduler keeps exact accounts and knows nothing of these timers: an
 * interval timer of real time looks at the account when the first of them could be due at the
 * earliest, which is if every hart ran a thread of the process, and looks again until it is. What
 * is left falls by a share each time, so that few looks are needed; none comes sooner than LOOK_NS
 * after the one before. A timer is never early, and late by no more than that.
 *
 * RLIMIT_CPU is looked at together with them; its own numbers say when it is due next.
 *
 * Locks: process_tree_lock; inside it those of the interval timer, the accounts and the signals.
 */
#include "kernel/proc/cpu_timer.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/proc/process.h"
#include "kernel/sched/sched.h"

/* As often as a kernel with 250 ticks a second looks. */
#define LOOK_NS 4000000UL

static const int signal_of[CPU_TIMERS] = {
	[CPU_TIMER_VIRTUAL] = SIGVTALRM,
	[CPU_TIMER_PROF] = SIGPROF,
};

/* What @p has used, as @kind counts. */
static nsec_t account_locked(const struct process *p, enum cpu_timer_kind kind)
{
	struct task_usage used;
	process_usage_locked(p, &used);
	return kind == CPU_TIMER_VIRTUAL ? used.user : used.user + used.kernel;
}

/* What is left until @when, on the account of @kind. 0: due; CLOCK_NEVER: off. */
static nsec_t left_until_locked(const struct process *p, enum cpu_timer_kind kind, nsec_t when)
{
	if (when == CLOCK_NEVER || p->cpu_timers.is_stopped)
		return CLOCK_NEVER;
	const nsec_t now = account_locked(p, kind);
	return when > now ? when - now : 0;
}

static nsec_t left_locked(const struct process *p, enum cpu_timer_kind kind)
{
	return left_until_locked(p, kind, p->cpu_timers.of[kind].when);
}

/* RLIMIT_CPU, in seconds; RLIM_INFINITY is among what nobody lives to see. */
static nsec_t nsec_from_limit(u64 seconds)
{
	return seconds < CLOCK_NEVER / NSEC_PER_SEC ? seconds * NSEC_PER_SEC : CLOCK_NEVER;
}

/* The soft limit, when it has moved on, may be above the hard one. */
static nsec_t limit_left_locked(const struct process *p)
{
	const struct rlimit64 *limit = &p->limits[RLIMIT_CPU];
	const u64 seconds = MIN(READ_ONCE(limit->soft), READ_ONCE(limit->hard));
	return left_until_locked(p, CPU_TIMER_PROF, nsec_from_limit(seconds));
}

static void look(struct itimer *timer);

static void look_later_locked(struct process *p)
{
	nsec_t left = limit_left_locked(p);
	for (int kind = 0; kind < CPU_TIMERS; kind++)
		left = MIN(left, left_locked(p, kind));
	nsec_t after = 0; /* never */
	if (p->cpu_timers.look.expired == NULL) {
		if (left == CLOCK_NEVER)
			return;
		itimer_init(&p->cpu_timers.look, look);
	}
	if (left != CLOCK_NEVER)
		after = MAX(left / (nsec_t)__builtin_popcountll(sched_hart_mask()), LOOK_NS);
	itimer_set(&p->cpu_timers.look, after, 0);
}

/* Expiries that were missed count as one. */
static void expire_locked(struct process *p, enum cpu_timer_kind kind)
{
	struct cpu_timer *t = &p->cpu_timers.of[kind];
	if (t->interval == 0)
		t->when = CLOCK_NEVER;
	else
		t->when += t->interval * (1 + (account_locked(p, kind) - t->when) / t->interval);
	(void)signal_send(p, signal_of[kind], NULL); /* a signal up to 31 cannot fail */
}

static void expire_limit_locked(struct process *p)
{
	struct rlimit64 *limit = &p->limits[RLIMIT_CPU];
	const nsec_t now = account_locked(p, CPU_TIMER_PROF);
	spin_lock(&p->signals.lock);
	const bool is_over = now >= nsec_from_limit(limit->hard);
	if (!is_over)
		WRITE_ONCE(limit->soft, now / NSEC_PER_SEC + 1);
	spin_unlock(&p->signals.lock);
	(void)signal_send(p, is_over ? SIGKILL : SIGXCPU, NULL); /* cannot fail, as above */
}

/* In a worker. */
static void look(struct itimer *timer)
{
	struct process *p = container_of(timer, struct process, cpu_timers.look);
	spin_lock(&process_tree_lock);
	for (int kind = 0; kind < CPU_TIMERS; kind++) {
		if (left_locked(p, kind) == 0)
			expire_locked(p, kind);
	}
	if (limit_left_locked(p) == 0)
		expire_limit_locked(p);
	look_later_locked(p);
	spin_unlock(&process_tree_lock);
}

void cpu_timers_init(struct cpu_timers *c)
{
	c->look.expired = NULL;
	c->is_stopped = false;
	for (int kind = 0; kind < CPU_TIMERS; kind++)
		c->of[kind] = (struct cpu_timer){ .when = CLOCK_NEVER };
}

void cpu_timer_get(enum cpu_timer_kind kind, nsec_t *left, nsec_t *interval)
{
	struct process *p = process_current();
	spin_lock(&process_tree_lock);
	const nsec_t rest = left_locked(p, kind);
	*interval = p->cpu_timers.of[kind].interval;
	spin_unlock(&process_tree_lock);
	if (rest == CLOCK_NEVER)
		*left = 0;
	else
		*left = MAX(rest, (nsec_t)1); /* due, and not yet delivered: not "off" */
}

void cpu_timer_set(enum cpu_timer_kind kind, nsec_t after, nsec_t interval)
{
	struct process *p = process_current();
	struct cpu_timer *t = &p->cpu_timers.of[kind];
	spin_lock(&process_tree_lock);
	const nsec_t now = account_locked(p, kind);
	t->when = after == 0 || after >= CLOCK_NEVER - now ? CLOCK_NEVER : now + after;
	t->interval = interval;
	look_later_locked(p);
	spin_unlock(&process_tree_lock);
}

void cpu_timers_limit(struct process *p)
{
	spin_lock(&process_tree_lock);
	look_later_locked(p);
	spin_unlock(&process_tree_lock);
}

void cpu_timers_close_locked(struct process *p)
{
	p->cpu_timers.is_stopped = true; /* look() starts itself no more, nor does anybody else */
}

void cpu_timers_stop(struct process *p)
{
	if (p->cpu_timers.look.expired != NULL)
		itimer_stop(&p->cpu_timers.look);
}
