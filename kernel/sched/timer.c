// SPDX-License-Identifier: MIT
/*
 * A tree of timers per hart, by time, and the one hardware event per hart: the earlier of the first
 * timer and the end of the running thread's slice.
 *
 * The invariant: the hardware is set to a moment no later than the first thing due on its hart. It
 * may be earlier: then the interrupt finds nothing and sets it right. Only the hart itself sets its
 * hardware; another hart can only take a timer out, which makes the event too early at worst.
 *
 * Locks: timer_hart->lock (RANK_TIMER), interrupts off; not held while a timer fires. What fires is
 * named in firing, so timer_cancel() can wait for its end. slice_end and event belong to the hart
 * alone, which lets schedule() set them under the run queue's lock, inside RANK_TIMER.
 */
#include "kernel/sched/timer.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/trace.h"

/* Timers served in one interrupt; more come in the next, so that devices get their turn. */
#define FIRE_MAX      64
#define NSEC_PER_USEC 1000

struct timer_hart {
	struct spinlock lock;

	struct rb_root tree;  /* under lock */
	struct timer *firing; /* atomic; set and cleared by the hart alone */

	/* written under lock; read by the hart without it */
	nsec_t first; /* when the first of the tree is due */

	/* only the hart, interrupts off */
	nsec_t slice_end;
	nsec_t event; /* what the hardware is set to */
} __aligned(64);

static struct timer_hart timer_harts[CONFIG_NR_CPUS];

void (*timer_slice_handler)(nsec_t now);

static struct timer_hart *timer_hart_here(void)
{
	return &timer_harts[cpu_index()];
}

static struct timer *first_timer(const struct timer_hart *h)
{
	struct rb_node *node = rb_first(&h->tree);
	return node != NULL ? rb_entry(node, struct timer, node) : NULL;
}

static void first_update(struct timer_hart *h)
{
	const struct timer *t = first_timer(h);
	WRITE_ONCE(h->first, t != NULL ? t->when : CLOCK_NEVER);
}

static void tree_insert(struct timer_hart *h, struct timer *t)
{
	struct rb_node **link = &h->tree.node, *parent = NULL;
	while (*link != NULL) {
		parent = *link;
		link = t->when < rb_entry(parent, struct timer, node)->when ? &parent->left :
									      &parent->right;
	}
	rb_insert(&h->tree, parent, link, &t->node);
	t->is_queued = true;
}

static void tree_remove(struct timer_hart *h, struct timer *t)
{
	rb_remove(&h->tree, &t->node);
	__atomic_store_n(&t->is_queued, false, __ATOMIC_RELEASE);
}

static nsec_t next_due(const struct timer_hart *h)
{
	const nsec_t first = READ_ONCE(h->first);
	return first < h->slice_end ? first : h->slice_end;
}

/* Make the event early enough. Own hart, interrupts off. */
static void event_advance(struct timer_hart *h)
{
	const nsec_t due = next_due(h);
	if (due >= h->event)
		return;
	h->event = due;
	clock_set_event(due);
}

/*
 * Take @t off the tree it is in; true if it was. The look without the lock suffices if it says no:
 * who starts and cancels one timer is one, so that only firing, which has taken it off already,
 * could have changed that.
 */
static bool timer_dequeue(struct timer *t)
{
	if (!__atomic_load_n(&t->is_queued, __ATOMIC_ACQUIRE))
		return false;
	struct timer_hart *h = &timer_harts[t->cpu];
	spin_lock(&h->lock);
	const bool was_queued = t->is_queued;
	if (was_queued) {
		tree_remove(h, t);
		first_update(h);
	}
	spin_unlock(&h->lock);
	return was_queued;
}

/*
 * After timer_dequeue(). fire_due() names the timer in firing before it clears is_queued, and
 * clears firing when it has returned: so who sees is_queued clear and then another name there knows
 * that it does not run.
 */
static bool timer_is_firing(const struct timer *t)
{
	return __atomic_load_n(&timer_harts[t->cpu].firing, __ATOMIC_ACQUIRE) == t;
}

void timer_init(struct timer *t, void (*fire)(struct timer *t))
{
	*t = (struct timer){ .fire = fire };
}

/* Under h's lock. */
static void tree_start(struct timer_hart *h, struct timer *t, nsec_t when)
{
	t->when = when;
	t->cpu = (u32)(h - timer_harts);
	tree_insert(h, t);
	first_update(h);
}

/*
 * If @t is firing on another hart just now, start it there, so that its cpu goes on telling
 * timer_cancel() where to look. That hart sets its event when it is done with firing, which is
 * after we release the lock.
 */
static bool start_where_it_fires(struct timer *t, nsec_t when)
{
	struct timer_hart *h = &timer_harts[t->cpu];
	if (likely(h == timer_hart_here() || !timer_is_firing(t)))
		return false;
	spin_lock(&h->lock);
	const bool is_firing = timer_is_firing(t);
	if (is_firing)
		tree_start(h, t, when);
	spin_unlock(&h->lock);
	return is_firing;
}

void timer_start(struct timer *t, nsec_t when)
{
	const u64 flags = irq_save();
	(void)timer_dequeue(t); /* firing or not: it is to fire at @when, too */

	if (when != CLOCK_NEVER && !start_where_it_fires(t, when)) {
		struct timer_hart *h = timer_hart_here();
		spin_lock(&h->lock);
		tree_start(h, t, when);
		spin_unlock(&h->lock);
		event_advance(h);
	}
	irq_restore(flags);
}

bool timer_cancel(struct timer *t)
{
	bool was_queued = false;
	for (;;) {
		const u64 flags = irq_save();
		if (timer_dequeue(t))
			was_queued = true;
		const bool is_firing = timer_is_firing(t);
		irq_restore(flags);
		/* Again, since firing it may start it again. */
		if (!is_firing && !READ_ONCE(t->is_queued))
			return was_queued;
		cpu_relax();
	}
}

static void fire_due(struct timer_hart *h, nsec_t now)
{
	spin_lock(&h->lock);
	for (unsigned fired = 0; fired < FIRE_MAX; fired++) {
		struct timer *t = first_timer(h);
		if (t == NULL || t->when > now)
			break;
		/* In this order: pairs with timer_is_firing(). */
		__atomic_store_n(&h->firing, t, __ATOMIC_RELEASE);
		tree_remove(h, t);
		spin_unlock(&h->lock);
		trace(TRACE_TIMER, (now - t->when) / NSEC_PER_USEC, t->fire, 0);
		/* From its return on @t may be gone. */
		t->fire(t);
		__atomic_store_n(&h->firing, NULL, __ATOMIC_RELEASE);
		spin_lock(&h->lock);
	}
	first_update(h);
	spin_unlock(&h->lock);
}

/* The timer interrupt. */
static void timers_interrupt(void)
{
	struct timer_hart *h = timer_hart_here();
	const nsec_t now = clock_now();

	/* Nothing is set until the end: what is started meanwhile needs no call into the firmware
	 * each. */
	h->event = 0;
	if (READ_ONCE(h->first) <= now)
		fire_due(h, now);
	if (h->slice_end <= now) {
		h->slice_end = CLOCK_NEVER;
		timer_slice_handler(now);
	}
	h->event = next_due(h);
	clock_set_event(h->event);
}

void timer_set_slice_end(nsec_t when)
{
	struct timer_hart *h = timer_hart_here();
	h->slice_end = when;
	event_advance(h);
}

void timers_init(void)
{
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++) {
		struct timer_hart *h = &timer_harts[i];
		*h = (struct timer_hart){
			.first = CLOCK_NEVER,
			.slice_end = CLOCK_NEVER,
			.event = CLOCK_NEVER,
		};
		spin_init(&h->lock, "timers", RANK_TIMER);
	}
	clock_event_handler = timers_interrupt;
}
