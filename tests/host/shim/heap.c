// SPDX-License-Identifier: MIT
/* Slab caches and kmalloc on the C library's heap, so that the address sanitizer sees every object.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/core/panic.h"
#include "mm/pmm/slab.h"
#include "tests/host/shim/machine.h"

#define CACHES_MAX 32
#define GARBAGE    0x5a
#define CHAIN_MAX  3

struct slab_cache {
	const char *name;
	size_t size;
	unsigned objects;
};

static struct slab_cache caches[CACHES_MAX];
static unsigned cache_count;
static unsigned kmalloc_objects;

struct slab_cache *slab_create(const char *name, size_t size, size_t align)
{
	/* A test that starts the floor anew gets the caches it had. */
	for (unsigned i = 0; i < cache_count; i++)
		if (strcmp(caches[i].name, name) == 0)
			return &caches[i];
	if (cache_count == CACHES_MAX)
		panic("too many slab caches");
	caches[cache_count] = (struct slab_cache){ .name = name, .size = size };
	return &caches[cache_count++];
}

static void *alloc(size_t size, int byte)
{
	if (shim_should_fail())
		return NULL;
	void *p = malloc(size != 0 ? size : 1);
	if (p == NULL)
		panic("the host is out of memory");
	return memset(p, byte, size);
}

void *slab_alloc(struct slab_cache *c)
{
	void *p = alloc(c->size, GARBAGE);
	c->objects += p != NULL;
	return p;
}

void *slab_alloc_zeroed(struct slab_cache *c)
{
	void *p = alloc(c->size, 0);
	c->objects += p != NULL;
	return p;
}

void slab_free(struct slab_cache *c, void *object)
{
	c->objects -= object != NULL;
	free(object);
}

/* Few at once, so that who needs many asks again. */
void *slab_alloc_chain(struct slab_cache *c, u32 max)
{
	void *chain = NULL;
	for (u32 i = 0; i < max && i < CHAIN_MAX; i++) {
		void *object = slab_alloc(c);
		if (object == NULL)
			goto no_memory;
		slab_chain_link(object, chain);
		chain = object;
	}
	return chain;
no_memory:
	while (chain != NULL) {
		void *next = slab_chain_next(chain);
		slab_free(c, chain);
		chain = next;
	}
	return NULL;
}

void slab_free_chain(struct slab_cache *c, void *first, void *last, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		void *next = i + 1 < count ? slab_chain_next(first) : NULL;
		if (next == NULL && first != last)
			panic("a chain of %s does not end where it is said to", c->name);
		slab_free(c, first);
		first = next;
	}
}

void *kmalloc(size_t size)
{
	void *p = alloc(size, GARBAGE);
	kmalloc_objects += p != NULL;
	return p;
}

void *kzalloc(size_t size)
{
	void *p = alloc(size, 0);
	kmalloc_objects += p != NULL;
	return p;
}

void kfree(const void *p)
{
	kmalloc_objects -= p != NULL;
	free((void *)p);
}

unsigned shim_objects_used(void)
{
	unsigned sum = kmalloc_objects;
	for (unsigned i = 0; i < cache_count; i++)
		sum += caches[i].objects;
	return sum;
}
