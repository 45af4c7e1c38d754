// SPDX-License-Identifier: MIT
/*
 * Fair sharing by virtual run time. The invariant: min_vruntime never goes back and follows the
 * smallest virtual time of queue and running thread; whoever comes in, new, woken or from another
 * queue, is placed relative to it. So nobody can claim time from before it came, and nobody waits
 * behind a past it was not part of.
 *
 * Virtual times are compared by signed difference, so they may wrap.
 */
#include "kernel/sched/runqueue.h"

#include "kernel/core/panic.h"

/* 1024 / 1.25^nice, rounded; nice -20 first. */
static const u32 nice_weights[NICE_MAX - NICE_MIN + 1] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, /* -20 .. -11 */
	9537,  7629,  6104,  4883,  3906,  3125,  2500,  2000,  1600,  1280,  /* -10 .. -1 */
	1024,  819,   655,   524,   419,   336,   268,   215,   172,   137,   /* 0 .. 9 */
	110,   88,    70,    56,    45,    36,    29,    23,    18,    15,    /* 10 .. 19 */
};

static struct thread *node_thread(struct rb_node *node)
{
	return rb_entry(node, struct thread, run_node);
}

void runqueue_init(struct runqueue *q)
{
	*q = (struct runqueue){ 0 };
}

u32 runqueue_weight(s32 nice)
{
	ASSERT(nice >= NICE_MIN && nice <= NICE_MAX);
	return nice_weights[nice - NICE_MIN];
}

/* @t was first until now: before its equals. */
static __noinline void tree_add(struct runqueue *q, struct thread *t, bool was_first)
{
	struct rb_node **link = &q->tree.node, *parent = NULL;
	while (*link != NULL) {
		parent = *link;
		link = was_first || vruntime_is_before(t->vruntime, node_thread(parent)->vruntime) ?
			       &parent->left :
			       &parent->right;
	}
	rb_insert(&q->tree, parent, link, &t->run_node);
}

static __noinline struct thread *tree_take_first(struct runqueue *q)
{
	struct rb_node *node = rb_first(&q->tree);
	rb_remove(&q->tree, node);
	return node_thread(node);
}

/* The two below, which nearly always find no other thread ready, put and take no more than a
 * pointer then. */
static inline void insert(struct runqueue *q, struct thread *t)
{
	struct thread *const first = q->first;
	const bool is_first = first == NULL || vruntime_is_before(t->vruntime, first->vruntime);
	if (unlikely(first != NULL))
		tree_add(q, is_first ? first : t, is_first);
	if (is_first)
		q->first = t;
	t->is_queued = true;
	q->weight += t->weight;
	WRITE_ONCE(q->ready, q->ready + 1);
}

static inline void remove(struct runqueue *q, struct thread *t)
{
	if (unlikely(t != q->first))
		rb_remove(&q->tree, &t->run_node);
	else
		q->first = likely(q->tree.node == NULL) ? NULL : tree_take_first(q);
	t->is_queued = false;
	q->weight -= t->weight;
	WRITE_ONCE(q->ready, q->ready - 1);
}

void runqueue_enqueue(struct runqueue *q, struct thread *t)
{
	insert(q, t);
}

void runqueue_dequeue(struct runqueue *q, struct thread *t)
{
	remove(q, t);
}

struct thread *runqueue_pick(struct runqueue *q)
{
	struct thread *t = q->first;
	if (t != NULL)
		remove(q, t);
	return t;
}

struct thread *runqueue_exchange(struct runqueue *q, struct thread *current)
{
	struct thread *t = q->first;
	if (t == NULL || vruntime_is_before(current->vruntime, t->vruntime))
		return current;
	remove(q, t);
	insert(q, current);
	return t;
}

static bool may_move(const struct thread *t, u32 cpu)
{
	return (__atomic_load_n(&t->affinity, __ATOMIC_RELAXED) & BIT(cpu)) != 0;
}

struct thread *runqueue_find_movable(const struct runqueue *q, u32 cpu)
{
	if (q->first != NULL && may_move(q->first, cpu))
		return q->first;
	for (struct rb_node *node = rb_first(&q->tree); node != NULL; node = rb_next(node))
		if (may_move(node_thread(node), cpu))
			return node_thread(node);
	return NULL;
}
