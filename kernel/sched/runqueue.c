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

void runqueue_tree_add(struct runqueue *q, struct thread *t, bool was_first)
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

struct thread *runqueue_tree_take_first(struct runqueue *q)
{
	struct rb_node *node = rb_first(&q->tree);
	rb_remove(&q->tree, node);
	return node_thread(node);
}

void runqueue_dequeue(struct runqueue *q, struct thread *t)
{
	if (t == q->first)
		runqueue_take_first(q);
	else
		rb_remove(&q->tree, &t->run_node);
	t->state = THREAD_MOVING;
	q->weight -= t->weight;
	WRITE_ONCE(q->ready, q->ready - 1);
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
