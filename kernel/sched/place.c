// SPDX-License-Identifier: MIT
/*
 * Who runs where: waking, starting, stealing, moving. Nothing here switches; sched.c does.
 *
 * Why it is right on several harts:
 *
 * 1. A thread has one home, arch.cpu, and its state, queue membership and on_cpu change only
 *    under the lock of the home's run queue. hart_lock_home() finds it in spite of moves, since
 *    a move changes arch.cpu under the old home's lock.
 *
 * 2. schedule() holds that lock across the whole switch, until the next thread has cleared the
 *    previous one's on_cpu (sched.c, finish_switch). So a thread seen here with on_cpu clear has
 *    its registers in memory, its address space has left that hart, and nobody is on its stack:
 *    it may run anywhere. Nobody can see the moments in between, so nobody waits for on_cpu.
 *
 * 3. A move takes the thread out of everything first. It is READY and in no queue ("in transit"),
 *    so no waker, stealer or schedule() touches it but the one who moves it, and two run-queue
 *    locks are never held together.
 *
 * 4. No wake-up is lost. sleep_prepare() sets SLEEPING and then looks at its condition; the waker
 *    makes the condition true and then looks at the state. A full barrier lies between the two
 *    steps on both sides, so one of them sees the other. thread_interrupt() does the same with its
 *    mark. Only this step and its reversal, RUNNING -> SLEEPING -> RUNNING by the thread itself,
 *    are made without the lock. If a waker means an earlier sleep, it ends a later one too soon, or
 *    one that was given up already: sleepers look again.
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

/* Who runs is not interrupted earlier than this by one that was woken. Short against what a person
 * notices. */
#define TURN_MIN_NS 250000ULL

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
static __noinline u32 choose_hart(const struct sched_hart *h, const struct thread *t, bool is_new)
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
 * Queue @t on @h, its home, and see to it that the hart notices. Under h's lock. Returns true if
 * the hart is to be kicked, after unlocking.
 */
static __always_inline bool hart_enqueue(struct sched_hart *h, struct thread *t)
{
	/* The idle loop looks at the queue before it waits; elsewhere a kick ends the wait. */
	if (hart_is_idling(h)) {
		runqueue_limit_credit(&h->queue, t);
		runqueue_enqueue(&h->queue, t);
		return h != sched_hart_here();
	}
	const nsec_t now = clock_now();
	hart_charge(h, now); /* first, since it moves the queue's min_vruntime */
	runqueue_limit_credit(&h->queue, t);
	runqueue_enqueue(&h->queue, t);

	const bool is_here = h == sched_hart_here();
	if (runqueue_should_preempt(h->current, t)) {
		/* Not before its turn was worth the switch: a program that feeds another byte by
		 * byte would do nothing but switch. */
		const nsec_t worth = h->turn_began + TURN_MIN_NS;
		if (is_here && now < worth) {
			h->turn_cut = worth;
			hart_look_by(h, worth);
			return false;
		}
	} else {
		/* It waits for the end of the slice, which does not count while nobody waits.
		 * Another hart's timer is set there alone; so the first that waits makes it look.
		 */
		if (h->queue.ready != 1)
			return false;
		if (likely(is_here)) {
			hart_begin_turn(h, now);
			return false;
		}
	}
	thread_work_set(&h->current->arch, TW_RESCHED);
	return !is_here;
}

/* After a thread was queued on @h, which is unlocked: step 5 of the argument above. */
static inline void offer_to_idle(const struct sched_hart *h, u64 affinity)
{
	barrier_full(); /* pairs with sched_idle_loop() */
	if (likely(!any_idles(affinity & ~BIT(h->index))))
		return;
	const u32 ready = READ_ONCE(h->queue.ready);
	if (ready == 0 || (ready == 1 && hart_is_idling(h) && READ_ONCE(h->in_service)))
		return;
	u32 cpu;
	if (!idle_claim(affinity & ~BIT(h->index), &cpu))
		return;
	if (cpu != cpu_index())
		smp_kick(cpu);
}

static __always_inline void enqueue_and_unlock(struct sched_hart *h, struct thread *t)
{
	/* Once it is unlocked @t may run and end. */
	const u64 affinity = t->affinity;
	const bool needs_kick = hart_enqueue(h, t);
	spin_unlock(&h->lock);
	if (needs_kick)
		smp_kick(h->index);
	offer_to_idle(h, affinity);
}

/* @t has come from another queue to @h, its new home. Under h's lock. */
static void settle(struct sched_hart *h, struct thread *t)
{
	runqueue_arrive(&h->queue, t);
	/* Its affinity changed while it was on the way here: it moves on as soon as it runs. */
	if (unlikely(!thread_may_run_on(t, h->index)))
		thread_work_set(&t->arch, TW_RESCHED);
}

/* @t is in transit to @h, its new home. */
static __noinline void arrive(struct thread *t, struct sched_hart *h)
{
	spin_lock(&h->lock);
	settle(h, t);
	enqueue_and_unlock(h, t);
}

/* @t is in transit, and @h its home, locked: make @cpu, another one, its home and queue it there.
 */
static void move_and_unlock(struct sched_hart *h, struct thread *t, u32 cpu)
{
	runqueue_leave(&h->queue, t);
	WRITE_ONCE(t->arch.cpu, &cpus[cpu]);
	spin_unlock(&h->lock);
	arrive(t, &sched_harts[cpu]);
}

static __always_inline void place_and_unlock(struct sched_hart *h, struct thread *t, bool is_new)
{
	DEBUG_ASSERT(t->state == THREAD_READY && !t->is_queued && !t->on_cpu);
	/* Nearly always it stays: it may, and nobody idles that it could go to. */
	const u64 affinity = __atomic_load_n(&t->affinity, __ATOMIC_RELAXED);
	if (is_new || unlikely((affinity & BIT(h->index)) == 0 || any_idles(affinity))) {
		const u32 cpu = choose_hart(h, t, is_new);
		if (cpu != h->index) {
			move_and_unlock(h, t, cpu);
			return;
		}
	}
	enqueue_and_unlock(h, t);
}

void place_ready_and_unlock(struct sched_hart *h, struct thread *t)
{
	place_and_unlock(h, t, false);
}

/* @h is locked. Take a thread that may run on @cpu out of its queue and make @cpu its home. NULL:
 * none. It is in transit then. */
static struct thread *take_for_and_unlock(struct sched_hart *h, u32 cpu)
{
	struct thread *t = runqueue_find_movable(&h->queue, cpu);
	if (t != NULL) {
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
static __always_inline void wake_and_unlock(struct sched_hart *h, struct thread *t)
{
	trace_name(TRACE_WAKE, t->arch.tid, t->name);
	if (t->on_cpu) {
		/* Still on its way to sleep: schedule() will find it running. */
		t->state = THREAD_RUNNING;
		spin_unlock(&h->lock);
	} else if (t == h->idle) {
		/* Runs whenever nobody else does; it polls, and is in no queue. */
		t->state = THREAD_READY;
		spin_unlock(&h->lock);
	} else {
		t->state = THREAD_READY;
		place_and_unlock(h, t, false);
	}
}

bool thread_wake(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	barrier_full(); /* pairs with sleep_prepare() */
	const bool sleeps = READ_ONCE(t->state) == THREAD_SLEEPING;
	if (sleeps)
		wake_and_unlock(h, t);
	else
		spin_unlock(&h->lock);
	irq_restore(flags);
	return sleeps;
}

void thread_interrupt(struct thread *t)
{
	/* Nobody else takes it out of this state. */
	if (t == thread_current() && READ_ONCE(t->state) == THREAD_RUNNING) {
		WRITE_ONCE(t->interrupted, true);
		return;
	}
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	WRITE_ONCE(t->interrupted, true);
	barrier_full(); /* pairs with sleep_prepare() */
	if (READ_ONCE(t->state) == THREAD_SLEEPING && READ_ONCE(t->sleeps_interruptibly)) {
		wake_and_unlock(h, t);
	} else {
		const bool runs_elsewhere = t->on_cpu && h != sched_hart_here();
		spin_unlock(&h->lock);
		if (runs_elsewhere)
			smp_kick(h->index);
	}
	irq_restore(flags);
}

void thread_start(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	ASSERT(t->state == THREAD_NEW);
	t->state = THREAD_READY;
	/* It begins where its maker stands, who runs here, or has moved away since: then where
	 * whoever runs here does. */
	hart_charge(h, clock_now());
	t->vruntime = runqueue_lead(&h->queue, h->current);
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
	if (t->on_cpu)
		hart_charge(h, clock_now());
	/* The queue adds up weights. */
	const bool was_queued = t->is_queued;
	if (was_queued)
		runqueue_dequeue(&h->queue, t);
	t->nice = nice;
	t->weight = runqueue_weight(nice);
	if (was_queued)
		runqueue_enqueue(&h->queue, t);
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
	} else if (t->is_queued) {
		runqueue_dequeue(&h->queue, t);
		place_ready_and_unlock(h, t);
	} else {
		/* A sleeper is placed when it wakes; who runs moves in schedule(), on its own hart.
		 */
		const bool is_running = t->on_cpu;
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
