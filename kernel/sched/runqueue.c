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

static bool is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static u64 to_virtual(nsec_t ran, u32 weight)
{
	return weight == WEIGHT_NICE_0 ? ran : ran * WEIGHT_NICE_0 / weight;
}

static struct thread *first(const struct runqueue *q)
{
	struct rb_node *node = rb_first(&q->tree);
	return node != NULL ? node_thread(node) : NULL;
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

void runqueue_enqueue(struct runqueue *q, struct thread *t)
{
	struct rb_node **link = &q->tree.node, *parent = NULL;
	while (*link != NULL) {
		parent = *link;
		link = is_before(t->vruntime, node_thread(parent)->vruntime) ? &parent->left :
									       &parent->right;
	}
	rb_insert(&q->tree, parent, link, &t->run_node);
	t->is_queued = true;
	q->weight += t->weight;
	WRITE_ONCE(q->ready, q->ready + 1);
}

void runqueue_dequeue(struct runqueue *q, struct thread *t)
{
	rb_remove(&q->tree, &t->run_node);
	t->is_queued = false;
	q->weight -= t->weight;
	WRITE_ONCE(q->ready, q->ready - 1);
}

struct thread *runqueue_pick(struct runqueue *q)
{
	struct thread *t = first(q);
	if (t != NULL)
		runqueue_dequeue(q, t);
	return t;
}

struct thread *runqueue_find_movable(const struct runqueue *q, u32 cpu)
{
	for (struct rb_node *node = rb_first(&q->tree); node != NULL; node = rb_next(node)) {
		struct thread *t = node_thread(node);
		if (__atomic_load_n(&t->affinity, __ATOMIC_RELAXED) & BIT(cpu))
			return t;
	}
	return NULL;
}

void runqueue_leave(const struct runqueue *q, struct thread *t)
{
	t->vruntime -= q->min_vruntime;
}

void runqueue_arrive(const struct runqueue *q, struct thread *t)
{
	t->vruntime += q->min_vruntime;
}

void runqueue_charge(struct runqueue *q, struct thread *current, nsec_t ran)
{
	current->vruntime += to_virtual(ran, current->weight);

	u64 least = current->vruntime;
	const struct thread *next = first(q);
	if (next != NULL && is_before(next->vruntime, least))
		least = next->vruntime;
	if (is_before(q->min_vruntime, least))
		q->min_vruntime = least;
}

u64 runqueue_lead(const struct runqueue *q, const struct thread *current)
{
	return is_before(current->vruntime, q->min_vruntime) ? 0 :
							       current->vruntime - q->min_vruntime;
}

void runqueue_limit_credit(const struct runqueue *q, struct thread *t)
{
	const u64 earliest = q->min_vruntime - SLEEPER_CREDIT_NS;
	if (is_before(t->vruntime, earliest))
		t->vruntime = earliest;
}

void runqueue_yield(const struct runqueue *q, struct thread *current)
{
	const struct thread *next = first(q);
	if (next != NULL && is_before(current->vruntime, next->vruntime))
		current->vruntime = next->vruntime;
}

bool runqueue_should_preempt(const struct thread *current, const struct thread *woken)
{
	return is_before(woken->vruntime + to_virtual(PREEMPT_MARGIN_NS, woken->weight),
			 current->vruntime);
}

nsec_t runqueue_slice(const struct runqueue *q, const struct thread *current)
{
	const nsec_t share = TURN_ALL_NS * current->weight / (q->weight + current->weight);
	return MAX(share, (nsec_t)SLICE_MIN_NS);
}
