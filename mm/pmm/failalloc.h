/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on purpose, and the memory of ones that failed in earnest.
 *
 * Debug builds count the allocations of a thread (frames, slab objects, kernel stacks, page tables)
 * down from what was asked for: at boot by failalloc=N, later by writing N to /proc/fail-nth. The
 * Nth returns NULL, once. If it is to fail for now only, the system call that finds no memory by
 * that is done again, as after a real lack, but nobody is ended for it. A child begins with what
 * its parent has left, so a whole tree of processes is covered. Interrupt handlers are left alone:
 * whose they interrupt is chance.
 *
 * A program that forks a thousand times allocates in the same few ways a thousand times. So instead
 * of N there may be FAIL_NEW_CHAIN: the first allocation fails that was reached by a chain of calls
 * by which none failed before, once among all threads that have that, until failalloc_arm() is
 * called again. The chains are remembered until they are to be forgotten.
 *
 * Locks: none; all of it belongs to the running thread, but for sums and chains, which are atomic.
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/compiler.h"

#define FAIL_NEW_CHAIN   UINT32_MAX
#define FAIL_CHAINS_MAX  8192
#define FAIL_CHAIN_DEPTH 24 /* calls: what differs only further out is one chain */

struct failalloc_chains {
	u32 met, failed; /* different ones; those met after the failure of a run did not fail */
	u32 left_out;    /* times that one was met for which there was no room */
};

/* Count one allocation. True: it is to fail. */
bool failalloc_count(void);
static inline bool failalloc_hits(void)
{
	return IS_ENABLED(CONFIG_DEBUG_CHECKS) && unlikely(arch_current()->fail_nth != 0) &&
	       failalloc_count();
}
/* Was a failure made since it was last asked that is to stand for a lack of memory? */
static inline bool failalloc_take_lack(void)
{
	const bool failed = IS_ENABLED(CONFIG_DEBUG_CHECKS) && arch_current()->failed_for_now;
	if (failed)
		arch_current()->failed_for_now = false;
	return failed;
}
/* Failures made so far, by all threads. */
u64 failalloc_total(void);
/* Of threads with FAIL_NEW_CHAIN, one allocation is to fail again. */
void failalloc_arm(void);
/* Nobody must have FAIL_NEW_CHAIN meanwhile. */
void failalloc_forget_chains(void);
struct failalloc_chains failalloc_chains(void);
/* The chain that failed last, the allocator first: how many @places. */
size_t failalloc_last_chain(const u64 **places);

/* An allocation of no more than PMM_LACK_ORDER_MAX found no memory: to be noted by allocators. */
static inline void memory_note_lack(void)
{
	WRITE_ONCE(arch_current()->lacked_memory, true);
}
/* Was there real lack of memory since it was last taken? Limits and failures made here are none. */
static inline bool memory_has_lacked(void)
{
	return arch_current()->lacked_memory;
}
static inline bool memory_take_lack(void)
{
	const bool lacked = arch_current()->lacked_memory;
	arch_current()->lacked_memory = false;
	return lacked;
}
