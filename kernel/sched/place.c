// SPDX-License-Identifier: MIT
/*
 * Who runs where: waking, starting, stealing, moving. Nothing here switches; sched.c does.
 *
 * Why it is right on several harts:
 *
 * 1. A thread has one home, arch.cpu, and its state, its place in a queue and whether it is its
 *    home's current change only under the lock of the home's run queue. hart_lock_home() finds it
 *    in spite of moves, since a move changes arch.cpu under the old home's lock.
 *
 * 2. schedule() holds that lock across the whole switch, until the next thread releases it
 *    (sched.c, finish_switch). So a thread that is seen here not to be current has its registers in
 *    memory, its address space has left that hart, and nobody is on its stack: it may run anywhere.
 *    Nobody can see the moments in between, so nobody waits for them to pass.
 *
 * 3. A move takes the thread out of everything first. It is MOVING, so no waker, stealer or
 *    schedule() touches it but the one who moves it, and two run-queue locks are never held
 *    together.
 *
 * 4. No wake-up is lost. sleep_prepare() sets SLEEPING and then looks at its condition; the waker
 *    makes the condition true and then looks at the state. A full barrier lies between the two
 *    steps on both sides, so one of them sees the other. thread_interrupt() does the same with its
 *    mark. Only this step and its reversal, RUNNABLE -> SLEEPING -> RUNNABLE by the thread itself,
 *    and its last one, RUNNABLE -> DEAD, are made without the lock. If a waker means an earlier
 *    sleep, it ends a later one too soon, or one that was given up already: sleepers look again,
 *    and who is dead stays so (wake_and_unlock).
 *
 * 5. No ready thread waits while a hart sleeps, but for the time an interrupt takes. Who queues a
 *    thread on a busy hart then looks at the mask of idle harts; who goes idle sets its bit there
 *    and then looks at the queues. A full barrier lies between the two steps on both sides, so one
 *    of them sees the other.
 */
#include "kernel/sched/place.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/smp.h"
#include "kernel/core/panic.h"
#include "kernel/core/trace.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "lib/abi/errno.h"

static bool any_idles(u64 harts)
{
	return (__atomic_load_n(&sched_idle_harts, __ATOMIC_RELAXED) & harts) != 0;
}

/* Harts of @harts that idle; of several wakers only the one that takes the bit away sends its
 * thread there. */
static bool idle_claim(u64 harts, u32 *cpu)
{
	u64 idle = __atomic_load_n(&sched_idle_harts, __ATOMIC_RELAXED) & harts;
	for (; idle != 0; idle &= idle - 1) {
		const u32 i = (u32)__builtin_ctzll(idle);
		if (__atomic_fetch_and(&sched_idle_harts, ~BIT(i), __ATOMIC_RELAXED) & BIT(i)) {
			*cpu = i;
			return true;
		}
	}
	return false;
}

static u32 least_loaded(u64 harts, u32 preferred)
{
	u32 best = preferred;
	u32 best_load = harts & BIT(preferred) ? hart_load(&sched_harts[preferred]) : ~0u;
	for (; harts != 0; harts &= harts - 1) {
		const u32 i = (u32)__builtin_ctzll(harts);
		const u32 load = hart_load(&sched_harts[i]);
		if (load < best_load) {
			best = i;
			best_load = load;
		}
	}
	return best;
}

/*
 * Where @t should run: its home @h, where it ran, if that idles (its caches are warm), any that
 * idles, else its home, where it may preempt. A new thread, which has no past, goes where least is
 * to be done.
 */
static u32 choose_hart(const struct sched_hart *h, const struct thread *t, bool is_new)
{
	const u32 home = h->index;
	const u64 serving = sched_hart_mask();
	u64 allowed = __atomic_load_n(&t->affinity, __ATOMIC_RELAXED) & serving;
	if (allowed == 0)
		allowed = serving;
	if (allowed == BIT(home))
		return home;
	u32 cpu;
	if (idle_claim(allowed & BIT(home), &cpu) || idle_claim(allowed, &cpu))
		return cpu;
	if (!is_new && (allowed & BIT(home)) != 0)
		return home;
	return least_loaded(allowed, home);
}

/*
 * @t, queued on @h, should run before the hart would look, or it would not look at all. Under h's
 * lock. Returns true if the hart is to be kicked, after unlocking.
 */
static bool ask_for_turn(struct sched_hart *h, const struct thread *t)
{
	const bool is_here = h == sched_hart_here();
	const u64 ticks = h->charged_until; /* which was just now */
	const nsec_t now = clock_at(ticks);
	if (runqueue_should_preempt(h->current, t)) {
		/* Not before its turn was worth the switch: a program that feeds another byte by
		 * byte would do nothing but switch. */
		const nsec_t worth = clock_at(h->turn_began) + TURN_MIN_NS;
		if (is_here && now < worth) {
			h->turn_to_cut = h->turn_began;
			hart_look_by(h, worth);
			return false;
		}
	} else {
		/* It waits for the end of the slice, which does not count while nobody waits.
		 * Another hart's timer is set there alone; so the first that waits makes it look.
		 */
		if (h->queue.ready != 1)
			return false;
		if (is_here) {
			hart_begin_turn(h, ticks);
			hart_look_by(h, now + SLICE_MIN_NS);
			return false;
		}
	}
	thread_work_set(&h->current->arch, TW_RESCHED);
	return !is_here;
}

/* Bring the accounts of @h up to now, so that somebody can be placed among its threads. Under lock.
 */
static void hart_catch_up(struct sched_hart *h)
{
	if (hart_is_idling(h))
		return;
	hart_charge(h);
	runqueue_advance(&h->queue, h->current);
}

/* Queue @t on @h, its home, and see to it that the hart notices. Under h's lock, caught up. Returns
 * true if the hart is to be kicked, after unlocking. */
static bool hart_enqueue(struct sched_hart *h, struct thread *t)
{
	runqueue_limit_credit(&h->queue, t);
	runqueue_enqueue(&h->queue, t);
	/* The idle loop looks at the queue before it waits; elsewhere a kick ends the wait. */
	if (hart_is_idling(h))
		return h != sched_hart_here();
	return ask_for_turn(h, t);
}

/* After a thread was queued on @h, which is unlocked, and which may go to @others: step 5 of the
 * argument above. */
static __noinline void offer_to(const struct sched_hart *h, u64 others)
{
	const u32 ready = READ_ONCE(h->queue.ready);
	if (ready == 0 || (ready == 1 && hart_is_idling(h) && READ_ONCE(h->in_service)))
		return;
	u32 cpu;
	if (!idle_claim(others, &cpu))
		return;
	if (cpu != cpu_index())
		smp_kick(cpu);
}

/* @t is in no queue, and @h, its home, locked and caught up. */
static void enqueue_and_unlock(struct sched_hart *h, struct thread *t)
{
	/* Once it is unlocked @t may run and end. */
	const u64 others = t->affinity & h->others;
	const bool needs_kick = hart_enqueue(h, t);
	spin_unlock(&h->lock);
	if (needs_kick)
		smp_kick(h->index);
	barrier_full(); /* pairs with sched_idle_loop() */
	if (any_idles(others))
		offer_to(h, others);
}

/* @t has come from another queue to @h, its new home. Under h's lock, caught up; who idles is. */
static void settle(struct sched_hart *h, struct thread *t)
{
	runqueue_arrive(&h->queue, t);
	/* Its affinity changed while it was on the way here: it moves on as soon as it runs. */
	if (unlikely(!thread_may_run_on(t, h->index)))
		thread_work_set(&t->arch, TW_RESCHED);
}

/* @t is MOVING to @h, its new home. */
static __noinline void arrive(struct thread *t, struct sched_hart *h)
{
	spin_lock(&h->lock);
	hart_catch_up(h);
	settle(h, t);
	enqueue_and_unlock(h, t);
}

/* @t is in no queue, and @h its home, locked: make @cpu, another one, its home and queue it there.
 */
static void move_and_unlock(struct sched_hart *h, struct thread *t, u32 cpu)
{
	t->state = THREAD_MOVING;
	hart_advance(h);
	runqueue_leave(&h->queue, t);
	WRITE_ONCE(t->arch.cpu, &cpus[cpu]);
	spin_unlock(&h->lock);
	arrive(t, &sched_harts[cpu]);
}

static __noinline void place_and_unlock(struct sched_hart *h, struct thread *t, bool is_new)
{
	DEBUG_ASSERT(t->state != THREAD_RUNNABLE && t != h->current);
	const u32 cpu = choose_hart(h, t, is_new);
	if (cpu != h->index) {
		move_and_unlock(h, t, cpu);
		return;
	}
	if (!is_new) /* whose starter caught up */
		hart_catch_up(h);
	enqueue_and_unlock(h, t);
}

void place_ready_and_unlock(struct sched_hart *h, struct thread *t)
{
	place_and_unlock(h, t, false);
}

/* @h is locked. Take a thread that may run on @cpu out of its queue and make @cpu its home. NULL:
 * none. It is MOVING then. */
static struct thread *take_for_and_unlock(struct sched_hart *h, u32 cpu)
{
	struct thread *t = runqueue_find_movable(&h->queue, cpu);
	if (t != NULL) {
		hart_advance(h);
		runqueue_dequeue(&h->queue, t);
		runqueue_leave(&h->queue, t);
		WRITE_ONCE(t->arch.cpu, &cpus[cpu]);
	}
	spin_unlock(&h->lock);
	return t;
}

/* Is anything to be had from @h? What an idle hart is just waking up for is its own. */
static bool is_worth_stealing_from(const struct sched_hart *h)
{
	const u32 ready = READ_ONCE(h->queue.ready);
	return ready > 1 || (ready == 1 && !(hart_is_idling(h) && READ_ONCE(h->in_service)));
}

/* Does not wait for the lock when there is nothing to be had any more. */
static struct thread *steal_from(struct sched_hart *victim, u32 cpu)
{
	while (is_worth_stealing_from(victim)) {
		if (spin_try_lock(&victim->lock))
			return take_for_and_unlock(victim, cpu);
		cpu_relax();
	}
	return NULL;
}

bool place_steal(struct sched_hart *h)
{
	u64 left = sched_hart_mask() & ~BIT(h->index);
	while (left != 0) {
		/* The one with the most, and another if its threads may not come here. */
		u32 busiest = 0, most = 0;
		for (u64 rest = left; rest != 0; rest &= rest - 1) {
			const u32 i = (u32)__builtin_ctzll(rest);
			const u32 ready = READ_ONCE(sched_harts[i].queue.ready);
			if (ready > most && is_worth_stealing_from(&sched_harts[i])) {
				busiest = i;
				most = ready;
			}
		}
		if (most == 0)
			return false;
		struct thread *t = steal_from(&sched_harts[busiest], h->index);
		if (t != NULL) {
			spin_lock(&h->lock);
			settle(h, t);
			runqueue_enqueue(&h->queue, t);
			spin_unlock(&h->lock);
			return true;
		}
		left &= ~BIT(busiest);
	}
	return false;
}

void place_balance(struct sched_hart *h)
{
	const u32 mine = hart_load(h);
	const u32 cpu = least_loaded(sched_hart_mask(), h->index);
	/* A difference of one would only travel. */
	if (mine < 3 || hart_load(&sched_harts[cpu]) + 2 > mine)
		return;
	spin_lock(&h->lock);
	struct thread *t = take_for_and_unlock(h, cpu);
	if (t != NULL)
		arrive(t, &sched_harts[cpu]);
}

/* Wake @t, which is SLEEPING; its home @h is locked. */
static void wake_and_unlock(struct sched_hart *h, struct thread *t)
{
	/* The one is still on its way to sleep, and schedule() will find it runnable; unless it has
	 * given that up by now, and perhaps ended. The other runs whenever nobody else does; it
	 * polls, and is in no queue. */
	if (t == h->current || t == h->idle) {
		enum thread_state asleep = THREAD_SLEEPING;
		(void)__atomic_compare_exchange_n(&t->state, &asleep, THREAD_RUNNABLE, false,
						  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		spin_unlock(&h->lock);
	} else {
		place_and_unlock(h, t, false);
	}
}

static __noinline bool wake_with_care(struct sched_hart *h, struct thread *t, u64 flags)
{
	wake_and_unlock(h, t);
	irq_restore(flags);
	return true;
}

static __noinline bool offer_woken(const struct sched_hart *h, u64 others, u64 flags)
{
	offer_to(h, others);
	irq_restore(flags);
	return true;
}

/* The rest of thread_wake(). */
static __always_inline bool queue_woken(struct sched_hart *h, struct thread *t, u64 flags)
{
	const u64 others = t->affinity & h->others; /* once it is unlocked @t may run and end */
	runqueue_enqueue(&h->queue, t);
	spin_unlock(&h->lock);
	barrier_full(); /* pairs with sched_idle_loop() */
	if (unlikely(any_idles(others)))
		return offer_woken(h, others, flags);
	irq_restore(flags);
	return true;
}

static __noinline bool queue_among_others(struct sched_hart *h, struct thread *t, u64 flags)
{
	return queue_woken(h, t, flags);
}

/* Must @t, which sleeps and whose home is @h, do more than wait there for its turn? Under lock. */
static inline bool needs_care(const struct sched_hart *h, const struct thread *t)
{
	const struct thread *current = h->current;
	const u64 affinity = __atomic_load_n(&t->affinity, __ATOMIC_RELAXED);
	const u64 others = affinity & h->others;
	return h != sched_hart_here() || t == current || t == h->idle || current == h->idle ||
	       h->slice_alarm == CLOCK_NEVER || others == affinity || any_idles(others);
}

/*
 * Nearly always home is here, nobody idles elsewhere, and an alarm is on its way: so the clock,
 * which may be the firmware's (rule T35), is not asked. Who runs was charged less than SLICE_MIN_NS
 * ago, which is near enough.
 */
static __always_inline bool wake(struct sched_hart *h, struct thread *t, u64 flags)
{
	if (unlikely(needs_care(h, t)))
		return wake_with_care(h, t, flags);
	runqueue_advance(&h->queue, h->current);
	runqueue_limit_credit(&h->queue, t);
	if (unlikely(runqueue_should_preempt(h->current, t)))
		return wake_with_care(h, t, flags);
	/* Apart, since who comes to an empty queue needs no tree, and so this function no frame. */
	if (h->queue.first != NULL)
		return queue_among_others(h, t, flags);
	return queue_woken(h, t, flags);
}

static __noinline bool wake_traced(struct sched_hart *h, struct thread *t, u64 flags)
{
	trace_name(TRACE_WAKE, t->arch.tid, t->name);
	return wake(h, t, flags);
}

bool thread_wake(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	barrier_full(); /* pairs with sleep_prepare() */
	if (unlikely(READ_ONCE(t->state) != THREAD_SLEEPING)) {
		spin_unlock_irq(&h->lock, flags);
		return false;
	}
	if (unlikely(trace_is_on(TRACE_WAKE)))
		return wake_traced(h, t, flags);
	return wake(h, t, flags);
}

static __noinline void interrupt_other(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	WRITE_ONCE(t->interrupted, true);
	barrier_full(); /* pairs with sleep_prepare() */
	if (READ_ONCE(t->state) == THREAD_SLEEPING && READ_ONCE(t->sleeps_interruptibly)) {
		trace_name(TRACE_WAKE, t->arch.tid, t->name);
		wake_and_unlock(h, t);
	} else {
		const bool runs_elsewhere = t == h->current && h != sched_hart_here();
		spin_unlock(&h->lock);
		if (runs_elsewhere)
			smp_kick(h->index);
	}
	irq_restore(flags);
}

void thread_interrupt(struct thread *t)
{
	/* Nobody else takes it out of this state. */
	if (t == thread_current() && READ_ONCE(t->state) == THREAD_RUNNABLE)
		WRITE_ONCE(t->interrupted, true);
	else
		interrupt_other(t);
}

void thread_start(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	ASSERT(t->state == THREAD_NEW);
	/* It begins where its maker stands, who runs here, or has moved away since: then where
	 * whoever runs here does. */
	hart_catch_up(h);
	if (!hart_is_idling(h))
		runqueue_shift(t, runqueue_lead(&h->queue, h->current));
	runqueue_arrive(&h->queue, t);
	hart_count_start();
	place_and_unlock(h, t, true);
	irq_restore(flags);
}

void thread_set_nice(struct thread *t, s32 nice)
{
	nice = MIN(MAX(nice, NICE_MIN), NICE_MAX);
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	const bool is_running = t == h->current;
	if (is_running)
		hart_charge(h);
	/* The queue adds up the weights of who is ready or runs. */
	if (is_running || t->state == THREAD_RUNNABLE)
		h->queue.weight += (u64)runqueue_weight(nice) - t->weight;
	t->nice = nice;
	t->weight = runqueue_weight(nice);
	spin_unlock_irq(&h->lock, flags);
}

int thread_set_affinity(struct thread *t, u64 mask)
{
	if ((mask & sched_hart_mask()) == 0)
		return -EINVAL;
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	__atomic_store_n(&t->affinity, mask, __ATOMIC_RELAXED);
	if (thread_may_run_on(t, h->index)) {
		spin_unlock(&h->lock);
	} else if (t->state == THREAD_RUNNABLE && t != h->current) {
		runqueue_dequeue(&h->queue, t);
		place_ready_and_unlock(h, t);
	} else {
		/* A sleeper is placed when it wakes; who runs moves in schedule(), on its own hart.
		 */
		const bool is_running = t == h->current;
		const bool runs_elsewhere = is_running && h != sched_hart_here();
		if (is_running)
			thread_work_set(&t->arch, TW_RESCHED);
		spin_unlock(&h->lock);
		if (runs_elsewhere)
			smp_kick(h->index);
	}
	irq_restore(flags);
	return 0;
}
