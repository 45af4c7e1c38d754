/* SPDX-License-Identifier: MIT */
/*
 * The bare lock inside every spinlock: one word, whoever comes while it is free has it. It checks
 * nothing and calls nobody, so printk and panic, which report on the locks above, stand on it
 * directly. Why there is no line: docs/adr/0005-spinlocks-without-a-line.md.
 */
#pragma once

#include "arch/riscv/cpu/barrier.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct bare_lock {
	u32 taken; /* atomic: 1 while somebody holds it */
};

static inline bool bare_is_taken(const struct bare_lock *l)
{
	return __atomic_load_n(&l->taken, __ATOMIC_RELAXED) != 0;
}

/* True if it was free. Acquire: pairs with bare_unlock(), so all the last holder wrote is seen. */
static __always_inline bool bare_take(struct bare_lock *l)
{
	return swap_acquire(&l->taken, 1) == 0;
}

/* The same for who waits: it only reads until the lock is free, so that the word's cache line stays
 * with its holder. */
static inline bool bare_try_lock(struct bare_lock *l)
{
	return !bare_is_taken(l) && bare_take(l);
}

static inline void bare_lock(struct bare_lock *l)
{
	while (!bare_try_lock(l))
		cpu_relax();
}

/* The last access to the lock: from here on its memory may go away. */
static __always_inline void bare_unlock(struct bare_lock *l)
{
	store_release(&l->taken, 0);
}
