/* SPDX-License-Identifier: MIT */
/*
 * Reference counts. Going up needs no ordering (the caller already holds a reference); going down
 * releases what the holder wrote, and whoever gets to zero acquires it before destroying.
 *
 * A count that was put once too often, or never put, is noticed here and not where the memory it
 * guards is used by two: 0 has no holder who could get or put, and no count is as large as half the
 * range. One compare sees both.
 */
#pragma once

#include "lib/check.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct refcount {
	u32 value; /* atomic */
};

#define REFCOUNT_MAX 0x7fffffffU

static inline void refcount_check(const struct refcount *r, u32 old, const char *what)
{
	if (unlikely(old - 1 >= REFCOUNT_MAX))
		check_failed("reference count %p is %s at %u: it was put too often, or got and "
			     "never put",
			     r, what, old);
}

static inline void refcount_init(struct refcount *r, u32 value)
{
	/* A store; of an atomic one the compiler makes a swap. */
	WRITE_ONCE(r->value, value);
}

static inline u32 refcount_read(const struct refcount *r)
{
	return __atomic_load_n(&r->value, __ATOMIC_RELAXED);
}

/*
 * Is the caller's reference the only one? Acquire: all that others did before they put theirs is
 * seen. Whoever asks must know where another could come from now.
 */
static inline bool refcount_is_one(const struct refcount *r)
{
	return __atomic_load_n(&r->value, __ATOMIC_ACQUIRE) == 1;
}

/* @count at once, not 0. */
static inline void refcount_get_many(struct refcount *r, u32 count)
{
	refcount_check(r, __atomic_fetch_add(&r->value, count, __ATOMIC_RELAXED), "got");
}

static inline void refcount_get(struct refcount *r)
{
	refcount_get_many(r, 1);
}

/* True if these were the last references: the caller destroys the object. */
static inline bool refcount_put_many(struct refcount *r, u32 count)
{
	const u32 before_last = __atomic_fetch_sub(&r->value, count, __ATOMIC_ACQ_REL) - count + 1;
	refcount_check(r, before_last, "put");
	return before_last == 1;
}

static inline bool refcount_put(struct refcount *r)
{
	return refcount_put_many(r, 1);
}

/* Take a reference unless the object is already dying (count 0): then what its holders did, the
 * last of whom has put it, is seen. */
static inline bool refcount_try_get(struct refcount *r)
{
	u32 old = refcount_read(r);
	while (old != 0) {
		if (__atomic_compare_exchange_n(&r->value, &old, old + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return false;
}
