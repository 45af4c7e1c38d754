/* SPDX-License-Identifier: MIT */
/*
 * vm_object: memory that has a home besides the programs that map it: a file's pages
 * (fs/filemap.c supplies the ops) or shared anonymous memory.
 *
 * Locks: object->lock (RANK_OBJECT, spinning) covers the list of regions that map it. Never take
 * a space's lock under it; faults go the other way (docs/fork.md H14).
 */
#pragma once

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/types.h"

struct page;
struct vm_object;

struct vm_object_ops {
	/*
	 * The page at @index (in pages). @for_write: a shared mapping is about to write it, so a
	 * hole gets a page of its own. 0; -EIO past the end; -ENOMEM; another -errno from the
	 * device. -EAGAIN if the page must be waited for and wait_page knows how. Context: may
	 * sleep. The caller holds the lock of a space with a region of @o, so no inode lock may be
	 * taken; and as long as it does, the page stays: vm_object_unmap_range().
	 */
	int (*get_page)(struct vm_object *o, u64 index, bool for_write, struct page **out);
	/*
	 * Those of the @count pages from @index on that get_page would give for reading without
	 * doing anything for them; NULL for others. NULL: does not know.
	 * Context: as get_page.
	 */
	void (*get_pages)(struct vm_object *o, u64 index, unsigned count, struct page **out);
	/*
	 * Bring in the page that get_page could not give: the fault starts again afterwards. 0 or
	 * -errno. Needed only where get_page returns -EAGAIN.
	 * Context: may sleep; no lock held.
	 */
	int (*wait_page)(struct vm_object *o, u64 index);
	/* The page that is in memory at @index now, and the object's until its mappings are gone;
	 * or NULL. NULL: does not know. Any context. */
	struct page *(*find_page)(struct vm_object *o, u64 index);
	/* The last reference went. Context: may sleep; the caller holds no lock of RANK_ASPACE or
	 * later. */
	void (*destroy)(struct vm_object *o);
	/* Path for /proc/N/maps, at most @size bytes with NUL; may be NULL for anonymous memory. */
	void (*describe)(struct vm_object *o, char *buf, size_t size);
	/* No page of it ever goes: then it has no list of regions, which all programs would write.
	 */
	bool is_forever;
	/* It has no home but memory: nobody wants to know which pages were written, and a page is
	 * there as soon as it is asked for. */
	bool is_memory;
};

struct vm_object {
	const struct vm_object_ops *ops;
	struct refcount refs;
	struct spinlock lock;
	struct list regions; /* under lock: struct region.object_node; see is_forever */
	u64 inode_number;    /* for /proc/N/maps */

	/* atomic: how often the contents changed, and up to which change instruction caches know
	 * (T23). written = 0: the owner does not tell, so every executable mapping flushes */
	u32 written, flushed;
};

void vm_object_init(struct vm_object *o, const struct vm_object_ops *ops);
static inline void vm_object_get(struct vm_object *o)
{
	refcount_get(&o->refs);
}
/* @count references at once. */
void vm_object_put_many(struct vm_object *o, u32 count);
static inline void vm_object_put(struct vm_object *o)
{
	vm_object_put_many(o, 1);
}

/*
 * The contents of a page changed, by write(2) or whatever else: to be called after the change and
 * before it is reported. What was written may be code, so the next executable mapping flushes the
 * instruction caches.
 */
static inline void vm_object_mark_written(struct vm_object *o)
{
	(void)__atomic_fetch_add(&o->written, 1, __ATOMIC_RELEASE);
}
/* A page of @o is about to be mapped executable: whatever was written until now can be fetched. */
void vm_object_make_fetchable(struct vm_object *o);

/*
 * Take every mapping of pages [@first, @end) away from every space that has one, fencing: the
 * file was cut or a page is to go. The owner must first have made get_page refuse them, and has to
 * hold the pages until this is over: leaves do not count them. Private copies that programs made by
 * writing go too when the file was @cut, since Linux says so, and stay when a page is only to leave
 * memory.
 * Context: may sleep; takes space locks one after the other; the caller holds no lock of
 * RANK_ASPACE or later.
 */
void vm_object_unmap_range(struct vm_object *o, u64 first, u64 end, bool cut);

/*
 * How many regions map some of pages [@first, @end), 1 at least: as many may have each of them. For
 * people, since it is old at once and no page counts who has it: so only the first
 * VM_OBJECT_REGIONS_LOOKED_AT regions of @o are looked at. Any context.
 */
#define VM_OBJECT_REGIONS_LOOKED_AT 4096
u32 vm_object_count_mappers(struct vm_object *o, u64 first, u64 end);

/* Shared anonymous memory of @pages pages. NULL: no memory. */
struct vm_object *vm_object_create_anonymous(u64 pages);
/* The @pages pages of the kernel image from @start on, as an object (the vDSO). NULL: no memory. */
struct vm_object *vm_object_create_image(const void *start, size_t pages);

void object_init(void);
