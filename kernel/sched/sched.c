// SPDX-License-Identifier: MIT
/*
 * Switching: schedule(), the idle loop, the end of a thread, and when a hart changes address spaces
 * (how: mmu_switch()).
 *
 * The run queue's lock is taken by the thread that leaves and released by the one that comes
 * (finish_switch), so that "no hart's current" and "really gone" are the same thing; place.c says
 * what follows from that. A thread that ends cannot free the stack it stands on: the next one does,
 * after the switch.
 *
 * In kernel mode TW_RESCHED only waits: for the return to user mode, for schedule(), or for
 * sched_point(). The idle thread of a hart is in no queue; it runs when the queue is empty. While
 * the boot context is still working it may wait, too: it polls, since schedule() comes back to it
 * at once when there is nobody else.
 *
 * Not here: who runs where (place.c), in which order and for how long (runqueue.c).
 */
#include "kernel/sched/sched.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/fpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/switch.h"
#include "kernel/core/hart_report.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/sched/hart.h"
#include "kernel/sched/place.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/watchdog.h"
#include "lib/format.h"
#include "mm/pmm/kmap.h"

void thread_set_satp(u64 satp, u64 *harts)
{
	struct thread *t = thread_current();
	const u64 flags = irq_save();
	t->satp = satp;
	t->harts = harts;
	if (this_cpu()->satp != satp)
		mmu_switch(satp, harts);
	irq_restore(flags);
}

/* Of those that leave a hart but neither sleep nor wait for it. */
static __noinline void finish_special(struct sched_hart *h, struct thread *prev)
{
	if (prev->state == THREAD_DEAD) {
		spin_unlock(&h->lock);
		thread_free_stack(prev);
		thread_put(prev);
	} else {
		/* It may not run here any more; only now can it go elsewhere. */
		ASSERT(prev->state == THREAD_MOVING);
		place_ready_and_unlock(h, prev);
	}
}

/*
 * The first thing a thread does when it is back on a hart, @h, perhaps another one: let go of
 * @previous, which was left here for it. Interrupts off; releases the run queue's lock.
 */
static inline void finish_switch(struct sched_hart *h, struct arch_thread *previous)
{
	struct thread *prev = (struct thread *)previous;
	if (likely(prev->state >= THREAD_RUNNABLE))
		spin_unlock(&h->lock);
	else
		finish_special(h, prev);
}

/* On the stack of a thread that never ran (switch.S). */
static void thread_begin(struct arch_thread *previous, void (*entry)(void *), void *arg)
{
	finish_switch(sched_hart_here(), previous);
	irq_enable();
	entry(arg);
	thread_exit();
}

/* From @prev to @next, both of @cpu's @h, whose lock is held; returns, unlocked, when @prev runs
 * again. */
static inline void switch_and_unlock(struct cpu *cpu, struct sched_hart *h, struct thread *prev,
				     struct thread *next)
{
	trace_name(TRACE_SWITCH, next->arch.tid, next->name);
	WRITE_ONCE(h->current, next);
	h->switches++;
	hart_charge_switch(h, prev, next);
	if (cpu->satp != next->satp)
		mmu_switch(next->satp, next->harts); /* which fences */
	else
		kstack_sync(cpu);
	/* Of a dead one, too: it notes whose values the registers hold. */
	fpu_switch_out(&prev->arch);
	fpu_switch_in(cpu, &next->arch);
	/* Perhaps much later and on another hart, which h is then. */
	struct arch_thread *previous = context_switch(&prev->arch, &next->arch, &h);
	finish_switch(h, previous);
}

/* Somebody waits on @h. The timer interrupt looks how long the turn is that begins at @ticks. */
static void watch_turn(struct sched_hart *h, u64 ticks)
{
	if (h->queue.ready != 0)
		hart_look_by(h, clock_at(ticks) + SLICE_MIN_NS);
}

/* @prev was asked to make room. It may have to leave this hart altogether: returns whether it
 * @stays runnable here. Under lock. */
static __noinline bool hear_request(struct sched_hart *h, struct thread *prev, bool stays,
				    u64 ticks)
{
	thread_work_clear(&prev->arch, TW_RESCHED);
	watch_turn(h, ticks);
	if (!stays || thread_may_run_on(prev, h->index))
		return stays;
	prev->state = THREAD_MOVING;
	return false;
}

/* The idle thread of @h asks for something to do. Under lock. */
static __noinline struct thread *cease_idling(struct sched_hart *h, u64 ticks)
{
	hart_sample_load(clock_at(ticks));
	struct thread *next = runqueue_pick(&h->queue);
	if (next == NULL) {
		h->idle->state = THREAD_RUNNABLE; /* it polls */
		return h->idle;
	}
	watch_turn(h, ticks);
	return next;
}

/* @prev leaves nobody behind who could run on @h. Under lock. */
static __noinline struct thread *begin_idling(struct sched_hart *h, struct thread *prev, u64 ticks)
{
	runqueue_advance(&h->queue, prev);
	h->idle->state = THREAD_RUNNABLE;
	hart_sample_load(clock_at(ticks));
	return h->idle;
}

/* Who runs next on @h, whose thread @prev stays runnable, sleeps or is dead. Under lock. */
static inline struct thread *pick_next(struct sched_hart *h, struct thread *prev, bool yields,
				       u64 ticks)
{
	/* Who yields does not sleep, nor is it the idle thread. */
	bool stays = yields || prev->state == THREAD_RUNNABLE;
	/* Set only under this lock; also for who may not stay (thread_set_affinity()). */
	if (unlikely((READ_ONCE(prev->arch.work) & TW_RESCHED) != 0))
		stays = hear_request(h, prev, stays, ticks);
	if (!yields && unlikely(prev == h->idle))
		return cease_idling(h, ticks);
	if (stays) {
		if (yields)
			runqueue_yield(&h->queue, prev);
		return runqueue_exchange(&h->queue, prev);
	}
	runqueue_stop(&h->queue, prev);
	struct thread *next = runqueue_pick(&h->queue);
	return likely(next != NULL) ? next : begin_idling(h, prev, ticks);
}

/* @switches counts it if it leads to another thread. Interrupts are on, or the caller goes without:
 * afterwards they are on. */
static inline void reschedule(u64 *switches, bool yields)
{
	struct thread *prev = thread_current();
	irq_disable();
	struct cpu *const cpu = this_cpu();
	struct sched_hart *h = cpu->sched;
	spin_assert_none_held("another thread is about to run");

	const u64 ticks = clock_ticks();
	spin_lock(&h->lock);
	hart_charge_current(h, prev, ticks);
	struct thread *next = pick_next(h, prev, yields, ticks);
	DEBUG_ASSERT(next->state == THREAD_RUNNABLE);
	DEBUG_ASSERT(h->queue.ready == 0 || h->slice_alarm != CLOCK_NEVER);
	if (unlikely(next == prev)) {
		hart_begin_turn(h, ticks);
		spin_unlock(&h->lock);
	} else {
		WRITE_ONCE(*switches, *switches + 1);
		hart_begin_turn(h, ticks);
		switch_and_unlock(cpu, h, prev, next);
	}
	irq_enable();
}

__noinline void schedule(void)
{
	/* Before its idle loop the boot context has them off, and on from its first wait. */
	DEBUG_ASSERT(irq_is_enabled() || thread_current() == sched_hart_here()->idle);
	reschedule(&thread_current()->switches_voluntary, false);
}

s64 sched_yield(void)
{
	reschedule(&thread_current()->switches_voluntary, true);
	return 0;
}

void sched_preempt(void)
{
	place_balance(sched_hart_here());
	reschedule(&thread_current()->switches_forced, false);
	irq_disable();
}

/* In the timer interrupt: if others wait, has the running thread had its turn? */
static void slice_look(nsec_t now)
{
	struct sched_hart *h = sched_hart_here();
	spin_lock(&h->lock);
	h->slice_alarm = CLOCK_NEVER;
	hart_charge(h);
	hart_sample_load(now);
	if (h->current != h->idle && h->queue.ready != 0) {
		const nsec_t end = hart_turn_end(h);
		if (now >= end)
			thread_work_set(&h->current->arch, TW_RESCHED);
		else
			hart_look_by(h, MIN(end, now + SLICE_MIN_NS));
	}
	spin_unlock(&h->lock);
}

void thread_exit(void)
{
	struct thread *t = thread_current();
	ASSERT(t != sched_hart_here()->idle);
#ifdef CONFIG_DEBUG_LOCKS
	ASSERT(t->held.count == 0);
#endif
	/* Without the lock: until it has left the hart it is current, and that counts (place.c). */
	WRITE_ONCE(t->state, THREAD_DEAD);
	schedule();
	panic("a dead thread runs");
}

void sched_print_harts(void)
{
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1) {
		const struct sched_hart *h = &sched_harts[__builtin_ctzll(left)];
		const struct thread *t = h->current;
		pr_emerg("hart %u runs '%s'%s; %u more ready", h->index, t->name,
			 t == thread_current() ? ", where this is from" : "", h->queue.ready);
#ifdef CONFIG_DEBUG_LOCKS
		held_locks_print(&t->held, LOG_EMERGENCY);
#endif
		spin_print_held_by(h->index, LOG_EMERGENCY);
	}
}

static const char *running_thread_name(u32 cpu)
{
	const struct thread *t = READ_ONCE(sched_harts[cpu].current);
	return t != NULL ? t->name : "nobody yet";
}

static void hart_begin(struct sched_hart *h, struct thread *idle)
{
	idle->state = THREAD_RUNNABLE;
	h->charged_until = clock_ticks();
	fpu_init_hart();
	h->idle = idle;
	h->current = idle;
	cpus[h->index].idle = &idle->arch;
}

void sched_init(void)
{
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
		hart_init(&sched_harts[i], i);
	boot_thread.satp = kernel_satp;
	struct sched_hart *h = sched_hart_here();
	ASSERT(thread_current() == &boot_thread && h->index == 0);
	threads_init(thread_begin);
	hart_begin(h, &boot_thread);
	timers_init();
	timer_slice_handler = slice_look;
	panic_register_dumper(sched_print_harts);
	hart_thread_name = running_thread_name;
	__atomic_store_n(&sched_serving_harts, BIT(h->index), __ATOMIC_RELEASE);
	/* Before its idle loop, too, it holds translations and can be kicked. */
	__atomic_store_n(&this_cpu()->online, true, __ATOMIC_RELEASE);
}

struct thread *sched_create_idle(u32 cpu)
{
	char name[sizeof(boot_thread.name)];
	snprintf(name, sizeof(name), "idle/%u", cpu);
	struct thread *t = thread_create(name, NULL, NULL);
	if (t == NULL)
		return NULL;
	t->arch.cpu = &cpus[cpu];
	sched_harts[cpu].idle = t;
	return t;
}

void sched_init_hart(void)
{
	struct sched_hart *h = sched_hart_here();
	struct thread *idle = thread_current();
	ASSERT(h->idle == idle);
	hart_begin(h, idle);
}

static void enter_service(struct sched_hart *h)
{
	const u64 flags = spin_lock_irq(&h->lock);
	hart_charge(h);
	h->idle->run_ahead = -h->idle->vruntime; /* it has run for 0 so far */
	h->idle->arch.kernel_cycles = 0;
	h->kernel_cycles = 0;
	h->served_since = clock_at(h->charged_until);
	h->in_service = true;
	spin_unlock_irq(&h->lock, flags);
	(void)__atomic_fetch_or(&sched_serving_harts, BIT(h->index), __ATOMIC_RELEASE);
	__atomic_store_n(&this_cpu()->online, true, __ATOMIC_RELEASE);
	/* From here on others fence it, too. What they did before, while it was on its way, perhaps
	 * too late for those who waited for it, it makes up for: pairs with tlb_flush_all() and
	 * icache_flush_all(). */
	barrier_full();
	tlb_flush_local();
	icache_flush_local();
}

void sched_idle_loop(void)
{
	struct sched_hart *h = sched_hart_here();
	ASSERT(thread_current() == h->idle);
	enter_service(h);
	watchdog_start();
	for (;;) {
		/* Off, so that what arrives after the look at the queues ends the wait instead of
		 * preceding it. */
		irq_disable();
		(void)__atomic_fetch_or(&sched_idle_harts, BIT(h->index), __ATOMIC_RELAXED);
		barrier_full(); /* pairs with place.c, step 5 */
		if (READ_ONCE(h->queue.ready) == 0 && !place_steal(h))
			cpu_wait_for_interrupt();
		/* Handlers run here; a waker may still find the bit and send its thread here. */
		irq_enable();
		if (READ_ONCE(h->queue.ready) != 0) {
			(void)__atomic_fetch_and(&sched_idle_harts, ~BIT(h->index),
						 __ATOMIC_RELAXED);
			schedule();
		}
	}
}
