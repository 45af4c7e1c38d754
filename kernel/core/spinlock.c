// SPDX-License-Identifier: MIT
/*
 * Waiting for a spinlock, and in debug builds its checks; what a release build does with one that
 * is free stands in the header. In debug builds each hart keeps the list of spinlocks it holds,
 * which works because the kernel is not preemptible: what is taken on a hart is released there, and
 * interrupts nest. (The run queue's lock is released by another thread than took it, but on the
 * same hart.)
 *
 * Not here: the order itself (lock_rank.c), sleeping locks (kernel/sched/mutex.c).
 */
#include "kernel/core/spinlock.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/smp.h"
#include "kernel/core/hart_report.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/symbols.h"

/* Rounds of waiting between looks at the clock, which may trap into the firmware (rule T35). */
#define SPINS_PER_LOOK 16384

#ifdef CONFIG_DEBUG_LOCKS
/* A wait longer than this is reported, and again whenever it has doubled. */
#define SPIN_PATIENCE_NS 1000000000ULL
/* What printk itself waits for cannot be reported by printk. */
#define SPIN_FATAL_NS (10 * SPIN_PATIENCE_NS)

static struct held_locks held_by_hart[CONFIG_NR_CPUS]; /* own hart, interrupts off */

static void held_check(const struct spinlock *l, const void *at)
{
	const u64 flags = irq_save();
	held_locks_check(&held_by_hart[cpu_index()], l, l->name, l->rank, at);
	if (l->rank >= RANK_IRQ_FIRST && flags != 0) {
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), (u64)at);
		panic("lock '%s' is taken at %s with interrupts on, though interrupt handlers "
		      "take it: use spin_lock_irq()",
		      l->name, place);
	}
	irq_restore(flags);
}

static void note_holder(struct spinlock *l, const void *at)
{
	l->holder_cpu = cpu_index();
	l->taken_at = at;
}

static void held_add(struct spinlock *l, const void *at)
{
	const u64 flags = irq_save();
	note_holder(l, at);
	held_locks_push(&held_by_hart[l->holder_cpu], l, l->name, l->rank, at);
	irq_restore(flags);
}

static __noreturn __cold void not_the_holder(const struct spinlock *l, const void *at)
{
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	symbols_format(there, sizeof(there), (u64)l->taken_at);
	panic("lock '%s' is released at %s by hart %u, which does not hold it; hart %u took it "
	      "last, at %s",
	      l->name, here, cpu_index(), l->holder_cpu, there);
}

static void held_remove(struct spinlock *l, const void *at)
{
	const u64 flags = irq_save();
	if (!held_locks_remove(&held_by_hart[cpu_index()], l))
		not_the_holder(l, at);
	irq_restore(flags);
}

static __cold void report_long_wait(const struct spinlock *l, nsec_t waited, const void *at)
{
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	symbols_format(there, sizeof(there), (u64)l->taken_at);
	if (l->rank < RANK_PRINTK) {
		const u32 holder = l->holder_cpu;
		pr_warn("hart %u has waited %lu ms at %s for lock '%s', which hart %u took at %s",
			cpu_index(), waited / 1000000, here, l->name, holder, there);
		spin_print_held_by(holder, LOG_WARN);
		hart_report(holder, LOG_WARN);
	} else if (waited > SPIN_FATAL_NS)
		panic("lock '%s', wanted at %s, was never released by hart %u, which took it at %s",
		      l->name, here, l->holder_cpu, there);
}
#else
#define SPIN_PATIENCE_NS (~0ULL)

static inline void report_long_wait(const struct spinlock *l, nsec_t waited, const void *at)
{
	(void)l, (void)waited, (void)at;
}
#endif

static void wait_from(struct spinlock *l, const void *at)
{
	nsec_t since = 0, patience = SPIN_PATIENCE_NS;

	for (u32 spins = 1; !bare_try_lock(&l->bare); spins++) {
		cpu_relax();
		if (spins % SPINS_PER_LOOK != 0)
			continue;
		/* The holder may have been stopped for good; and with interrupts off nobody can
		 * stop us. */
		if (panic_is_elsewhere())
			smp_stop_self();
		if (!IS_ENABLED(CONFIG_DEBUG_LOCKS))
			continue;
		const nsec_t now = clock_now();
		if (since == 0)
			since = now;
		if (now - since > patience) {
			patience *= 2;
			report_long_wait(l, now - since, at);
		}
	}
}

void spin_wait(struct spinlock *l)
{
	wait_from(l, __builtin_return_address(0));
}

#ifdef CONFIG_DEBUG_LOCKS
void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

void spin_lock(struct spinlock *l)
{
	const void *at = __builtin_return_address(0);
	held_check(l, at);
	if (unlikely(!bare_try_lock(&l->bare)))
		wait_from(l, at);
	held_add(l, at);
}

bool spin_try_lock(struct spinlock *l)
{
	/* Never waits, so it may break the order. */
	if (!bare_try_lock(&l->bare))
		return false;
	held_add(l, __builtin_return_address(0));
	return true;
}

void spin_unlock(struct spinlock *l)
{
	held_remove(l, __builtin_return_address(0));
	bare_unlock(&l->bare);
}

void spin_lock_part(struct spinlock *l, const struct spinlock *whole)
{
	if (unlikely(!bare_try_lock(&l->bare)))
		wait_from(l, whole->taken_at);
	note_holder(l, whole->taken_at);
}

void spin_unlock_part(struct spinlock *l)
{
	bare_unlock(&l->bare);
}

bool spin_is_held(const struct spinlock *l)
{
	const u64 flags = irq_save();
	const bool held = held_locks_contain(&held_by_hart[cpu_index()], l);
	irq_restore(flags);
	return held;
}

static void assert_none_held(const char *deed, const void *at)
{
	const u64 flags = irq_save();
	const struct held_locks *held = &held_by_hart[cpu_index()];
	if (held->count != 0) {
		char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
		symbols_format(here, sizeof(here), (u64)at);
		symbols_format(there, sizeof(there), (u64)held->list[0].taken_at);
		panic("%s at %s with spinlock '%s' held, taken at %s: release it first", deed, here,
		      held->list[0].name, there);
	}
	irq_restore(flags);
}

void spin_assert_none_held(const char *deed)
{
	assert_none_held(deed, __builtin_return_address(0));
}

void might_sleep(void)
{
	const void *at = __builtin_return_address(0);
	assert_none_held("about to sleep", at);
	/* The boot context, which becomes the idle thread, polls instead of sleeping (waitq.h). */
	const struct arch_thread *idle = this_cpu()->idle;
	if (idle != NULL && idle != arch_current() && !irq_is_enabled()) {
		char here[SYMBOL_TEXT_MAX];
		symbols_format(here, sizeof(here), (u64)at);
		panic("about to sleep at %s with interrupts off", here);
	}
}

void spin_check_user_access(const void *at)
{
	assert_none_held("user memory is touched", at);
}

void spin_print_held_by(u32 cpu, enum log_level level)
{
	held_locks_print(&held_by_hart[cpu], level);
}
#endif
