// SPDX-License-Identifier: MIT
/*
 * Two queues with a worker each, first come first served: what a person may be waiting for, and
 * what takes its time, like the end of an address space. A piece of work is marked not queued
 * before it runs, so what is queued while it runs is run again: nothing that happened after its
 * beginning is missed. Locks: queue->lock (RANK_WORK), interrupts off; not held while work runs.
 */
#include "kernel/sched/workqueue.h"

#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/waitq.h"

struct workqueue {
	struct spinlock lock;
	struct list list; /* under lock */
	struct waitq wait;
};

#define WORKQUEUE_INIT(q)                                              \
	{                                                              \
		SPINLOCK_INIT("work", RANK_WORK), LIST_INIT((q).list), \
			WAITQ_INIT((q).wait, "work")                   \
	}

static struct workqueue prompt = WORKQUEUE_INIT(prompt);
static struct workqueue patient = WORKQUEUE_INIT(patient);

void work_init(struct work *w, void (*run)(struct work *w))
{
	*w = (struct work){ .run = run };
	list_init(&w->node);
}

static void add(struct workqueue *q, struct work *w)
{
	const u64 flags = spin_lock_irq(&q->lock);
	const bool is_new = !w->queued;
	if (is_new) {
		w->queued = true;
		list_push_back(&q->list, &w->node);
	}
	spin_unlock_irq(&q->lock, flags);
	if (is_new)
		waitq_wake_one(&q->wait);
}

void work_queue(struct work *w)
{
	add(&prompt, w);
}

void work_queue_long(struct work *w)
{
	add(&patient, w);
}

static struct work *work_take(struct workqueue *q)
{
	struct work *w = NULL;
	const u64 flags = spin_lock_irq(&q->lock);
	if (!list_is_empty(&q->list)) {
		w = list_first(&q->list, struct work, node);
		list_remove(&w->node);
		w->queued = false;
	}
	spin_unlock_irq(&q->lock, flags);
	return w;
}

static void worker(void *arg)
{
	struct workqueue *q = arg;
	for (;;) {
		struct work *w;
		wait_event(&q->wait, (w = work_take(q)) != NULL);
		w->run(w);
	}
}

static void start_worker(const char *name, struct workqueue *q)
{
	struct thread *t = thread_create(name, worker, q);
	if (t == NULL)
		panic("no memory for the %s", name);
	thread_start(t);
}

void workqueue_init(void)
{
	start_worker("worker", &prompt);
	start_worker("long worker", &patient);
}
