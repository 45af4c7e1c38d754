/* SPDX-License-Identifier: MIT */
/* Between slab.c and kmalloc.c: caches that stand in static memory, because kmalloc needs some
 * first. */
#pragma once

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"

/* A hart keeps so many free objects of a cache at most. */
#define SLAB_STOCK 14

struct slab_stock {
	void *free; /* the one given back last; each holds the next in its first word */
	u32 count;
} __aligned(64); /* no two harts write one line of the cache */
static_assert(sizeof(struct slab_stock) == 64, "a stock is found by a shift");

struct slab_cache {
	/* set once at creation */
	const char *name;
	size_t size, first; /* bytes from object to object; where the first stands in a slab */
	size_t usable;      /* bytes of an object that are its user's */
	unsigned order;
	struct slab_cache *next; /* made after this one; caches are for good */

	/* under lock */
	struct spinlock lock;
	struct list partial; /* slabs with free objects, an empty one last */
	bool has_empty;
	u64 out_count; /* objects that stand in no slab: with users, or in stocks */

	/* the hart's own, interrupts off */
	struct slab_stock stock[CONFIG_NR_CPUS];
};

/* Before any slab_create(). */
void slab_caches_init(void);
void slab_cache_init(struct slab_cache *c, const char *name, size_t size, size_t align);
/* slab_alloc() of an object of which only @bytes are asked for, on behalf of @caller: a write past
 * them is found in debug builds. */
void *slab_alloc_part(struct slab_cache *c, size_t bytes, const void *caller) __must_check;
/* slab_free() on behalf of @caller. */
void slab_free_by(struct slab_cache *c, void *object, const void *caller);
/* Debug builds: panic unless @object is the beginning of a block of slabs or of kmalloc(). */
void slab_check_object(const void *object, const void *caller);
/* The cache @object came from; NULL: whole frames. */
struct slab_cache *slab_cache_of(const void *object);
