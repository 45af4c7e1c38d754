/* SPDX-License-Identifier: MIT */
/*
 * The policy of scheduling, and nothing but: which ready thread comes next, for how long, and who
 * may push whom aside. No locks, no clock, no harts: the host tests run it as it is
 * (tests/host/test_runqueue.c).
 *
 * Each thread has a virtual run time, its run time divided by its weight; the thread that has had
 * least runs next. A queue's virtual times have no meaning in another queue: who moves is measured
 * from the queue's min_vruntime on the way (runqueue_leave, runqueue_arrive).
 */
#pragma once

#include "kernel/sched/thread.h"

struct runqueue {
	/* all under the owner's lock; ready is read without it too, as a hint */
	struct thread *first; /* runs next, and is not in the tree; NULL: nobody is ready */
	struct rb_root tree;  /* the others by vruntime; of equal ones the first to come */
	u64 min_vruntime;     /* never goes back; no thread that stayed here is far below it */
	u64 weight;           /* of the ready threads and of who runs */
	u32 ready;            /* how many wait */
};

#define NICE_MIN (-20)
#define NICE_MAX 19

void runqueue_init(struct runqueue *q);
/* 1024 for nice 0; a step of nice is a factor of 1.25. */
u32 runqueue_weight(s32 nice);

/* The thread with most claim to run that may run on hart @cpu, left in the queue. NULL: none. */
struct thread *runqueue_find_movable(const struct runqueue *q, u32 cpu);

/* ---- the policy ------------------------------------------------------------------------------ */

#define WEIGHT_NICE_0 1024

/* In these everybody who is ready should have run once, by weight ... */
#define TURN_ALL_NS 12000000ULL
/* ... but a slice is worth a switch. */
#define SLICE_MIN_NS 2000000ULL
/* What a thread that slept may have saved up: it runs soon, and does not lock the others out. */
#define SLEEPER_CREDIT_NS 3000000ULL
/* A woken thread must be this far behind to interrupt: or two of them would do nothing but switch.
 */
#define PREEMPT_MARGIN_NS 1000000ULL

static inline bool vruntime_is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static inline u64 runqueue_virtual(nsec_t ran, const struct thread *t)
{
	return likely(t->nice == 0) ? ran : ran * WEIGHT_NICE_0 / t->weight;
}
/* Change @t's virtual run time by @by, and not what it has run. */
static inline void runqueue_shift(struct thread *t, u64 by)
{
	t->vruntime += by;
	t->run_ahead -= by;
}

/* ---- the queue: with nobody or one ready no more than a pointer is put and taken ------------- */

/* Of those behind the first. @was_first: @t stands before its equals. */
void runqueue_tree_add(struct runqueue *q, struct thread *t, bool was_first);
struct thread *runqueue_tree_take_first(struct runqueue *q);

static inline void runqueue_put(struct runqueue *q, struct thread *t)
{
	struct thread *const first = q->first;
	const bool is_first = first == NULL || vruntime_is_before(t->vruntime, first->vruntime);
	if (unlikely(first != NULL))
		runqueue_tree_add(q, is_first ? first : t, is_first);
	if (is_first)
		q->first = t;
}
static inline void runqueue_take_first(struct runqueue *q)
{
	q->first = likely(q->tree.node == NULL) ? NULL : runqueue_tree_take_first(q);
}

/* @t becomes runnable here: it is in no queue, and its vruntime is on this queue's scale. */
static inline void runqueue_enqueue(struct runqueue *q, struct thread *t)
{
	runqueue_put(q, t);
	t->state = THREAD_RUNNABLE;
	q->weight += t->weight;
	WRITE_ONCE(q->ready, q->ready + 1);
}
/* @t, which is ready here, becomes MOVING. */
void runqueue_dequeue(struct runqueue *q, struct thread *t);

/* The thread to run next begins to. NULL: none. */
static inline struct thread *runqueue_pick(struct runqueue *q)
{
	struct thread *t = q->first;
	if (t != NULL) {
		runqueue_take_first(q);
		WRITE_ONCE(q->ready, q->ready - 1);
	}
	return t;
}
/* @current is runnable here no more. */
static inline void runqueue_stop(struct runqueue *q, const struct thread *current)
{
	q->weight -= current->weight;
}
/* Put @current back and take out the thread to run next, which may be @current. */
static inline struct thread *runqueue_exchange(struct runqueue *q, struct thread *current)
{
	struct thread *t = q->first;
	if (t == NULL || vruntime_is_before(current->vruntime, t->vruntime))
		return current;
	runqueue_take_first(q);
	runqueue_put(q, current);
	return t;
}

/* ---- who comes when, and for how long -------------------------------------------------------- */

/* @t, which is in no queue, changes from queue to queue. */
static inline void runqueue_leave(const struct runqueue *q, struct thread *t)
{
	runqueue_shift(t, -q->min_vruntime);
}
static inline void runqueue_arrive(const struct runqueue *q, struct thread *t)
{
	runqueue_shift(t, q->min_vruntime);
}

/* @current, which runs, has run @ran nanoseconds more. */
static inline void runqueue_charge(struct thread *current, nsec_t ran)
{
	const u64 virtual = runqueue_virtual(ran, current);
	WRITE_ONCE(current->vruntime, current->vruntime + virtual);
	if (unlikely(virtual != ran))
		current->run_ahead += ran - virtual;
}
/*
 * Bring min_vruntime up to who has had least. Only somebody who comes can have had less than those
 * who were here: so it is enough to do this before min_vruntime is used, and when @current leaves
 * nobody behind.
 */
static inline void runqueue_advance(struct runqueue *q, const struct thread *current)
{
	const struct thread *next = q->first;
	u64 least = current->vruntime;
	if (next != NULL && vruntime_is_before(next->vruntime, least))
		least = next->vruntime;
	if (vruntime_is_before(q->min_vruntime, least))
		q->min_vruntime = least;
}

/*
 * How far @current, charged up to now, is ahead of who has had least: where a thread that it makes
 * begins. If all began at the front, two programs that only fork and end would be first for ever.
 */
static inline u64 runqueue_lead(const struct runqueue *q, const struct thread *current)
{
	return vruntime_is_before(current->vruntime, q->min_vruntime) ?
		       0 :
		       current->vruntime - q->min_vruntime;
}

/* Who slept long would have the hart to itself for as long: cut what @t has saved to a small
 * credit. */
static inline void runqueue_limit_credit(const struct runqueue *q, struct thread *t)
{
	const u64 earliest = q->min_vruntime - SLEEPER_CREDIT_NS;
	if (vruntime_is_before(t->vruntime, earliest))
		runqueue_shift(t, earliest - t->vruntime);
}

/* Let the others go first once: @current is then behind the first in the queue. */
static inline void runqueue_yield(const struct runqueue *q, struct thread *current)
{
	const struct thread *next = q->first;
	if (next != NULL && vruntime_is_before(current->vruntime, next->vruntime))
		runqueue_shift(current, next->vruntime - current->vruntime);
}

/* Has @woken so much more claim than @current that it should not wait for the end of the slice? */
static inline bool runqueue_should_preempt(const struct thread *current, const struct thread *woken)
{
	return vruntime_is_before(woken->vruntime + runqueue_virtual(PREEMPT_MARGIN_NS, woken),
				  current->vruntime);
}

/* How long @current may run while others wait. */
static inline nsec_t runqueue_slice(const struct runqueue *q, const struct thread *current)
{
	const nsec_t share = TURN_ALL_NS * current->weight / q->weight;
	return MAX(share, (nsec_t)SLICE_MIN_NS);
}
