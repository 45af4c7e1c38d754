/* SPDX-License-Identifier: MIT */
/*
 * Choosing the next thread. Per-hart run queues ordered by virtual run time (policy in runqueue.c),
 * idle harts in wfi, the timer armed only when there is something to preempt for.
 *
 * Boot order: sched_init() on the boot hart, after kernel_satp, the clock and the slab exist and
 * before the first mutex; sched_create_idle() for each other hart, which begins as that thread with
 * sched_init_hart(); sched_idle_loop() on each. Threads may be created and started from
 * sched_init() on.
 */
#pragma once

#include "kernel/sched/thread.h"

/* Turn boot_thread, which calls this, into the boot hart's idle thread, and the boot hart online.
 */
void sched_init(void);
/* The thread hart @cpu begins as, with a stack, kept for good. NULL: no memory. On the boot hart.
 */
struct thread *sched_create_idle(u32 cpu);
/* The same for a hart that begins as its idle thread. Each other hart, once, interrupts off. */
void sched_init_hart(void);
/* The idle loop; marks the hart online and lets it take threads. */
__noreturn void sched_idle_loop(void);
/* For reports: a line for each hart, with what it runs and the locks it holds. Any context. */
void sched_print_harts(void);

/* Let another thread run. The caller holds no spinlock, and interrupts are on; its state says
 * whether it stays runnable. */
void schedule(void);
/* The same for the system call that does no more, and its result: 0. Not of an idle thread. */
s64 sched_yield(void);
/* On the way back to user mode with TW_RESCHED set. Interrupts off. */
void sched_preempt(void);
/* For long work in the kernel: let another thread run if one should. The caller may sleep. */
static inline void sched_point(void)
{
	if (unlikely(READ_ONCE(arch_current()->work) & TW_RESCHED))
		schedule();
}
/*
 * Make @t runnable if it sleeps; true if it did. What the sleeper waits for is true before
 * (waitq.h). Context: any, with locks up to RANK_TIMER held. @t is kept from ending by its being on
 * a queue, or by a reference.
 */
bool thread_wake(struct thread *t);

/* Whether @t is some hart's current thread: a hint, for which @t need not exist any more. */
bool sched_runs(const struct arch_thread *t);

/* For /proc. Runnable threads over all harts; threads started ever; switches ever. */
u32 sched_running_count(void);
u64 sched_started_count(void);
u64 sched_switch_count(void);
/* What hart @cpu has done with its time since it came into service. */
struct hart_times {
	nsec_t user, kernel, idle;
};
struct hart_times sched_hart_times(u32 cpu);
/* Harts that take threads, by cpu index. */
u64 sched_hart_mask(void);
/* Fixed-point (11 bits) load averages over 1, 5, 15 minutes. */
void sched_load_average(u64 out[3]);
