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
	struct rb_root tree; /* ready threads by vruntime; of equal ones the first to come */
	u64 min_vruntime;    /* never goes back; no thread that stayed here is far below it */
	u64 weight;          /* of the threads in the tree */
	u32 ready;           /* how many there are */
};

#define NICE_MIN (-20)
#define NICE_MAX 19

void runqueue_init(struct runqueue *q);
/* 1024 for nice 0; a step of nice is a factor of 1.25. */
u32 runqueue_weight(s32 nice);

/* @t becomes READY's equal here: it is in no queue, and its vruntime is on this queue's scale. */
void runqueue_enqueue(struct runqueue *q, struct thread *t);
void runqueue_dequeue(struct runqueue *q, struct thread *t);
/* Take out the thread to run next. NULL: none. */
struct thread *runqueue_pick(struct runqueue *q);
/* The thread with most claim to run that may run on hart @cpu, left in the queue. NULL: none. */
struct thread *runqueue_find_movable(const struct runqueue *q, u32 cpu);

/* @t, which is in no queue, changes from queue to queue. */
void runqueue_leave(const struct runqueue *q, struct thread *t);
void runqueue_arrive(const struct runqueue *q, struct thread *t);

/* @current, which is not in the queue, has run @ran nanoseconds more. */
void runqueue_charge(struct runqueue *q, struct thread *current, nsec_t ran);
/*
 * How far @current, charged up to now, is ahead of who has had least: where a thread that it makes
 * begins. If all began at the front, two programs that only fork and end would be first for ever.
 */
u64 runqueue_lead(const struct runqueue *q, const struct thread *current);
/* Who slept long would have the hart to itself for as long: cut what @t has saved to a small
 * credit. */
void runqueue_limit_credit(const struct runqueue *q, struct thread *t);
/* Let the others go first once: @current is then behind the first in the queue. */
void runqueue_yield(const struct runqueue *q, struct thread *current);
/* Has @woken so much more claim than @current that it should not wait for the end of the slice? */
bool runqueue_should_preempt(const struct thread *current, const struct thread *woken);
/* How long @current may run while others wait. */
nsec_t runqueue_slice(const struct runqueue *q, const struct thread *current);
