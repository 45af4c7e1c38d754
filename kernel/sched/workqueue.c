// SPDX-License-Identifier: MIT
/*
 * One queue, one worker, first come first served. A piece of work is marked not queued before it
 * runs, so what is queued while it runs is run again: nothing that happened after its beginning is
 * missed. Locks: queue_lock (RANK_WORK), interrupts off; not held while work runs.
 */
#include "kernel/sched/workqueue.h"

#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/waitq.h"

static struct spinlock queue_lock = SPINLOCK_INIT("work", RANK_WORK);
static struct list queue = LIST_INIT(queue); /* under queue_lock */
static struct waitq worker_wait = WAITQ_INIT(worker_wait);

void work_init(struct work *w, void (*run)(struct work *w))
{
	*w = (struct work){ .run = run };
	list_init(&w->node);
}

void work_queue(struct work *w)
{
	const u64 flags = spin_lock_irq(&queue_lock);
	const bool is_new = !w->queued;
	if (is_new) {
		w->queued = true;
		list_push_back(&queue, &w->node);
	}
	spin_unlock_irq(&queue_lock, flags);
	if (is_new)
		waitq_wake_one(&worker_wait);
}

static struct work *work_take(void)
{
	struct work *w = NULL;
	const u64 flags = spin_lock_irq(&queue_lock);
	if (!list_is_empty(&queue)) {
		w = list_first(&queue, struct work, node);
		list_remove(&w->node);
		w->queued = false;
	}
	spin_unlock_irq(&queue_lock, flags);
	return w;
}

static void worker(void *arg)
{
	for (;;) {
		struct work *w;
		wait_event(&worker_wait, (w = work_take()) != NULL);
		w->run(w);
	}
}

void workqueue_init(void)
{
	struct thread *t = thread_create("worker", worker, NULL);
	if (t == NULL)
		panic("no memory for the worker");
	thread_start(t);
}
