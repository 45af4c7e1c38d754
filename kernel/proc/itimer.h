/* SPDX-License-Identifier: MIT */
/*
 * Interval timers: a function called in a worker's context after a time, once or again and again.
 * Of each process one stands behind setitimer(ITIMER_REAL); it sends SIGALRM, which no interrupt
 * handler may. Another looks after its timers of CPU time (cpu_timer.h).
 */
#pragma once

#include "kernel/core/spinlock.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/waitq.h"
#include "kernel/sched/workqueue.h"
#include "lib/types.h"

struct itimer {
	/* set once at creation */
	void (*expired)(struct itimer *t);

	/* locks of their own */
	struct timer timer;
	struct work work;
	struct waitq idle; /* is_handed_over became 0 */

	struct spinlock lock; /* RANK_SIGNAL; not while holding another of that rank */
	/* under lock */
	nsec_t when;     /* next expiry; CLOCK_NEVER: off */
	nsec_t interval; /* 0: once */

	/* atomic: the worker was asked and is not done. Set by the interrupt, cleared under lock.
	 */
	u32 is_handed_over;
};

/* @expired: may sleep, and may set the timer. */
void itimer_init(struct itimer *t, void (*expired)(struct itimer *t));
/* What is left until the next expiry, and the interval; 0 and 0 when off. */
void itimer_get(struct itimer *t, nsec_t *left, nsec_t *interval);
/* Expire @after nanoseconds from now; 0: never. */
void itimer_set(struct itimer *t, nsec_t after, nsec_t interval);
/* Off, and neither its timer nor its function runs afterwards. Context: may sleep. */
void itimer_stop(struct itimer *t);
