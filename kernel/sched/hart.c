// SPDX-License-Identifier: MIT
/*
 * The harts' records and their accounts: run time, idle time, load. Locks: see hart.h. What is
 * added up over harts for /proc is read without locks, one hart after the other: each number is
 * right, their sum is of no one moment.
 */
#include "kernel/sched/hart.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/panic.h"
#include "kernel/sched/loadavg.h"
#include "kernel/sched/sched.h"

struct sched_hart sched_harts[CONFIG_NR_CPUS];
u64 sched_serving_harts, sched_idle_harts;

static u64 threads_started; /* atomic */

static struct {
	nsec_t next;          /* atomic: when the next sample is due */
	struct spinlock lock; /* RANK_RUNQUEUE, alone: */
	nsec_t last_sample;   /* a multiple of the period */
	nsec_t last_look;
	nsec_t last_idle; /* sum over the harts at the last look */
	struct loadavg averages;
} load = { .lock = SPINLOCK_INIT("load average", RANK_RUNQUEUE) };

void hart_init(struct sched_hart *h, u32 index)
{
	h->index = index;
	spin_init(&h->lock, "run queue", RANK_RUNQUEUE);
	runqueue_init(&h->queue);
}

struct sched_hart *hart_lock_home(const struct thread *t, u64 *flags)
{
	*flags = irq_save();
	for (;;) {
		const struct cpu *cpu = READ_ONCE(t->arch.cpu);
		struct sched_hart *h = &sched_harts[cpu->index];
		spin_lock(&h->lock);
		/* Moving away takes this lock; so if it is still here it stays. */
		if (READ_ONCE(t->arch.cpu) == cpu)
			return h;
		spin_unlock(&h->lock);
	}
}

/*
 * How much of @ran, which @t has run since it was last charged, went to the kernel. Counted cycles
 * tell (there are no ticks to sample): what they say beyond what has been charged, but no more than
 * there is to charge; the rest waits for the next time. A stay in the kernel that goes on is
 * counted up to now only by the hart it is on; to others it shows when it ends.
 */
static nsec_t kernel_share(struct thread *t, nsec_t ran)
{
	struct arch_thread *a = &t->arch;
	if (t->process == NULL)
		return ran;
	if (a == arch_current()) {
		const u64 cycles = clock_cycles();
		a->kernel_cycles += cycles - a->kernel_since;
		a->kernel_since = cycles;
	}
	const nsec_t counted = clock_cycles_to_ns(READ_ONCE(a->kernel_cycles));
	return counted > t->kernel_time ? MIN(ran, counted - t->kernel_time) : 0;
}

void hart_charge(struct sched_hart *h, nsec_t now)
{
	struct thread *t = h->current;
	/* Another hart may have charged it with a later look at the clock while we waited for the
	 * lock. */
	const nsec_t ran = now > t->ran_since ? now - t->ran_since : 0;
	t->ran_since += ran;
	if (t == h->idle) {
		if (h->in_service)
			WRITE_ONCE(h->idle_time, h->idle_time + ran);
		return;
	}
	runqueue_charge(&h->queue, t, ran);
	const nsec_t kernel = kernel_share(t, ran);
	t->kernel_time += kernel;
	t->user_time += ran - kernel;
	h->kernel_time += kernel;
	h->user_time += ran - kernel;
}

struct thread_times thread_times(const struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	if (t->on_cpu)
		hart_charge(h, clock_now());
	const struct thread_times times = { .user = t->user_time, .kernel = t->kernel_time };
	spin_unlock_irq(&h->lock, flags);
	return times;
}

struct hart_times sched_hart_times(u32 cpu)
{
	struct sched_hart *h = &sched_harts[cpu];
	const u64 flags = spin_lock_irq(&h->lock);
	hart_charge(h, clock_now());
	const struct hart_times times = {
		.user = h->user_time,
		.kernel = h->kernel_time,
		.idle = h->idle_time,
	};
	spin_unlock_irq(&h->lock, flags);
	return times;
}

u64 sched_hart_mask(void)
{
	return __atomic_load_n(&sched_serving_harts, __ATOMIC_RELAXED);
}

u32 sched_running_count(void)
{
	u32 count = 0;
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1)
		count += hart_load(&sched_harts[__builtin_ctzll(left)]);
	return count;
}

u64 sched_switch_count(void)
{
	u64 count = 0;
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1)
		count += READ_ONCE(sched_harts[__builtin_ctzll(left)].switches);
	return count;
}

void hart_count_start(void)
{
	(void)__atomic_fetch_add(&threads_started, 1, __ATOMIC_RELAXED);
}

u64 sched_started_count(void)
{
	return __atomic_load_n(&threads_started, __ATOMIC_RELAXED);
}

/* Idle time of all harts, and how many threads wait for one that is busy. */
static nsec_t idle_sum(nsec_t now, u64 *waiting)
{
	nsec_t sum = 0;
	*waiting = 0;
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1) {
		const struct sched_hart *h = &sched_harts[__builtin_ctzll(left)];
		const u32 ready = READ_ONCE(h->queue.ready);
		sum += READ_ONCE(h->idle_time);
		if (!hart_is_idling(h)) {
			*waiting += ready;
			continue;
		}
		/* The first is about to run; that it was woken just now is why we are looking. */
		*waiting += ready > 1 ? ready - 1 : 0;
		const nsec_t since = READ_ONCE(h->idle->ran_since);
		if (READ_ONCE(h->in_service) && now > since)
			sum += now - since;
	}
	return sum;
}

/*
 * Who runs is known exactly, from the idle times, for any span without a sample; only who waits is
 * sampled. So a system that sleeps for an hour and wakes to be asked has no load, and needs no tick
 * to find that out.
 */
static void load_fold(nsec_t now)
{
	if (now < load.last_sample + LOAD_PERIOD_NS)
		return;
	u64 waiting;
	const nsec_t idle = idle_sum(now, &waiting);
	/* Microseconds: with 11 more bits nanoseconds would overflow after weeks. Never 0: a period
	 * has passed. */
	const u64 elapsed = (now - load.last_look) / 1000;
	const u64 available = elapsed * (u64)__builtin_popcountll(sched_hart_mask());
	u64 idled = idle > load.last_idle ? (idle - load.last_idle) / 1000 : 0;
	idled = MIN(idled, available);
	const u64 busy = ((available - idled) << LOAD_SHIFT) / elapsed;

	const u64 periods = (now - load.last_sample) / LOAD_PERIOD_NS;
	loadavg_fold(&load.averages, busy + (waiting << LOAD_SHIFT), periods);
	load.last_sample += periods * LOAD_PERIOD_NS;
	load.last_look = now;
	load.last_idle = idle;
	WRITE_ONCE(load.next, load.last_sample + LOAD_PERIOD_NS);
}

void hart_sample_load(nsec_t now)
{
	if (likely(now < READ_ONCE(load.next)))
		return;
	/* Another hart is at it: good. */
	if (!spin_try_lock(&load.lock))
		return;
	load_fold(now);
	spin_unlock(&load.lock);
}

void sched_load_average(u64 out[3])
{
	const u64 flags = spin_lock_irq(&load.lock);
	load_fold(clock_now());
	loadavg_read(&load.averages, out);
	spin_unlock_irq(&load.lock, flags);
}
