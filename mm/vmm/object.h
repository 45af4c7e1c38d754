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
	 * The page at @index (in pages) with a reference for the caller. @for_write: a shared
	 * mapping is about to write it, so a hole gets a page of its own. 0; -EIO past the end;
	 * -ENOMEM; another -errno from the device. -EAGAIN if the page must be waited for and
	 * wait_page knows how.
	 * Context: may sleep; the caller holds aspace->lock, so no inode lock may be taken.
	 */
	int (*get_page)(struct vm_object *o, u64 index, bool for_write, struct page **out);
	/*
	 * Those of the @count pages from @index on that get_page would give for reading without
	 * doing anything for them, each with a reference; NULL for others. NULL: does not know.
	 * Context: as get_page.
	 */
	void (*get_pages)(struct vm_object *o, u64 index, unsigned count, struct page **out);
	/*
	 * Bring in the page that get_page could not give: the fault starts again afterwards. 0 or
	 * -errno. Needed only where get_page returns -EAGAIN.
	 * Context: may sleep; no lock held.
	 */
	int (*wait_page)(struct vm_object *o, u64 index);
	/* Is the page at @index in memory now? NULL: never, but where it is mapped. Any context. */
	bool (*has_page)(struct vm_object *o, u64 index);
	/* The last reference went. Context: may sleep; the caller holds no lock of RANK_ASPACE or
	 * later. */
	void (*destroy)(struct vm_object *o);
	/* Path for /proc/N/maps, at most @size bytes with NUL; may be NULL for anonymous memory. */
	void (*describe)(struct vm_object *o, char *buf, size_t size);
	/* No page of it ever goes: then it has no list of regions, which all programs would write.
	 */
	bool is_forever;
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
 * file was cut or a page is to go. The owner must first have made get_page refuse them. Private
 * copies that programs made by writing go too when the file was @cut, since Linux says so, and stay
 * when a page is only to leave memory.
 * Context: may sleep; takes space locks one after the other; the caller holds no lock of
 * RANK_ASPACE or later.
 */
void vm_object_unmap_range(struct vm_object *o, u64 first, u64 end, bool cut);

/* Shared anonymous memory of @pages pages. NULL: no memory. */
struct vm_object *vm_object_create_anonymous(u64 pages);
/* The @pages pages of the kernel image from @start on, as an object (the vDSO). NULL: no memory. */
struct vm_object *vm_object_create_image(const void *start, size_t pages);

void object_init(void);
