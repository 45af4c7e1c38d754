/* SPDX-License-Identifier: MIT */
/*
 * The bare ticket lock inside every spinlock: first come, first served. It checks nothing and calls
 * nobody, so printk and panic, which report on the locks above, stand on it directly.
 */
#pragma once

#include "arch/riscv/cpu/barrier.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct ticket {
	u32 next;    /* atomic: what the next taker draws */
	u32 serving; /* atomic: who holds the lock; written by the holder alone */
};

/* Place in the line. The lock is the caller's once ticket_is_served() says so. */
static inline u32 ticket_draw(struct ticket *t)
{
	return __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);
}

/* Acquire: pairs with ticket_unlock(), so all the last holder wrote is seen. */
static inline bool ticket_is_served(const struct ticket *t, u32 mine)
{
	return __atomic_load_n(&t->serving, __ATOMIC_ACQUIRE) == mine;
}

static inline bool ticket_try_lock(struct ticket *t)
{
	u32 free = __atomic_load_n(&t->serving, __ATOMIC_ACQUIRE);
	/* Succeeds only while nobody has drawn beyond the ticket served; then that ticket is ours.
	 */
	return __atomic_compare_exchange_n(&t->next, &free, free + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void ticket_lock(struct ticket *t)
{
	const u32 mine = ticket_draw(t);
	while (!ticket_is_served(t, mine))
		cpu_relax();
}

/* The last access to the lock: from here on its memory may go away. */
static inline void ticket_unlock(struct ticket *t)
{
	__atomic_store_n(&t->serving, t->serving + 1, __ATOMIC_RELEASE);
}

static inline bool ticket_is_taken(const struct ticket *t)
{
	return __atomic_load_n(&t->next, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&t->serving, __ATOMIC_RELAXED);
}
