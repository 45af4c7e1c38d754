/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's record of each hart, shared by hart.c (accounts), place.c (who runs where) and
 * sched.c (switching). Nobody else includes this.
 */
#pragma once

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/runqueue.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/timer.h"

struct sched_hart {
	struct spinlock lock; /* RANK_RUNQUEUE */

	/* set once at creation */
	u32 index;
	u64 others; /* mask of all cpu indexes but this one */
	struct thread *idle;

	/* under lock; queue.ready, current and the idle thread's times are read without it too, as
	 * hints */
	struct runqueue queue;
	struct thread *current; /* its registers are in the hart */
	/* as clock_ticks() has them, since most are never looked at: */
	u64 charged_until; /* current's run time is counted so far */
	u64 turn_began;    /* when current came, or when the first came to wait for its end */
	u64 turn_to_cut; /* when the turn began that shall be as short as may be, for a woken one */
	nsec_t slice_alarm; /* by then the timer interrupt looks; CLOCK_NEVER: it does not */
	/* of all threads that ran here, idle among them, as arch_thread.kernel_cycles; what current
	 * has is still to be added */
	u64 kernel_cycles;
	struct thread_times told; /* how the time not idle was divided when somebody last asked */
	u64 switches;
	bool in_service; /* it has reached its idle loop: what idle runs from then on is idleness */
	nsec_t served_since; /* when it came there */
} __aligned(64);

extern struct sched_hart sched_harts[CONFIG_NR_CPUS];
/* Atomic masks of cpu indexes: harts that take threads; those of them that have nothing to do. */
extern u64 sched_serving_harts, sched_idle_harts;

/* Stable while interrupts are off, or inside a thread that does not call schedule(). */
static inline struct sched_hart *sched_hart_here(void)
{
	return this_cpu()->sched;
}

void hart_init(struct sched_hart *h, u32 index);

/*
 * Lock the hart in whose charge @t is; it stays that until the lock is released. Interrupts go off;
 * @flags is for spin_unlock_irq().
 */
static inline struct sched_hart *hart_lock_home(const struct thread *t, u64 *flags)
{
	*flags = irq_save();
	for (;;) {
		const struct cpu *cpu = READ_ONCE(t->arch.cpu);
		struct sched_hart *h = cpu->sched;
		spin_lock(&h->lock);
		/* Moving away takes this lock; so if it is still here it stays. */
		if (likely(READ_ONCE(t->arch.cpu) == cpu))
			return h;
		spin_unlock(&h->lock);
	}
}

/* Charge @current, the running thread, for what it has run until @ticks. Under lock. */
static inline void hart_charge_current(struct sched_hart *h, struct thread *current, u64 ticks)
{
	const u64 until = h->charged_until;
	/* Another hart may have charged it with a later look at the clock while we waited for the
	 * lock. */
	if (unlikely(ticks <= until))
		return;
	WRITE_ONCE(h->charged_until, ticks);
	runqueue_charge(current, clock_ticks_to_ns(ticks - until));
}
/* The same up to now. */
static inline void hart_charge(struct sched_hart *h)
{
	hart_charge_current(h, h->current, clock_ticks());
}
/* @prev leaves the hart and @next comes: their stays in the kernel end and begin. Under lock. */
static inline void hart_charge_switch(struct sched_hart *h, struct thread *prev,
				      struct thread *next)
{
	const u64 cycles = clock_cycles();
	const u64 spent = prev->arch.kernel_cycles + (cycles - prev->arch.kernel_since);
	prev->arch.kernel_cycles = spent;
	h->kernel_cycles += spent - next->arch.kernel_cycles;
	next->arch.kernel_since = cycles;
}
static inline bool hart_is_idling(const struct sched_hart *h)
{
	return READ_ONCE(h->current) == h->idle;
}
/* Before the queue's min_vruntime is used. The idle thread competes with nobody. Under lock. */
static inline void hart_advance(struct sched_hart *h)
{
	if (!hart_is_idling(h))
		runqueue_advance(&h->queue, h->current);
}
/* Threads that want this hart: ready or running. Without lock: a hint. */
static inline u32 hart_load(const struct sched_hart *h)
{
	return READ_ONCE(h->queue.ready) + !hart_is_idling(h);
}

/*
 * Who runs is not interrupted earlier than this by one that was woken. Short against what a person
 * notices.
 */
#define TURN_MIN_NS 250000ULL

/*
 * Turns. While somebody waits, the timer interrupt looks by the time the shortest slice would be
 * over, and again at the end of the one it finds (slice_look()). So a switch neither computes a
 * slice nor sets the timer: there is an alarm on its way since somebody waits, and it is early
 * enough. It is missing only behind the idle thread, and where TW_RESCHED has told the hart that
 * somebody waits now.
 */

/* Own hart, under lock: the timer interrupt looks at @when or earlier. */
static inline void hart_look_by(struct sched_hart *h, nsec_t when)
{
	if (unlikely(when < h->slice_alarm)) {
		h->slice_alarm = when;
		timer_set_slice_end(when);
	}
}
/* Own hart, under lock: current's turn begins, or counts, from @ticks on. */
static inline void hart_begin_turn(struct sched_hart *h, u64 ticks)
{
	h->turn_began = ticks;
}
/* When current's turn ends if those that wait now go on waiting. Under lock. */
static inline nsec_t hart_turn_end(const struct sched_hart *h)
{
	const bool is_cut = h->turn_to_cut == h->turn_began;
	return clock_at(h->turn_began) +
	       (is_cut ? TURN_MIN_NS : runqueue_slice(&h->queue, h->current));
}

/* Fold the load average forward if it is time to: a hart looks when it begins or ceases to idle,
 * and while threads wait. Interrupts off, perhaps with a hart's lock. */
void hart_sample_load(nsec_t now);
/* One more thread was started. */
void hart_count_start(void);
