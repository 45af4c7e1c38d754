// SPDX-License-Identifier: MIT
/*
 * Slabs: blocks of frames cut into objects of one size. The block's head lies at its start and
 * every frame of it points there (page->owner), so an object finds its slab by its address. Each
 * hart keeps a small stock of free objects per cache, so the common case takes no lock.
 *
 * Locks: cache->lock (RANK_SLAB) covers the slabs; a hart's stock and count are its own, interrupts
 * off; caches_lock (RANK_SLAB too, never with a cache's) covers the list of caches.
 */
#include "mm/pmm/slab.h"

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab_internal.h"

#define SLAB_OBJECTS_MIN 8 /* a slab holds at least so many, or is of the largest order allowed */
#define SLAB_ORDER_MAX   3
#define POISON_FREE      0x6b
#define POISON_WORD      0x6b6b6b6b6b6b6b6b
/* Debug builds: the word behind an object. A program's bytes inside the object can look like
 * anything. */
#define STATE_ALIVE 0xa11ca11ca11ca11c
#define STATE_FREE  0xdeadbea7deadbea7

struct slab {
	struct list node; /* on cache->partial, or on itself when full */
	struct slab_cache *cache;
	void *free; /* first free object; each holds the next in its first word */
	u32 used, capacity;
};

static struct spinlock caches_lock = SPINLOCK_INIT("slab caches", RANK_SLAB);
static struct list caches = LIST_INIT(caches);
/* Where the records of all caches made later come from. */
static struct slab_cache cache_cache;

/* ---- poison: debug builds. The first word links free objects and is not checked. ------------- */

static u64 *object_state(const struct slab_cache *c, void *object)
{
	return (u64 *)((char *)object + c->size - sizeof(u64));
}

static void object_poison(const struct slab_cache *c, void *object)
{
	memset(object, POISON_FREE, c->size);
	*object_state(c, object) = STATE_FREE;
}

static void object_check_free(const struct slab_cache *c, void *object)
{
	const u64 *word = object;
	const u64 *state = object_state(c, object);
	for (const u64 *at = word + 1; at < state; at++)
		if (*at != POISON_WORD)
			panic("%s object %p was written after it was freed: offset %lu holds %#lx",
			      c->name, object, (at - word) * sizeof(*word), *at);
	*object_state(c, object) = STATE_ALIVE;
}

static void object_check_alive(const struct slab_cache *c, void *object)
{
	const u64 state = *object_state(c, object);
	if (state == STATE_FREE)
		panic("%s object %p is freed twice", c->name, object);
	if (state != STATE_ALIVE)
		panic("%s object %p was written past its end: %#lx", c->name, object, state);
}

void slab_cache_init(struct slab_cache *c, const char *name, size_t size, size_t align)
{
	memset(c, 0, sizeof(*c));
	c->name = name;
	const size_t state = IS_ENABLED(CONFIG_DEBUG_CHECKS) ? sizeof(u64) : 0;
	c->size = ALIGN_UP(MAX(size, sizeof(void *)) + state, MAX(align, sizeof(void *)));
	c->first = ALIGN_UP(sizeof(struct slab), MAX(align, sizeof(void *)));
	while (c->order < SLAB_ORDER_MAX &&
	       ((PAGE_SIZE << c->order) - c->first) / c->size < SLAB_OBJECTS_MIN)
		c->order++;
	spin_init(&c->lock, name, RANK_SLAB);
	list_init(&c->partial);
	const u64 flags = spin_lock_irq(&caches_lock);
	list_push_back(&caches, &c->node);
	spin_unlock_irq(&caches_lock, flags);
}

struct slab_cache *slab_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *c = slab_alloc(&cache_cache);
	if (c != NULL)
		slab_cache_init(c, name, size, align);
	return c;
}

void slab_caches_init(void)
{
	slab_cache_init(&cache_cache, "slab cache", sizeof(struct slab_cache),
			_Alignof(struct slab_cache));
}

/* ---- slabs: cache->lock held ----------------------------------------------------------------- */

static struct slab *slab_new(struct slab_cache *c)
{
	struct page *p = pmm_alloc(c->order, PAGE_SLAB);
	if (p == NULL)
		return NULL;
	struct slab *s = page_to_virt(p);
	for (u32 i = 0; i < 1U << c->order; i++)
		p[i].owner = s;
	s->cache = c;
	s->used = 0;
	s->capacity = (u32)(((PAGE_SIZE << c->order) - c->first) / c->size);
	s->free = NULL;
	/* Backwards, so that objects are handed out by rising address. */
	for (u32 i = s->capacity; i-- != 0;) {
		char *object = (char *)s + c->first + i * c->size;
		if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
			object_poison(c, object);
		*(void **)object = s->free;
		s->free = object;
	}
	list_push_front(&c->partial, &s->node);
	return s;
}

static void *slab_take(struct slab_cache *c)
{
	if (list_is_empty(&c->partial) && slab_new(c) == NULL)
		return NULL;
	struct slab *s = list_first(&c->partial, struct slab, node);
	void *object = s->free;
	s->free = *(void **)object;
	if (++s->used == s->capacity)
		list_remove(&s->node);
	return object;
}

static void slab_give(struct slab_cache *c, void *object)
{
	struct slab *s = virt_to_page(object)->owner;
	ASSERT(s->cache == c);
	*(void **)object = s->free;
	s->free = object;
	if (s->used-- == s->capacity)
		list_push_front(&c->partial, &s->node);
	if (s->used != 0)
		return;
	/* One empty slab is kept, so that a single object going back and forth does not cost a
	 * frame each time. */
	if (c->has_empty) {
		list_remove(&s->node);
		pmm_put(virt_to_page(s));
	} else {
		c->has_empty = true;
		list_remove(&s->node);
		list_push_back(&c->partial, &s->node);
	}
}

/* The empty slab stands last; it is the first to be used when it is the only one. */
static void slab_note_use(struct slab_cache *c)
{
	if (c->has_empty && list_is_empty(&c->partial))
		c->has_empty = false;
	else if (c->has_empty && list_entry(c->partial.prev, struct slab, node)->used != 0)
		c->has_empty = false;
}

/* ---- stocks: interrupts off ------------------------------------------------------------------ */

static void stock_refill(struct slab_cache *c, struct slab_stock *stock)
{
	spin_lock(&c->lock);
	while (stock->count < SLAB_STOCK / 2) {
		void *object = slab_take(c);
		if (object == NULL)
			break;
		stock->objects[stock->count++] = object;
	}
	slab_note_use(c);
	spin_unlock(&c->lock);
}

static void stock_drain(struct slab_cache *c, struct slab_stock *stock, u32 keep)
{
	spin_lock(&c->lock);
	while (stock->count > keep)
		slab_give(c, stock->objects[--stock->count]);
	spin_unlock(&c->lock);
}

/* ---- public ---------------------------------------------------------------------------------- */

void *slab_alloc(struct slab_cache *c)
{
	void *object = NULL;
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (unlikely(stock->count == 0))
		stock_refill(c, stock);
	if (likely(stock->count != 0)) {
		object = stock->objects[--stock->count];
		stock->alive++;
	}
	irq_restore(flags);
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && object != NULL)
		object_check_free(c, object);
	return object;
}

void *slab_alloc_zeroed(struct slab_cache *c)
{
	void *object = slab_alloc(c);
	if (object != NULL)
		memset(object, 0, c->size - (IS_ENABLED(CONFIG_DEBUG_CHECKS) ? sizeof(u64) : 0));
	return object;
}

void slab_free(struct slab_cache *c, void *object)
{
	if (object == NULL)
		return;
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS)) {
		object_check_alive(c, object);
		object_poison(c, object);
	}
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (unlikely(stock->count == SLAB_STOCK))
		stock_drain(c, stock, SLAB_STOCK / 2);
	stock->objects[stock->count++] = object;
	stock->alive--;
	irq_restore(flags);
}

struct slab_cache *slab_cache_of(const void *object)
{
	const struct slab *s = virt_to_page(object)->owner;
	return s != NULL ? s->cache : NULL;
}

/* Other harts' stocks stay with them: at most SLAB_STOCK objects each. */
void slab_shrink_all(void)
{
	const u64 flags = irq_save();
	const u32 self = cpu_index();
	list_for_each(c, &caches, struct slab_cache, node) {
		stock_drain(c, &c->stock[self], 0);
		spin_lock(&c->lock);
		list_for_each_safe(s, &c->partial, struct slab, node) {
			if (s->used == 0) {
				list_remove(&s->node);
				pmm_put(virt_to_page(s));
			}
		}
		c->has_empty = false;
		spin_unlock(&c->lock);
	}
	irq_restore(flags);
}

void slab_for_each(void (*visit)(const struct slab_count *count, void *arg), void *arg)
{
	list_for_each(c, &caches, struct slab_cache, node) {
		s64 alive = 0;
		for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
			alive += READ_ONCE(c->stock[i].alive);
		visit(&(struct slab_count){ c->name, (u64)alive }, arg);
	}
}
