/* SPDX-License-Identifier: MIT */
/*
 * Ring of bytes between one producer and one consumer, which may be on different harts or one of
 * them in an interrupt handler, and need no lock between them. Several producers (or consumers)
 * need a lock among themselves.
 *
 * head and tail count bytes since the beginning and wrap around with their type; their difference
 * is what the ring holds, so full and empty differ. Only the producer writes head, only the
 * consumer tail. Each publishes with release what the other reads with acquire: the consumer sees
 * the bytes that head covers, and the producer overwrites a byte only after the consumer has
 * fetched it.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct ring {
	/* set once by ring_init() */
	u8 *buf;
	u32 mask; /* size in bytes, a power of two, minus 1 */

	u32 head; /* atomic; only the producer writes it */
	u32 tail; /* atomic; only the consumer writes it */
};

/* @buf stays the caller's; @size_bytes is a power of two, at most 2 GiB. */
static inline void ring_init(struct ring *r, void *buf, u32 size_bytes)
{
	r->buf = (u8 *)buf;
	r->mask = size_bytes - 1;
	r->head = 0;
	r->tail = 0;
}

/*
 * Bytes in the ring. The consumer finds at least as many when it reads next, the producer at most
 * as many; nobody else should ask, as the two loads are not of one moment.
 */
static inline u32 ring_used(const struct ring *r)
{
	const u32 tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - tail;
}

static inline u32 ring_free(const struct ring *r)
{
	return r->mask + 1 - ring_used(r);
}

static inline bool ring_is_empty(const struct ring *r)
{
	return ring_used(r) == 0;
}

/* Producer. False: full. */
static inline bool ring_put(struct ring *r, u8 byte)
{
	const u32 head = r->head;

	if (ring_free(r) == 0)
		return false;
	r->buf[head & r->mask] = byte;
	/* pairs with the acquire in ring_used() of the consumer */
	__atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Consumer. False: empty. */
static inline bool ring_get(struct ring *r, u8 *byte)
{
	const u32 tail = r->tail;

	if (ring_is_empty(r))
		return false;
	*byte = r->buf[tail & r->mask];
	/* pairs with the acquire in ring_used() of the producer */
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

/* Producer: as many bytes as fit. Returns how many. */
static inline u32 ring_write(struct ring *r, const void *bytes, u32 len_bytes)
{
	const u8 *const from = (const u8 *)bytes;
	const u32 head = r->head;
	const u32 count = MIN(len_bytes, ring_free(r));

	for (u32 i = 0; i < count; i++)
		r->buf[(head + i) & r->mask] = from[i];
	__atomic_store_n(&r->head, head + count, __ATOMIC_RELEASE);
	return count;
}

/* Consumer: at most @len_bytes. Returns how many. */
static inline u32 ring_read(struct ring *r, void *bytes, u32 len_bytes)
{
	u8 *const to = (u8 *)bytes;
	const u32 tail = r->tail;
	const u32 count = MIN(len_bytes, ring_used(r));

	for (u32 i = 0; i < count; i++)
		to[i] = r->buf[(tail + i) & r->mask];
	__atomic_store_n(&r->tail, tail + count, __ATOMIC_RELEASE);
	return count;
}

/* Consumer: forget all there is. */
static inline void ring_drop_all(struct ring *r)
{
	__atomic_store_n(&r->tail, __atomic_load_n(&r->head, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}
