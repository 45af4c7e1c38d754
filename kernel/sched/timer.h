/* SPDX-License-Identifier: MIT */
/*
 * Timers: a function called at a time, from the timer interrupt of the hart that started it. A tree
 * per hart; a timer belongs to its owner's memory, so starting one cannot fail.
 *
 * Two calls for the same timer must not overlap, but for timer_cancel(), which may meet its firing.
 */
#pragma once

#include "arch/riscv/cpu/clock.h"
#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	/* set once at creation */
	/* Interrupt context, no lock held; may start the timer again, later than now. */
	void (*fire)(struct timer *t);

	/* under the lock of the hart's timers (timer->cpu) */
	nsec_t when;
	struct rb_node node;
	bool is_queued; /* read without the lock, too */
	u32 cpu;        /* where it was started last */
};

void timer_init(struct timer *t, void (*fire)(struct timer *t));
/* Start, or move to another time; CLOCK_NEVER: as timer_cancel() does, but without waiting. Any
 * context. */
void timer_start(struct timer *t, nsec_t when);
/*
 * Afterwards it neither is queued nor runs. False if it had fired or was not queued. Any context
 * but its own fire; no lock held that fire takes.
 */
bool timer_cancel(struct timer *t);

/* For sched.c. Take over the timer interrupt of all harts. Once, on the boot hart. */
void timers_init(void);
/* For sched.c: have the handler below called on this hart at @when, and no more at the time that
 * was asked for before. Interrupts off. */
void timer_set_slice_end(nsec_t when);
/* Called in the timer interrupt when that moment has come, once. sched.c installs it. */
extern void (*timer_slice_handler)(nsec_t now);
