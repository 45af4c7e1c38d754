/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a condition. The sleeper puts itself on the queue, looks at the condition again, and
 * only then sleeps; whoever makes the condition true does so before it wakes. So no wake-up is
 * lost.
 *
 * Before the idle loop the boot context may wait, too: it polls. Its interrupts are on from then.
 */
#pragma once

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "lib/abi/errno.h"
#include "lib/list.h"

struct waitq {
	struct spinlock lock; /* RANK_WAITQ */
	struct list waiters;  /* under lock: struct waiter.node, who waits longest first */
	const char *name;     /* set once at creation */
};

struct waiter {
	struct list node;
	struct thread *thread;
};

/*
 * @name: what sleepers are shown to wait for: "pipe read". A literal, or as lasting: readers of
 * thread->wait_reason may be late.
 */
#define WAITQ_INIT(q, queue_name)                                                             \
	{                                                                                     \
		SPINLOCK_INIT("wait queue", RANK_WAITQ), LIST_INIT((q).waiters), (queue_name) \
	}
static inline void waitq_init(struct waitq *q, const char *name)
{
	spin_init(&q->lock, "wait queue", RANK_WAITQ);
	list_init(&q->waiters);
	q->name = name;
}
/* Not under the lock: who waits is seen, or sees what the caller changed before. */
static inline bool waitq_has_waiters(const struct waitq *q)
{
	barrier_full(); /* pairs with sleep_prepare(), behind waitq_add() */
	return READ_ONCE(q->waiters.next) != &q->waiters;
}
/* The rest of the two below. */
void waitq_wake_all_waiters(struct waitq *q);
void waitq_wake_one_waiter(struct waitq *q);
/*
 * Wake all, or the one that waits longest of those that sleep. Any context. The queue must outlive
 * the call: what the sleepers wait for does not let one of them free it, or is set under a lock
 * that the one who frees takes.
 */
static inline void waitq_wake_all(struct waitq *q)
{
	if (waitq_has_waiters(q))
		waitq_wake_all_waiters(q);
}
static inline void waitq_wake_one(struct waitq *q)
{
	if (waitq_has_waiters(q))
		waitq_wake_one_waiter(q);
}

/* The pieces of wait_event(), also for those that wait on several queues. Between waitq_add() and
 * the look at the condition there must be sleep_prepare(), or another full barrier. */
void waitq_add(struct waitq *q, struct waiter *w);
void waitq_remove(struct waitq *q, struct waiter *w);
/* State to SLEEPING, before the condition is looked at: place.c, step 4. */
static inline void sleep_prepare(bool interruptible)
{
	struct thread *t = thread_current();
	WRITE_ONCE(t->sleeps_interruptibly, interruptible);
	WRITE_ONCE(t->state, THREAD_SLEEPING);
	barrier_full(); /* pairs with thread_wake(), thread_interrupt(), waitq_has_waiters() */
}
/* Sleep unless woken since sleep_prepare(), until @deadline (CLOCK_NEVER: no limit). May return
 * early: look again. */
void sleep_commit_until(nsec_t deadline);
static inline void sleep_commit(nsec_t deadline)
{
	if (deadline == CLOCK_NEVER)
		schedule();
	else
		sleep_commit_until(deadline);
}
/* Has @deadline, which is not CLOCK_NEVER, come? Apart: what it needs would weigh on every wait. */
bool sleep_deadline_has_come(nsec_t deadline);
/* Not sleeping after all. */
static inline void sleep_cancel(void)
{
	WRITE_ONCE(thread_current()->state, THREAD_RUNNABLE);
}

/*
 * Sleep until @condition holds. It is evaluated repeatedly by the sleeper, which counts as asleep
 * then: it may take locks, mutexes too, but not call schedule() or sched_point().
 * wait_event_until: 0; -EINTR if @interruptible and the thread was interrupted;
 * -ETIMEDOUT at @deadline.
 */
#define wait_event_until(q, condition, interruptible, deadline)                               \
	({                                                                                    \
		int _outcome = 0;                                                             \
		might_sleep();                                                                \
		if (!(condition)) {                                                           \
			struct waiter _w = { .thread = thread_current() };                    \
			waitq_add(q, &_w);                                                    \
			_outcome = wait_until((q)->name, condition, interruptible, deadline); \
			waitq_remove(q, &_w);                                                 \
		}                                                                             \
		_outcome;                                                                     \
	})
/*
 * The same without a queue: who makes @condition true knows the thread and calls thread_wake().
 * @what: as a queue's name.
 */
#define wait_until(what, condition, interruptible, deadline)                         \
	({                                                                           \
		int _result = 0;                                                     \
		thread_current()->wait_reason = (what);                              \
		do {                                                                 \
			sleep_prepare(interruptible);                                \
			bool _is_over = (condition);                                 \
			if (!_is_over && (interruptible) && thread_is_interrupted()) \
				_result = -EINTR;                                    \
			else if (!_is_over && (deadline) != CLOCK_NEVER &&           \
				 sleep_deadline_has_come(deadline))                  \
				_result = -ETIMEDOUT;                                \
			if (_is_over || _result != 0) {                              \
				sleep_cancel();                                      \
				break;                                               \
			}                                                            \
			sleep_commit(deadline);                                      \
		} while (!(condition));                                              \
		thread_current()->wait_reason = NULL;                                \
		_result;                                                             \
	})

#define wait_event(q, condition) ((void)wait_event_until(q, condition, false, CLOCK_NEVER))
/* 0, or -EINTR. */
#define wait_event_interruptible(q, condition) wait_event_until(q, condition, true, CLOCK_NEVER)

/* Sleep until @deadline. 0, or -EINTR. */
int sleep_until(nsec_t deadline);
