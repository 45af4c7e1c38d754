// SPDX-License-Identifier: MIT
/*
 * Slabs: blocks of frames cut into objects of one size. The block's head lies at its start and
 * every frame of it points there (page->owner), so an object finds its slab by its address. Each
 * hart keeps a small stock of free objects per cache, so the common case takes no lock.
 *
 * Locks: cache->lock (RANK_SLAB) covers the slabs; a hart's stock and count are its own, interrupts
 * off; caches_lock (RANK_SLAB too, never with a cache's) covers the end of
 * the chain of caches, which is read without it.
 */
#include "mm/pmm/slab.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/symbols.h"
#include "lib/string.h"
#include "mm/pmm/failalloc.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab_internal.h"

#define SLAB_OBJECTS_MIN 8 /* a slab holds at least so many, or is of the largest order allowed */
#define SLAB_ORDER_MAX   PMM_LACK_ORDER_MAX
#define POISON_FREE      ((u8)SLAB_POISON_WORD)

/* Debug builds: what stands behind an object. A program's bytes inside the object can look like
 * anything. */
struct tail {
	u32 state;      /* STATE_* */
	u32 bytes;      /* asked for; behind them the poison stays */
	const void *by; /* who allocated it, or who freed it */
};
#define STATE_ALIVE 0xa11ca11c
#define STATE_FREE  0xdeadbea7

struct slab {
	struct list node; /* on cache->partial, or on itself when full */
	struct slab_cache *cache;
	void *free; /* first free object; each holds the next in its first word */
	u32 used, capacity;
};

static struct spinlock caches_lock = SPINLOCK_INIT("slab caches", RANK_SLAB);
static struct slab_cache *caches, **caches_end = &caches;
/* Where the records of all caches made later come from. */
static struct slab_cache cache_cache;

/* ---- poison: debug builds. The first word links free objects and is not checked. ------------- */

static struct tail *object_tail(const struct slab_cache *c, void *object)
{
	return (struct tail *)((char *)object + c->size - sizeof(struct tail));
}

static void object_poison(const struct slab_cache *c, void *object, const void *by)
{
	memset(object, POISON_FREE, c->size - sizeof(struct tail));
	*object_tail(c, object) = (struct tail){ .state = STATE_FREE, .by = by };
}

/* The offset of the first byte from @from on that is no poison; where the tail begins: none. */
static size_t poison_end(const struct slab_cache *c, const void *object, size_t from)
{
	const u8 *bytes = object;
	while (from < c->size - sizeof(struct tail) && bytes[from] == POISON_FREE)
		from++;
	return from;
}

static void object_check_free(const struct slab_cache *c, void *object, size_t bytes,
			      const void *by)
{
	struct tail *tail = object_tail(c, object);
	const size_t end = poison_end(c, object, sizeof(void *));
	if (tail->state != STATE_FREE || (const char *)tail != (const char *)object + end) {
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), (u64)tail->by);
		panic("%s object %p was written after it was freed at %s: offset %lu holds %#x",
		      c->name, object, place, end, ((u8 *)object)[end]);
	}
	*tail = (struct tail){ .state = STATE_ALIVE, .bytes = (u32)bytes, .by = by };
}

static void object_check_alive(const struct slab_cache *c, void *object, const void *by)
{
	const struct tail *tail = object_tail(c, object);
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)by);
	symbols_format(there, sizeof(there), (u64)tail->by);
	if (tail->state == STATE_FREE)
		panic("%s object %p is freed twice: at %s, and before at %s", c->name, object, here,
		      there);
	if (tail->state != STATE_ALIVE)
		panic("%s object %p, freed at %s, was written far past its end: its mark is %#x",
		      c->name, object, here, tail->state);
	const size_t end = poison_end(c, object, MAX((size_t)tail->bytes, sizeof(void *)));
	if ((const char *)tail != (const char *)object + end)
		panic("%s object %p was written past its end: of %u bytes, allocated at %s, offset "
		      "%lu holds %#x",
		      c->name, object, tail->bytes, there, end, ((u8 *)object)[end]);
}

/* In RAM that has been handed out at least once, so that its struct page can be read. */
static bool is_known_memory(const void *object)
{
#ifdef HOST_TEST
	return true; /* the host's addresses are another matter */
#else
	unsigned level;
	return (vaddr_t)object >= LINEAR_BASE && (vaddr_t)object < LINEAR_BASE + LINEAR_SIZE &&
	       pte_is_valid(mmu_kernel_lookup((vaddr_t)virt_to_page(object), &level));
#endif
}

void slab_check_object(const void *object, const void *caller)
{
	char here[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)caller);
	const struct page *p = virt_to_page(object);
	if (!is_known_memory(object) || p->kind != PAGE_SLAB)
		panic("%p is freed at %s, but no allocation returns such an address", object, here);
	const struct slab *s = p->owner;
	const u64 offset = s != NULL ? ((u64)object - (u64)s - s->cache->first) % s->cache->size :
				       page_offset((u64)object);
	if (offset != 0)
		panic("%p is freed at %s, but it is no beginning: %lu bytes into an object of %s",
		      object, here, offset, s != NULL ? s->cache->name : "whole frames");
}

void slab_cache_init(struct slab_cache *c, const char *name, size_t size, size_t align)
{
	memset(c, 0, sizeof(*c));
	c->name = name;
	const size_t tail = IS_ENABLED(CONFIG_DEBUG_CHECKS) ? sizeof(struct tail) : 0;
	c->usable = MAX(size, sizeof(void *));
	c->size = ALIGN_UP(c->usable + tail, MAX(align, sizeof(void *)));
	c->first = ALIGN_UP(sizeof(struct slab), MAX(align, sizeof(void *)));
	while (c->order < SLAB_ORDER_MAX &&
	       ((PAGE_SIZE << c->order) - c->first) / c->size < SLAB_OBJECTS_MIN)
		c->order++;
	spin_init(&c->lock, name, RANK_SLAB);
	list_init(&c->partial);
	const u64 flags = spin_lock_irq(&caches_lock);
	barrier_write(); /* who finds it finds it made */
	WRITE_ONCE(*caches_end, c);
	caches_end = &c->next;
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
	for (u32 i = 0; i < 1U << c->order; i++) {
		p[i].kind = PAGE_SLAB;
		p[i].owner = s;
	}
	s->cache = c;
	s->used = 0;
	s->capacity = (u32)(((PAGE_SIZE << c->order) - c->first) / c->size);
	s->free = NULL;
	/* Backwards, so that objects are handed out by rising address. */
	for (u32 i = s->capacity; i-- != 0;) {
		char *object = (char *)s + c->first + i * c->size;
		if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
			object_poison(c, object, NULL);
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
	c->out_count++;
	return object;
}

static void slab_give(struct slab_cache *c, void *object)
{
	struct slab *s = virt_to_page(object)->owner;
	ASSERT(s->cache == c);
	*(void **)object = s->free;
	s->free = object;
	c->out_count--;
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

static void *stock_take(struct slab_stock *stock)
{
	void *object = stock->free;
	stock->free = *(void **)object;
	stock->count--;
	return object;
}

static void stock_give(struct slab_stock *stock, void *object)
{
	*(void **)object = stock->free;
	stock->free = object;
	stock->count++;
}

static void stock_refill(struct slab_cache *c, struct slab_stock *stock)
{
	spin_lock(&c->lock);
	while (stock->count < SLAB_STOCK / 2) {
		void *object = slab_take(c);
		if (object == NULL)
			break;
		stock_give(stock, object);
	}
	slab_note_use(c);
	spin_unlock(&c->lock);
}

static void stock_drain(struct slab_cache *c, struct slab_stock *stock, u32 keep)
{
	spin_lock(&c->lock);
	while (stock->count > keep)
		slab_give(c, stock_take(stock));
	spin_unlock(&c->lock);
}

/* ---- public ---------------------------------------------------------------------------------- */

/* The rare cases, apart so that the common one is a few instructions. Both end what irq_save()
 * began. */

static __noinline void *take_after_refill(struct slab_cache *c, u64 flags)
{
	struct slab_stock *stock = &c->stock[cpu_index()];
	stock_refill(c, stock);
	void *object = stock->free != NULL ? stock_take(stock) : NULL;
	irq_restore(flags);
	return object;
}

static __noinline void give_after_drain(struct slab_cache *c, void *object, u64 flags)
{
	struct slab_stock *stock = &c->stock[cpu_index()];
	stock_drain(c, stock, SLAB_STOCK / 2);
	stock_give(stock, object);
	irq_restore(flags);
}

static void *take(struct slab_cache *c)
{
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (unlikely(stock->free == NULL))
		return take_after_refill(c, flags);
	void *object = stock_take(stock);
	irq_restore(flags);
	return object;
}

static void give(struct slab_cache *c, void *object)
{
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (unlikely(stock->count == SLAB_STOCK)) {
		give_after_drain(c, object, flags);
		return;
	}
	stock_give(stock, object);
	irq_restore(flags);
}

void *slab_alloc_part(struct slab_cache *c, size_t bytes, const void *caller)
{
	if (failalloc_hits())
		return NULL;
	void *object = take(c);
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && object != NULL)
		object_check_free(c, object, bytes, caller);
	return object;
}

void *slab_alloc(struct slab_cache *c)
{
	return slab_alloc_part(c, c->usable, __builtin_return_address(0));
}

void *slab_alloc_zeroed(struct slab_cache *c)
{
	void *object = slab_alloc_part(c, c->usable, __builtin_return_address(0));
	if (object != NULL)
		memset(object, 0, c->usable);
	return object;
}

static void check_freed(struct slab_cache *c, void *object, const void *caller)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	slab_check_object(object, caller);
	object_check_alive(c, object, caller);
	object_poison(c, object, caller);
}

void slab_free_by(struct slab_cache *c, void *object, const void *caller)
{
	check_freed(c, object, caller);
	give(c, object);
}

void slab_free(struct slab_cache *c, void *object)
{
	if (object != NULL)
		slab_free_by(c, object, __builtin_return_address(0));
}

void *slab_alloc_chain(struct slab_cache *c, u32 max)
{
	if (failalloc_hits())
		return NULL;
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (unlikely(stock->free == NULL))
		stock_refill(c, stock);
	/* The stock is a chain itself. */
	void *first = stock->free;
	void **end = &stock->free;
	const u32 count = MIN(max, stock->count);
	for (u32 i = 0; i < count; i++)
		end = *end;
	stock->free = *end;
	stock->count -= count;
	*end = NULL;
	irq_restore(flags);
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS)) {
		for (void *o = first; o != NULL; o = slab_chain_next(o))
			object_check_free(c, o, c->usable, __builtin_return_address(0));
	}
	return first;
}

void slab_free_chain(struct slab_cache *c, void *first, void *last, u32 count)
{
	if (count == 0)
		return;
	void *next = first;
	for (u32 i = 0; IS_ENABLED(CONFIG_DEBUG_CHECKS) && i < count; i++) {
		void *object = next;
		next = slab_chain_next(object);
		check_freed(c, object, __builtin_return_address(0));
		slab_chain_link(object, next);
	}
	const u64 flags = irq_save();
	struct slab_stock *stock = &c->stock[cpu_index()];
	if (likely(count <= SLAB_STOCK - stock->count)) {
		slab_chain_link(last, stock->free);
		stock->free = first;
		stock->count += count;
		irq_restore(flags);
		return;
	}
	irq_restore(flags);
	for (; count != 0; count--) {
		next = slab_chain_next(first);
		give(c, first);
		first = next;
	}
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
	for (struct slab_cache *c = READ_ONCE(caches); c != NULL; c = READ_ONCE(c->next)) {
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
	for (struct slab_cache *c = READ_ONCE(caches); c != NULL; c = READ_ONCE(c->next)) {
		/* Under the lock nothing moves between slabs and stocks. */
		const u64 flags = spin_lock_irq(&c->lock);
		u64 alive = c->out_count;
		for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
			alive -= READ_ONCE(c->stock[i].count);
		spin_unlock_irq(&c->lock, flags);
		visit(&(struct slab_count){ c->name, alive }, arg);
	}
}
