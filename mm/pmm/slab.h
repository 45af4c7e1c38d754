/* SPDX-License-Identifier: MIT */
/*
 * Slab caches and kmalloc. Objects of one type stand in frames of their own; freed objects keep
 * their place and are handed out again. Never sleeps: NULL means no memory. Any context.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/types.h"

struct slab_cache;

/* What freed objects are full of, in debug builds: a pointer of this value came out of one. */
#define SLAB_POISON_WORD 0x6b6b6b6b6b6b6b6bUL

/*
 * A cache of objects of @size bytes, aligned to @align (a power of two, at least 8). @name must
 * outlive it. NULL: no memory.
 */
struct slab_cache *slab_create(const char *name, size_t size, size_t align);
/* Contents unspecified (poisoned in debug builds). */
void *slab_alloc(struct slab_cache *c) __must_check;
void *slab_alloc_zeroed(struct slab_cache *c) __must_check;
/* NULL is welcome. */
void slab_free(struct slab_cache *c, void *object);

/* Many at once: a chain of objects, each of which names the next in its first word. */
static inline void *slab_chain_next(const void *object)
{
	return *(void *const *)object;
}
static inline void slab_chain_link(void *object, void *next)
{
	*(void **)object = next;
}
/* A chain that NULL ends, of at most @max (not 0), contents otherwise as from slab_alloc(). Who
 * needs more asks again. NULL: no memory. */
void *slab_alloc_chain(struct slab_cache *c, u32 max) __must_check;
/* The @count (0 is welcome) from @first to @last, which may name anything. */
void slab_free_chain(struct slab_cache *c, void *first, void *last, u32 count);
/* Give empty slabs and per-hart stocks back to the frame allocator. */
void slab_shrink_all(void);

/* Up to 1 MiB, what the frame allocator has in one piece; aligned to 16 bytes, and to a page from
 * more than 2 KiB on. */
void *kmalloc(size_t size) __must_check;
void *kzalloc(size_t size) __must_check;
/* NULL is welcome. */
void kfree(const void *p);

/* For the leak check: objects alive in each cache. @visit is called for every cache. */
struct slab_count {
	const char *name;
	u64 objects;
};
void slab_for_each(void (*visit)(const struct slab_count *count, void *arg), void *arg);

void slab_init(void);
