// SPDX-License-Identifier: MIT
/*
 * Timers of CPU time. The scheduler keeps exact accounts and knows nothing of these timers: an
 * interval timer of real time looks at the account when the first of them could be due at the
 * earliest, which is if every hart ran a thread of the process, and looks again until it is. What
 * is left falls by a share each time, so that few looks are needed; none comes sooner than LOOK_NS
 * after the one before. A timer is never early, and late by no more than that.
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

/* 0: due; CLOCK_NEVER: off. */
static nsec_t left_locked(const struct process *p, enum cpu_timer_kind kind)
{
	const nsec_t when = p->cpu_timers.of[kind].when;
	if (when == CLOCK_NEVER)
		return CLOCK_NEVER;
	const nsec_t now = account_locked(p, kind);
	return when > now ? when - now : 0;
}

static void look_later_locked(struct process *p)
{
	nsec_t left = CLOCK_NEVER;
	for (int kind = 0; kind < CPU_TIMERS; kind++)
		left = MIN(left, left_locked(p, kind));
	nsec_t after = 0; /* never */
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

/* In a worker. */
static void look(struct itimer *timer)
{
	struct process *p = container_of(timer, struct process, cpu_timers.look);
	spin_lock(&process_tree_lock);
	for (int kind = 0; kind < CPU_TIMERS; kind++) {
		if (left_locked(p, kind) == 0)
			expire_locked(p, kind);
	}
	look_later_locked(p);
	spin_unlock(&process_tree_lock);
}

void cpu_timers_init(struct cpu_timers *c)
{
	itimer_init(&c->look, look);
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

void cpu_timers_stop(struct process *p)
{
	spin_lock(&process_tree_lock);
	for (int kind = 0; kind < CPU_TIMERS; kind++)
		p->cpu_timers.of[kind].when = CLOCK_NEVER; /* look() starts itself no more */
	spin_unlock(&process_tree_lock);
	itimer_stop(&p->cpu_timers.look);
}
