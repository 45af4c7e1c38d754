// SPDX-License-Identifier: MIT
/* Allocations that fail on purpose; see failalloc.h. */
#include "mm/pmm/failalloc.h"

#include "arch/riscv/cpu/unwind.h"
#include "lib/string.h"

#define CHAIN_FAILED BIT(0) /* in what is kept of a chain */
#define HASH_FACTOR  0x9e3779b97f4a7c15UL

static u64 total; /* atomic */
static u32 armed; /* atomic; a chain that is new is to fail */

/* What is kept of the chains met: hashes, found by their upper bits; 0: none. Atomic. */
static u64 chains[FAIL_CHAINS_MAX];
static struct failalloc_chains tally; /* atomic */
/* The last that failed. Written by whoever disarms, read when its program has ended. */
static u64 last_places[FAIL_CHAIN_DEPTH];
static size_t last_count;

static u64 hash_of(const u64 *places, size_t n)
{
	u64 hash = n;
	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ places[i]) * HASH_FACTOR;
		hash ^= hash >> 32;
	}
	return (hash & ~CHAIN_FAILED) != 0 ? hash & ~CHAIN_FAILED : HASH_FACTOR & ~CHAIN_FAILED;
}

/* Where @hash is kept, now if not before; NULL: the table is full. */
static u64 *find_chain(u64 hash)
{
	for (size_t i = 0; i < FAIL_CHAINS_MAX; i++) {
		u64 *chain = &chains[((hash >> 32) + i) % FAIL_CHAINS_MAX];
		u64 kept = 0;
		if (__atomic_compare_exchange_n(chain, &kept, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			(void)__atomic_fetch_add(&tally.met, 1, __ATOMIC_RELAXED);
			return chain;
		}
		if ((kept & ~CHAIN_FAILED) == hash)
			return chain;
	}
	(void)__atomic_fetch_add(&tally.left_out, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Its first place is the caller of failalloc_count(). */
static bool is_new_chain(u64 fp)
{
	u64 places[FAIL_CHAIN_DEPTH];
	const size_t n = unwind_stack(fp, places, FAIL_CHAIN_DEPTH);
	u64 *chain = find_chain(hash_of(places, n));
	if (chain == NULL || (READ_ONCE(*chain) & CHAIN_FAILED) != 0 ||
	    __atomic_exchange_n(&armed, 0, __ATOMIC_RELAXED) == 0)
		return false;
	(void)__atomic_fetch_or(chain, CHAIN_FAILED, __ATOMIC_RELAXED);
	(void)__atomic_fetch_add(&tally.failed, 1, __ATOMIC_RELAXED);
	memcpy(last_places, places, sizeof(places));
	last_count = n;
	return true;
}

bool failalloc_count(void)
{
	struct arch_thread *t = arch_current();
	if (t->irq_depth != 0)
		return false;
	if (t->fail_nth == FAIL_NEW_CHAIN ? !is_new_chain((u64)__builtin_frame_address(0)) :
					    --t->fail_nth != 0)
		return false;
	t->failed_for_now = t->fails_for_now;
	(void)__atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
	return true;
}

u64 failalloc_total(void)
{
	return __atomic_load_n(&total, __ATOMIC_RELAXED);
}

void failalloc_arm(void)
{
	__atomic_store_n(&armed, 1, __ATOMIC_RELAXED);
}

void failalloc_forget_chains(void)
{
	for (size_t i = 0; i < FAIL_CHAINS_MAX; i++)
		__atomic_store_n(&chains[i], 0, __ATOMIC_RELAXED);
	tally = (struct failalloc_chains){ 0 };
}

struct failalloc_chains failalloc_chains(void)
{
	return tally;
}

size_t failalloc_last_chain(const u64 **places)
{
	*places = last_places;
	return last_count;
}
