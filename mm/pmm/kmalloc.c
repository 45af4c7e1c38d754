// SPDX-License-Identifier: MIT
/*
 * Memory by size: slab caches up to 2 KiB, whole blocks of frames beyond. Blocks are counted in a
 * cache of their own that never holds anything else, so that the leak check sees them.
 */
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/pmm/slab_internal.h"

static const struct size_class {
	u16 size;
	const char *name;
} classes[] = {
	{ 16, "kmalloc-16" },   { 32, "kmalloc-32" },     { 48, "kmalloc-48" },
	{ 64, "kmalloc-64" },   { 96, "kmalloc-96" },     { 128, "kmalloc-128" },
	{ 192, "kmalloc-192" }, { 256, "kmalloc-256" },   { 384, "kmalloc-384" },
	{ 512, "kmalloc-512" }, { 1024, "kmalloc-1024" }, { 2048, "kmalloc-2048" },
};
#define CLASSES   ARRAY_SIZE(classes)
#define CLASS_MAX 2048

static struct slab_cache class_caches[CLASSES];
static struct slab_cache large_cache;

/* Class for each multiple of 16 up to CLASS_MAX. */
static u8 class_of[CLASS_MAX / 16 + 1];

static void count_large(s64 change)
{
	const u64 flags = spin_lock_irq(&large_cache.lock);
	large_cache.out_count += (u64)change;
	spin_unlock_irq(&large_cache.lock, flags);
}

static void *large_alloc(size_t size)
{
	unsigned order = 0;
	while ((PAGE_SIZE << order) < size)
		if (++order > PMM_MAX_ORDER)
			return NULL;
	struct page *p = pmm_alloc(order, PAGE_SLAB);
	if (p == NULL)
		return NULL;
	p->owner = NULL;
	count_large(1);
	return page_to_virt(p);
}

static void *alloc(size_t size, const void *caller)
{
	if (unlikely(size > CLASS_MAX))
		return large_alloc(size);
	return slab_alloc_part(&class_caches[class_of[(size + 15) / 16]], size, caller);
}

void *kmalloc(size_t size)
{
	return alloc(size, __builtin_return_address(0));
}

void *kzalloc(size_t size)
{
	void *p = alloc(size, __builtin_return_address(0));
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void kfree(const void *object)
{
	const void *caller = __builtin_return_address(0);
	if (object == NULL)
		return;
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		slab_check_object(object, caller);
	struct slab_cache *c = slab_cache_of(object);
	if (c != NULL) {
		slab_free_by(c, (void *)object, caller);
		return;
	}
	count_large(-1);
	pmm_put(virt_to_page(object));
}

void slab_init(void)
{
	slab_caches_init();
	for (unsigned i = 0; i < CLASSES; i++)
		slab_cache_init(&class_caches[i], classes[i].name, classes[i].size, 16);
	slab_cache_init(&large_cache, "kmalloc-large", PAGE_SIZE, 16);
	unsigned c = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(class_of); i++) {
		while (classes[c].size < i * 16)
			c++;
		class_of[i] = (u8)c;
	}
}
