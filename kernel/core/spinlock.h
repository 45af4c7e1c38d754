/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks. Locks whose rank is RANK_IRQ_FIRST or later are taken with the _irq forms, since
 * interrupt handlers take them too. Nobody sleeps, allocates with waiting, or touches user memory
 * while holding one.
 */
#pragma once

#include "arch/riscv/cpu/call_aside.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/bare_lock.h"
#include "kernel/core/lock_rank.h"
#include "lib/types.h"

struct spinlock {
	struct bare_lock bare;
#ifdef CONFIG_DEBUG_LOCKS
	/* set once at creation */
	const char *name;
	enum lock_rank rank;
	/* by the holder; read by those that wait too long */
	u32 holder_cpu;
	const void *taken_at; /* return address */
#endif
};

#ifdef CONFIG_DEBUG_LOCKS
#define SPINLOCK_INIT(lock_name, lock_rank)              \
	{                                                \
		.name = (lock_name), .rank = (lock_rank) \
	}
#else
#define SPINLOCK_INIT(lock_name, lock_rank) \
	{                                   \
		{                           \
			0                   \
		}                           \
	}
#endif

/* The rest of spin_lock() when somebody has the lock. */
void spin_wait(struct spinlock *l);

#ifdef CONFIG_DEBUG_LOCKS
/* @name must outlive the lock. */
void spin_init(struct spinlock *l, const char *name, enum lock_rank rank);
void spin_lock(struct spinlock *l);
bool spin_try_lock(struct spinlock *l);
/* Afterwards the lock is not touched any more: who takes it next may free it. */
void spin_unlock(struct spinlock *l);
/*
 * Take @l as a part of a larger lock that @whole, which the caller holds, stands for: only that one
 * is checked, and named where somebody waits for @l (kernel/core/brlock.h).
 */
void spin_lock_part(struct spinlock *l, const struct spinlock *whole);
void spin_unlock_part(struct spinlock *l);
/* Only true evidence in debug builds; true otherwise. For ASSERT. */
bool spin_is_held(const struct spinlock *l);
#else
static inline void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	(void)name, (void)rank;
	l->bare.taken = 0;
}
static __always_inline void spin_lock(struct spinlock *l)
{
	if (unlikely(!bare_take(&l->bare)))
		call_aside(spin_wait, l);
}
static __always_inline bool spin_try_lock(struct spinlock *l)
{
	return bare_try_lock(&l->bare);
}
static __always_inline void spin_unlock(struct spinlock *l)
{
	bare_unlock(&l->bare);
}
static __always_inline void spin_lock_part(struct spinlock *l, const struct spinlock *whole)
{
	(void)whole;
	spin_lock(l);
}
static __always_inline void spin_unlock_part(struct spinlock *l)
{
	spin_unlock(l);
}
static inline bool spin_is_held(const struct spinlock *l)
{
	(void)l;
	return true;
}
#endif

static inline u64 spin_lock_irq(struct spinlock *l)
{
	const u64 flags = irq_save();
	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *l, u64 flags)
{
	spin_unlock(l);
	irq_restore(flags);
}

#ifdef CONFIG_DEBUG_LOCKS
/* Panic if a spinlock is held or interrupts are off: at the top of all that may sleep. */
void might_sleep(void);
/* Panic if this hart holds a spinlock; @deed: what it must not do then ("about to sleep"). */
void spin_assert_none_held(const char *deed);
/* The same for an access of user memory at @at (arch/riscv/cpu/usercopy.h). */
void spin_check_user_access(const void *at);
/* A line for each spinlock that hart @cpu holds, for reports. */
void spin_print_held_by(u32 cpu, enum log_level level);
#else
static inline void might_sleep(void)
{
}
static inline void spin_assert_none_held(const char *deed)
{
	(void)deed;
}
static inline void spin_print_held_by(u32 cpu, enum log_level level)
{
	(void)cpu, (void)level;
}
#endif
