/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's record of each hart, shared by hart.c (accounts), place.c (who runs where) and
 * sched.c (switching). Nobody else includes this.
 */
#pragma once

#include "kernel/core/spinlock.h"
#include "kernel/sched/runqueue.h"
#include "kernel/sched/thread.h"

struct sched_hart {
	/* set once at creation */
	u32 index;
	struct thread *idle;

	struct spinlock lock; /* RANK_RUNQUEUE */

	/* under lock; queue.ready, current and idle_time are read without it too, as hints */
	struct runqueue queue;
	struct thread *current; /* the one whose on_cpu is set */
	nsec_t turn_began;      /* when current came */
	nsec_t idle_time;
	nsec_t user_time, kernel_time; /* of all threads that ran here */
	u64 switches;
	bool in_service; /* it has reached its idle loop: what idle runs from then on is idleness */

	/* only the hart, interrupts off */
	struct thread *previous; /* during a switch: who is being left */
	u64 *loaded_harts; /* the mask in which this hart's bit stands for what satp holds; NULL:
			      none */
} __aligned(64);

extern struct sched_hart sched_harts[CONFIG_NR_CPUS];
/* Atomic masks of cpu indexes: harts that take threads; those of them that have nothing to do. */
extern u64 sched_serving_harts, sched_idle_harts;

/* Stable while interrupts are off, or inside a thread that does not call schedule(). */
static inline struct sched_hart *sched_hart_here(void)
{
	return &sched_harts[cpu_index()];
}

void hart_init(struct sched_hart *h, u32 index);

/*
 * Lock the hart in whose charge @t is; it stays that until the lock is released. Interrupts go off;
 * @flags is for spin_unlock_irq().
 */
struct sched_hart *hart_lock_home(const struct thread *t, u64 *flags);

/* Charge the running thread for what it has run until @now. Under lock. */
void hart_charge(struct sched_hart *h, nsec_t now);
static inline bool hart_is_idling(const struct sched_hart *h)
{
	return READ_ONCE(h->current) == h->idle;
}
/* Threads that want this hart: ready or running. Without lock: a hint. */
static inline u32 hart_load(const struct sched_hart *h)
{
	return READ_ONCE(h->queue.ready) + !hart_is_idling(h);
}

/* Fold the load average forward if it is time to. Any hart, interrupts off, without its lock. */
void hart_sample_load(nsec_t now);
/* One more thread was started. */
void hart_count_start(void);
