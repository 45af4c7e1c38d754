/* SPDX-License-Identifier: MIT */
/*
 * Futexes. Sleepers stand in a hash table of buckets by the key of their word.
 *
 * No wake-up is lost: the sleeper enters its bucket first and reads the word then; a waker has
 * changed the word before it looks into the bucket. If the waker's look came first, its unlocking
 * and our locking of the bucket order its change before our reading, and we do not sleep. The word
 * is never read under a spinlock, since reading user memory may fault (docs/fork.md H20).
 *
 * A waker takes a sleeper out of the bucket and wakes it, all under the bucket's lock; the sleeper
 * takes that lock once more before it leaves. So its record, which is on its stack, outlives every
 * use.
 *
 * Locks: bucket.lock (RANK_FUTEX) covers the list and the `is_woken` of those on it.
 */
#include "kernel/proc/futex.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/usercopy.h"
#include "kernel/core/spinlock.h"
#include "kernel/proc/process.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/list.h"
#include "mm/vmm/aspace.h"

/* Pointers are compared, never followed: an object that went and came back costs a spurious
 * wake-up. */
struct futex_key {
	const void *owner; /* the object or the address space */
	u64 offset;        /* bytes in it */
};

struct futex_sleeper {
	struct list node;
	struct futex_key key;
	u32 bitset;
	bool is_woken;
	struct thread *thread;
};

struct futex_bucket {
	struct spinlock lock;
	struct list sleepers; /* in order of arrival */
} __aligned(32);

#define FUTEX_HASH_BITS 6
#define BUCKET(i)                                                                  \
	{                                                                          \
		SPINLOCK_INIT("futex", RANK_FUTEX), LIST_INIT(buckets[i].sleepers) \
	}
#define BUCKETS_4(i)  BUCKET(i), BUCKET((i) + 1), BUCKET((i) + 2), BUCKET((i) + 3)
#define BUCKETS_16(i) BUCKETS_4(i), BUCKETS_4((i) + 4), BUCKETS_4((i) + 8), BUCKETS_4((i) + 12)

static struct futex_bucket buckets[] = { BUCKETS_16(0), BUCKETS_16(16), BUCKETS_16(32),
					 BUCKETS_16(48) };
static_assert(ARRAY_SIZE(buckets) == 1 << FUTEX_HASH_BITS, "the hash picks one of as many");

static bool keys_are_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	/* 2^64 / the golden ratio: the upper bits of the product depend on all bits of the key */
	const u64 mixed = ((u64)key->owner ^ key->offset) * 0x9e3779b97f4a7c15;

	return &buckets[mixed >> (64 - FUTEX_HASH_BITS)];
}

/* If @word of @as stands in a shared mapping, that is its key. */
static __noinline void key_look_for_object(struct aspace *as, uaddr_t word, struct futex_key *key)
{
	struct region_info region;
	if (aspace_region_at(as, word, &region) && (region.flags & MAP_SHARED) != 0 &&
	    region.object != NULL) {
		key->owner = region.object;
		key->offset = region.offset_bytes + (word - region.start);
	}
}

static inline int key_of(uaddr_t word, bool is_private, struct futex_key *key)
{
	struct aspace *as = process_current()->aspace;

	if (!IS_ALIGNED(word, sizeof(u32)))
		return -EINVAL;
	if (word >= USER_MAX)
		return -EFAULT;
	key->owner = as;
	key->offset = word;
	if (!is_private)
		key_look_for_object(as, word, key);
	return 0;
}

/* True if a waker had taken it out already. */
static bool leave_bucket(struct futex_bucket *b, struct futex_sleeper *sleeper)
{
	spin_lock(&b->lock);
	const bool was_woken = sleeper->is_woken;
	if (!was_woken)
		list_remove(&sleeper->node);
	spin_unlock(&b->lock);
	return was_woken;
}

/* The sleeper is in its bucket. 0: woken, or an error that a wake-up in the meantime takes back. */
static int check_and_sleep(struct futex_sleeper *sleeper, const struct futex_wait_args *args)
{
	u32 value;

	if (get_user_u32(&value, args->word) != 0)
		return -EFAULT;
	if (value != args->value)
		return -EAGAIN;
	return wait_until("futex", READ_ONCE(sleeper->is_woken), true, args->deadline);
}

int futex_wait(const struct futex_wait_args *args)
{
	struct futex_sleeper sleeper;

	int error = key_of(args->word, args->is_private, &sleeper.key);
	if (error != 0)
		return error;
	sleeper.bitset = args->bitset;
	sleeper.is_woken = false;
	sleeper.thread = thread_current();
	struct futex_bucket *b = bucket_of(&sleeper.key);
	spin_lock(&b->lock);
	list_push_back(&b->sleepers, &sleeper.node);
	spin_unlock(&b->lock);
	error = check_and_sleep(&sleeper, args);
	/* Who was woken reports that, whatever else happened: the waker has counted it. */
	return leave_bucket(b, &sleeper) ? 0 : error;
}

s64 futex_wake(uaddr_t word, bool is_private, u32 count, u32 bitset)
{
	struct futex_key key;
	u32 woken = 0;

	const int error = key_of(word, is_private, &key);
	if (error != 0)
		return error;
	struct futex_bucket *b = bucket_of(&key);
	spin_lock(&b->lock);
	list_for_each_safe(sleeper, &b->sleepers, struct futex_sleeper, node) {
		if (!keys_are_equal(&sleeper->key, &key) || (sleeper->bitset & bitset) == 0)
			continue;
		list_remove(&sleeper->node);
		WRITE_ONCE(sleeper->is_woken, true);
		(void)thread_wake(sleeper->thread);
		if (++woken == count)
			break;
	}
	spin_unlock(&b->lock);
	return woken;
}

/* ---- owners that end -------------------------------------------------------------------- */

/* An entry of a robust list is the address of the next; its lowest bit says "priority inheritance",
 * which no futex here has. */
#define ROBUST_ENTRY_FLAGS 1UL

/*
 * The thread @tid ends: if it owns @word, say so there, and wake one who waits. @is_pending: it was
 * about to take or release it; when it has released it already, somebody may wait for the wake-up
 * it owes. False: @word cannot be used, and the list is not to be trusted.
 */
static bool word_owner_dies(uaddr_t word, u32 tid, bool is_pending)
{
	u32 value;
	if (!IS_ALIGNED(word, sizeof(u32)) || get_user_u32(&value, word) != 0)
		return false;
	for (;;) {
		u32 found;
		if (is_pending && value == 0)
			break;
		if ((value & FUTEX_TID_MASK) != tid)
			return true;
		const u32 dead = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (compare_exchange_user_u32(word, value, dead, &found) != 0)
			return false;
		if (found == value)
			break;
		value = found;
	}
	if (value == 0 || (value & FUTEX_WAITERS) != 0)
		(void)futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
	return true;
}

static bool get_entry(u64 *entry, uaddr_t from)
{
	if (copy_from_user(entry, from, sizeof(*entry)) != 0)
		return false;
	*entry &= ~ROBUST_ENTRY_FLAGS;
	return true;
}

/* The rest of futex_owner_ends(): @head is what stands at @list. */
static __cold void entries_owner_dies(uaddr_t list, const struct krobust_list_head *head, u32 tid)
{
	const u64 pending = head->list_op_pending & ~ROBUST_ENTRY_FLAGS;
	const u64 offset = (u64)head->futex_offset;
	u64 entry = head->list & ~ROBUST_ENTRY_FLAGS;
	/* The program wrote the list: it may be long, or have no end. */
	for (u32 i = 0; entry != list && i < ROBUST_LIST_LIMIT; i++) {
		u64 next;
		/* First, since whoever is woken may take the entry out. */
		const bool has_next = get_entry(&next, entry);
		if (entry != pending && !word_owner_dies(entry + offset, tid, false))
			return;
		if (!has_next)
			return;
		entry = next;
	}
	if (pending != 0)
		(void)word_owner_dies(pending + offset, tid, true);
}

void futex_owner_ends(uaddr_t list, u32 tid)
{
	struct krobust_list_head head;
	if (copy_from_user(&head, list, sizeof(head)) != 0)
		return;
	/* An empty list, most often, and nothing that was about to be on it. */
	if (head.list != list || head.list_op_pending != 0)
		entries_owner_dies(list, &head, tid);
}
