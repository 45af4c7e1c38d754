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

static nsec_t load_sample_due = LOAD_PERIOD_NS; /* atomic */
static struct {
	struct spinlock lock; /* RANK_RUNQUEUE; with a hart's lock held only tried for: */
	nsec_t last_sample;   /* a multiple of the period */
	nsec_t last_look;
	nsec_t last_idle; /* sum over the harts at the last look */
	struct loadavg averages;
} load = { .lock = SPINLOCK_INIT("load average", RANK_RUNQUEUE) };

void hart_init(struct sched_hart *h, u32 index)
{
	h->index = index;
	h->others = ~BIT(index);
	cpus[index].sched = h;
	spin_init(&h->lock, "run queue", RANK_RUNQUEUE);
	runqueue_init(&h->queue);
	h->slice_alarm = CLOCK_NEVER;
}

/*
 * Divide @run, of which @counted went to the kernel as the cycles say (there are no ticks to
 * sample): what is new since it was last divided goes to the kernel as far as the count says more
 * than it has, the rest to user mode. So neither ever falls.
 */
static struct thread_times divide(struct thread_times *told, nsec_t run, nsec_t counted)
{
	const nsec_t fresh = run - told->user - told->kernel;
	const nsec_t kernel = counted > told->kernel ? MIN(fresh, counted - told->kernel) : 0;
	told->kernel += kernel;
	told->user += fresh - kernel;
	return *told;
}

/* Cycles of @t in the kernel. A stay there that goes on is counted up to now if @t is the caller;
 * of others it shows when it ends. */
static u64 kernel_cycles(const struct thread *t)
{
	const struct arch_thread *a = &t->arch;
	const u64 now = a == arch_current() ? clock_cycles() - a->kernel_since : 0;
	return READ_ONCE(a->kernel_cycles) + now;
}

struct thread_times thread_times(struct thread *t)
{
	u64 flags;
	struct sched_hart *h = hart_lock_home(t, &flags);
	if (t == h->current)
		hart_charge(h);
	const struct thread_times times =
		divide(&t->told, thread_charged(t), clock_cycles_to_ns(kernel_cycles(t)));
	spin_unlock_irq(&h->lock, flags);
	return times;
}

struct hart_times sched_hart_times(u32 cpu)
{
	struct sched_hart *h = &sched_harts[cpu];
	struct hart_times times = { 0 };
	const u64 flags = spin_lock_irq(&h->lock);
	if (h->in_service) {
		hart_charge(h);
		const nsec_t now = clock_at(h->charged_until);
		/* Of all that ran here, less what idle has, which may be current. */
		const u64 cycles =
			h->kernel_cycles + kernel_cycles(h->current) - h->idle->arch.kernel_cycles;
		times.idle = thread_charged(h->idle);
		const struct thread_times busy = divide(
			&h->told, now - h->served_since - times.idle, clock_cycles_to_ns(cycles));
		times.user = busy.user;
		times.kernel = busy.kernel;
	}
	spin_unlock_irq(&h->lock, flags);
	return times;
}

u64 sched_hart_mask(void)
{
	return __atomic_load_n(&sched_serving_harts, __ATOMIC_RELAXED);
}

bool sched_runs(const struct arch_thread *t)
{
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1) {
		if (&READ_ONCE(sched_harts[__builtin_ctzll(left)].current)->arch == t)
			return true;
	}
	return false;
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
		sum += READ_ONCE(h->in_service) ? thread_charged(h->idle) : 0;
		if (!hart_is_idling(h)) {
			*waiting += ready;
			continue;
		}
		/* The first is about to run; that it was woken just now is why we are looking. */
		*waiting += ready > 1 ? ready - 1 : 0;
		const nsec_t since = clock_at(READ_ONCE(h->charged_until));
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
	WRITE_ONCE(load_sample_due, load.last_sample + LOAD_PERIOD_NS);
}

void hart_sample_load(nsec_t now)
{
	if (likely(now < READ_ONCE(load_sample_due)))
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
