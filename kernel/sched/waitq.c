// SPDX-License-Identifier: MIT
/*
 * Wait queues and sleeping. That no wake-up is lost rests on two orders: the sleeper is on the
 * queue and SLEEPING before it looks at its condition; the waker changes the condition before it
 * looks at the queue, and then at the sleeper's state (place.c, step 4). A wake-up too many does no
 * harm: sleepers look again.
 *
 * A waiter stays on its queue until it takes itself off, so it is also woken for what happens while
 * it looks. Locks: waitq->lock (RANK_WAITQ), inside it the run queue's.
 */
#include "kernel/sched/waitq.h"

#include "kernel/sched/hart.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

void waitq_add(struct waitq *q, struct waiter *w)
{
	const u64 flags = spin_lock_irq(&q->lock);
	list_push_back(&q->waiters, &w->node);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	const u64 flags = spin_lock_irq(&q->lock);
	list_remove(&w->node);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_wake_all_waiters(struct waitq *q)
{
	const u64 flags = spin_lock_irq(&q->lock);
	list_for_each(w, &q->waiters, struct waiter, node)
		(void)thread_wake(w->thread); /* awake already: it will look */
	spin_unlock_irq(&q->lock, flags);
}

void waitq_wake_one_waiter(struct waitq *q)
{
	const u64 flags = spin_lock_irq(&q->lock);
	list_for_each(w, &q->waiters, struct waiter, node) {
		/* One that is awake was woken for something else and may take that instead. */
		if (thread_wake(w->thread))
			break;
	}
	spin_unlock_irq(&q->lock, flags);
}

struct sleep_timer {
	struct timer timer;
	struct thread *thread;
};

static void sleep_is_over(struct timer *timer)
{
	(void)thread_wake(container_of(timer, struct sleep_timer, timer)->thread);
}

void sleep_commit_until(nsec_t deadline)
{
	/* On this stack, which stays until timer_cancel() has seen the firing end. */
	struct sleep_timer s = { .thread = thread_current() };
	timer_init(&s.timer, sleep_is_over);
	timer_start(&s.timer, deadline);
	schedule();
	(void)timer_cancel(&s.timer);
}

bool sleep_deadline_has_come(nsec_t deadline)
{
	return clock_now() >= deadline;
}

int sleep_until(nsec_t deadline)
{
	might_sleep();
	const int result = wait_until("sleep", false, true, deadline);
	return result == -ETIMEDOUT ? 0 : result;
}
