// SPDX-License-Identifier: MIT
/*
 * Memory objects: the common part, and the two kinds that live here: shared anonymous memory, and
 * pages of the kernel image. Files are fs/filemap.c's. Which spaces map an object is rmap.c's
 * subject.
 */
#include "mm/vmm/object.h"

#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/fence.h"

static struct slab_cache *anon_cache, *image_cache;

void vm_object_init(struct vm_object *o, const struct vm_object_ops *ops)
{
	o->ops = ops;
	refcount_init(&o->refs, 1);
	spin_init(&o->lock, "vm_object", RANK_OBJECT);
	list_init(&o->regions);
	o->inode_number = 0;
	o->written = 0;
	o->flushed = 0;
}

void vm_object_put_many(struct vm_object *o, u32 count)
{
	if (!refcount_put_many(&o->refs, count))
		return;
	ASSERT(list_is_empty(&o->regions));
	o->ops->destroy(o);
}

void vm_object_make_fetchable(struct vm_object *o)
{
	/* Pairs with the release in vm_object_mark_written(): what is counted was stored. */
	const u32 written = __atomic_load_n(&o->written, __ATOMIC_ACQUIRE);
	if (written != 0 && __atomic_load_n(&o->flushed, __ATOMIC_ACQUIRE) == written)
		return;
	fence_code();
	/* After the flush, so that nobody relies on one under way. Two at once store what both
	 * have done. */
	__atomic_store_n(&o->flushed, written, __ATOMIC_RELEASE);
}

/* ---- shared anonymous memory: a radix tree of frames full of pointers ---- */

#define SLOT_BITS  9
#define SLOTS      (1U << SLOT_BITS)
#define LEVELS_MAX 3 /* 512 GiB: more than a user address space */

struct anon_object {
	struct vm_object object; /* its lock covers the tree */

	/* set once at creation */
	u64 pages;
	unsigned levels;

	/* under object.lock: inner slots name PAGE_KERNEL frames of slots, those of the last
	 * level pages */
	struct page *root;
};

static struct anon_object *anon_of(struct vm_object *o)
{
	return container_of(o, struct anon_object, object);
}

/* Slot of @index, with the nodes that lead to it. NULL: no memory. Locks: object.lock. */
static struct page **anon_slot(struct anon_object *a, u64 index)
{
	struct page **slot = &a->root;
	for (unsigned level = a->levels; level > 0; level--) {
		if (*slot == NULL)
			*slot = pmm_alloc_zeroed(PAGE_KERNEL);
		if (*slot == NULL)
			return NULL;
		struct page **slots = page_to_virt(*slot);
		slot = &slots[index >> (level - 1) * SLOT_BITS & (SLOTS - 1)];
	}
	return slot;
}

static int anon_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out)
{
	struct anon_object *a = anon_of(o);
	if (index >= a->pages)
		return -EIO;

	spin_lock(&o->lock);
	struct page **slot = anon_slot(a, index);
	struct page *page = slot != NULL ? *slot : NULL;
	spin_unlock(&o->lock);
	if (page != NULL) {
		*out = page;
		return 0;
	}

	/* Cleared without the lock; another space may put one there meanwhile. Nodes stay, so the
	 * slot does. */
	struct page *fresh = slot != NULL ? pmm_alloc_zeroed(PAGE_FILE) : NULL;
	if (fresh == NULL)
		return -ENOMEM;
	spin_lock(&o->lock);
	if (*slot == NULL) {
		*slot = fresh;
		fresh = NULL;
	}
	page = *slot;
	spin_unlock(&o->lock);
	if (fresh != NULL)
		pmm_put(fresh);
	*out = page;
	return 0;
}

static struct page *anon_find_page(struct vm_object *o, u64 index)
{
	const struct anon_object *a = anon_of(o);
	spin_lock(&o->lock);
	struct page *page = index < a->pages ? a->root : NULL;
	for (unsigned level = a->levels; level > 0 && page != NULL; level--) {
		struct page **slots = page_to_virt(page);
		page = slots[index >> (level - 1) * SLOT_BITS & (SLOTS - 1)];
	}
	spin_unlock(&o->lock);
	return page;
}

/* Drop all pages and nodes without recursion: three nested levels, each of which may not be
 * there. */
static void anon_free_pages(struct anon_object *a)
{
	struct page *path[LEVELS_MAX];
	unsigned at[LEVELS_MAX] = { 0 };
	unsigned depth = 0;
	if (a->root == NULL)
		return;
	path[0] = a->root;
	for (;;) {
		if (at[depth] == SLOTS) {
			pmm_put(path[depth]);
			if (depth == 0)
				return;
			depth--;
			continue;
		}
		struct page **slots = page_to_virt(path[depth]);
		struct page *below = slots[at[depth]++];
		if (below == NULL)
			continue;
		if (depth + 1 == a->levels) {
			pmm_put(below);
		} else {
			path[++depth] = below;
			at[depth] = 0;
		}
	}
}

static void anon_destroy(struct vm_object *o)
{
	struct anon_object *a = anon_of(o);
	anon_free_pages(a);
	slab_free(anon_cache, a);
}

static void anon_describe(struct vm_object *o, char *buf, size_t size)
{
	(void)strlcpy(buf, "/dev/zero (deleted)", size); /* as Linux calls it */
}

static const struct vm_object_ops anon_ops = {
	.get_page = anon_get_page,
	.find_page = anon_find_page,
	.destroy = anon_destroy,
	.describe = anon_describe,
	.is_memory = true,
};

struct vm_object *vm_object_create_anonymous(u64 pages)
{
	struct anon_object *a = slab_alloc(anon_cache);
	if (a == NULL)
		return NULL;
	vm_object_init(&a->object, &anon_ops);
	a->pages = pages;
	a->levels = 1;
	while (a->levels < LEVELS_MAX && pages > 1UL << a->levels * SLOT_BITS)
		a->levels++;
	a->root = NULL;
	return &a->object;
}

/* ---- pages of the kernel image ---- */

struct image_object {
	struct vm_object object;

	/* set once at creation */
	const u8 *start;
	size_t pages;
};

static int image_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out)
{
	const struct image_object *image = container_of(o, struct image_object, object);
	if (index >= image->pages)
		return -EIO;
	*out = pmm_pin_image(image->start + index * PAGE_SIZE);
	return 0;
}

static void image_destroy(struct vm_object *o)
{
	slab_free(image_cache, container_of(o, struct image_object, object));
}

static void image_describe(struct vm_object *o, char *buf, size_t size)
{
	(void)strlcpy(buf, "[vdso]", size);
}

static const struct vm_object_ops image_ops = {
	.get_page = image_get_page,
	.destroy = image_destroy,
	.describe = image_describe,
	.is_forever = true,
};

struct vm_object *vm_object_create_image(const void *start, size_t pages)
{
	struct image_object *image = slab_alloc(image_cache);
	if (image == NULL)
		return NULL;
	vm_object_init(&image->object, &image_ops);
	image->object.written = image->object.flushed = 1; /* once, before boot */
	image->start = start;
	image->pages = pages;
	return &image->object;
}

void object_init(void)
{
	anon_cache = slab_create("shared memory", sizeof(struct anon_object), 8);
	image_cache = slab_create("image object", sizeof(struct image_object), 8);
	if (anon_cache == NULL || image_cache == NULL)
		panic("no memory for the caches of memory objects");
}
