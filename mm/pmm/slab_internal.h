/* SPDX-License-Identifier: MIT */
/* Between slab.c and kmalloc.c: caches that stand in static memory, because kmalloc needs some
 * first. */
#pragma once

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"

/* So many that a stock is two lines of the cache. */
#define SLAB_STOCK 14

struct slab_stock {
	u32 count;
	s64 alive; /* objects handed out minus given back on this hart: only the sum over harts
		      means something */
	void *objects[SLAB_STOCK];
};
static_assert(sizeof(struct slab_stock) == 128, "a stock is found by a shift");

struct slab_cache {
	/* set once at creation */
	const char *name;
	size_t size, first; /* bytes from object to object; where the first stands in a slab */
	size_t usable;      /* bytes of an object that are its user's */
	unsigned order;
	struct list node;

	/* under lock */
	struct spinlock lock;
	struct list partial; /* slabs with free objects, an empty one last */
	bool has_empty;

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
