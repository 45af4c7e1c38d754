/* SPDX-License-Identifier: MIT */
/* Between slab.c and kmalloc.c: caches that stand in static memory, because kmalloc needs some
 * first. */
#pragma once

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"

#define SLAB_STOCK 16

struct slab_stock {
	u32 count;
	s64 alive; /* objects handed out minus given back on this hart: only the sum over harts
		      means something */
	void *objects[SLAB_STOCK];
};

struct slab_cache {
	/* set once at creation */
	const char *name;
	size_t size, first; /* bytes per object; where the first stands in a slab */
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
/* The cache @object came from; NULL: whole frames. */
struct slab_cache *slab_cache_of(const void *object);
