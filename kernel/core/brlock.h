/* SPDX-License-Identifier: MIT */
/*
 * Big-reader locks: for what all harts look at all the time and few change. Readers do not keep
 * each other out, and do not even share a cache line: there is a spinlock for each hart, and who
 * reads takes his own hart's. Who changes anything takes them all. Why: docs/adr/0009.
 *
 *	struct spinlock *held = br_read_lock(&l);	br_write_lock(&l);
 *	… look …					… change …
 *	br_read_unlock(held);				br_write_unlock(&l);
 *
 * Each is a spinlock to whoever holds it: its rank's place in the order, nobody sleeps, and what is
 * taken on a hart is released there. Its rank is before RANK_IRQ_FIRST: a handler that read could
 * interrupt one that does. Reading is not nested, and a reader who wants to change lets go first,
 * then looks again. Debug builds stop at either, since all of it is one rank.
 *
 * No circle: those who change take the first hart's first and then the others by number, so of two
 * of them one waits at the first with nothing in hand; and a reader has just the one.
 *
 * The locks are those of all harts in the device tree, whether they run yet or not: cpu_count is
 * final before the first of these locks is taken, so a hart that starts later finds its own as the
 * others have left it.
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/spinlock.h"

struct brlock {
	struct {
		struct spinlock lock;
	} __aligned(64) of[CONFIG_NR_CPUS]; /* no two harts write one line of the cache */
};

#define BRLOCK_INIT(lock_name, lock_rank)                                                     \
	{                                                                                     \
		.of = {                                                                       \
			[0 ... CONFIG_NR_CPUS - 1] = { SPINLOCK_INIT(lock_name, lock_rank) }, \
		},                                                                            \
	}

/* Returns what br_read_unlock() wants: this hart's. */
static __always_inline struct spinlock *br_read_lock(struct brlock *l)
{
	struct spinlock *own = &l->of[cpu_index()].lock;
	spin_lock(own);
	return own;
}

static __always_inline void br_read_unlock(struct spinlock *own)
{
	spin_unlock(own);
}

/* The rest of br_write_lock() and br_write_unlock() where there are more harts than one. */
void br_lock_others(struct brlock *l);
void br_unlock_others(struct brlock *l);

/* What readers did before they let go is seen. */
static __always_inline void br_write_lock(struct brlock *l)
{
	spin_lock(&l->of[0].lock);
	if (cpu_count > 1)
		br_lock_others(l);
}

static __always_inline void br_write_unlock(struct brlock *l)
{
	if (cpu_count > 1)
		br_unlock_others(l);
	spin_unlock(&l->of[0].lock);
}
