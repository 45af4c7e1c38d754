// SPDX-License-Identifier: MIT
/* This hart, its fences, and locks without other harts. */
#include "tests/host/shim/machine.h"

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/workqueue.h"
#include "mm/pmm/failalloc.h"

struct shim_fences shim_fences;
void (*shim_on_fence)(u64 harts);
void (*shim_on_local_fence)(void);
int shim_locks_held;
unsigned shim_mutexes_taken;

static struct thread shim_thread = { .arch.cpu = &cpus[0] };
_Thread_local struct arch_thread *host_current = &shim_thread.arch;
struct cpu cpus[CONFIG_NR_CPUS];
u32 cpu_count = 1;

void shim_fences_reset(void)
{
	shim_fences = (struct shim_fences){ 0 };
	shim_on_fence = NULL;
	shim_on_local_fence = NULL;
}

void shim_run_on(u32 cpu)
{
	cpus[cpu].index = cpu;
	shim_thread.arch.cpu = &cpus[cpu];
}

void tlb_flush_local(void)
{
	if (shim_on_local_fence != NULL)
		shim_on_local_fence();
	shim_fences.local++;
}

void tlb_flush_harts(u64 harts)
{
	if (shim_on_fence != NULL)
		shim_on_fence(harts);
	shim_fences.remote++;
	shim_fences.harts = harts;
}

void tlb_flush_all(void)
{
	tlb_flush_harts(~0UL);
}

u64 icache_flush_all(void)
{
	shim_fences.icache++;
	return BIT(0);
}

/* Where nobody looks at what is logged. */
__attribute__((weak)) void printk(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

/* Nobody else wants to run. */
__attribute__((weak)) void schedule(void)
{
}

/* No allocation is made to fail here; tests have ways of their own. */
__attribute__((weak)) bool failalloc_count(void)
{
	return false;
}

/* Floor 7's answers, where mm/vmm is not part of the test. */
__attribute__((weak)) bool (*aspace_may_lock_all)(void);
__attribute__((weak)) bool (*aspace_user_is_ending)(void);

/* ---- locks ---- */

static int spinning_held;

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

void spin_lock(struct spinlock *l)
{
	if (!spin_try_lock(l))
		panic("spinlock taken twice");
}

bool spin_try_lock(struct spinlock *l)
{
	if (!bare_try_lock(&l->bare))
		return false;
	shim_locks_held++;
	spinning_held++;
	return true;
}

void spin_unlock(struct spinlock *l)
{
	if (!bare_is_taken(&l->bare))
		panic("spinlock released but not held");
	bare_unlock(&l->bare);
	shim_locks_held--;
	spinning_held--;
}

void spin_lock_part(struct spinlock *l, const struct spinlock *whole)
{
	if (!spin_is_held(whole))
		panic("a part is taken without the whole");
	spin_lock(l);
}

void spin_unlock_part(struct spinlock *l)
{
	spin_unlock(l);
}

bool spin_is_held(const struct spinlock *l)
{
	return bare_is_taken(&l->bare);
}

void might_sleep(void)
{
	if (spinning_held != 0)
		panic("sleeping with a spinlock held");
}

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex){ .queue.name = name, .rank = rank };
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	if (m->holder != NULL)
		panic("mutex %s taken twice", m->queue.name);
	m->holder = host_current;
	shim_locks_held++;
	shim_mutexes_taken++;
}

bool mutex_try_lock(struct mutex *m)
{
	if (m->holder != NULL)
		return false;
	mutex_lock(m);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	if (m->holder != host_current)
		panic("mutex %s released by who does not hold it", m->queue.name);
	m->holder = NULL;
	shim_locks_held--;
}

/* ---- deferred work: done at once ---- */

void work_init(struct work *w, void (*run)(struct work *w))
{
	w->run = run;
	w->queued = false;
}

void work_queue(struct work *w)
{
	w->run(w);
}

void work_queue_long(struct work *w)
{
	work_queue(w);
}
