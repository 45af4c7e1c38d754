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
