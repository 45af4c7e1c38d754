/* SPDX-License-Identifier: MIT */
#include "fs/filemap.h"

#include "fs/page_index.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

#define TAKE_BATCH 16 /* pages taken out per hold of the lock */

struct page_quota {
	/* atomic */
	struct refcount refs;
	u64 used, max; /* pages */
};

struct filemap {
	struct vm_object object;

	/* set once */
	struct page_quota *quota; /* counted */

	/* under object.lock */
	struct page_index pages; /* struct page, one reference each */
	u64 size_bytes;          /* read without the lock by who holds the inode's */
	char *path;
};

static int filemap_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out);
static void filemap_get_pages(struct vm_object *o, u64 index, unsigned count, struct page **out);
static struct page *filemap_find_page(struct vm_object *o, u64 index);
static void filemap_destroy(struct vm_object *o);
static void filemap_describe(struct vm_object *o, char *buf, size_t size);

static const struct vm_object_ops filemap_ops = {
	.get_page = filemap_get_page,
	.get_pages = filemap_get_pages,
	.find_page = filemap_find_page,
	.destroy = filemap_destroy,
	.describe = filemap_describe,
};

static struct slab_cache *filemap_cache;

static struct filemap *filemap_of(struct vm_object *o)
{
	return container_of(o, struct filemap, object);
}

static u64 pages_for(u64 bytes)
{
	return (bytes >> PAGE_SHIFT) + ((bytes & ~PAGE_MASK) != 0);
}

int filemap_init(void)
{
	if (filemap_cache == NULL)
		filemap_cache = slab_create("file mapping", sizeof(struct filemap),
					    _Alignof(struct filemap));
	return filemap_cache == NULL ? -ENOMEM : page_index_init();
}

struct page_quota *page_quota_create(u64 max_pages)
{
	struct page_quota *q = kmalloc(sizeof(*q));
	if (q != NULL) {
		*q = (struct page_quota){ .max = max_pages };
		refcount_init(&q->refs, 1);
	}
	return q;
}

void page_quota_put(struct page_quota *q)
{
	if (q != NULL && refcount_put(&q->refs))
		kfree(q);
}

u64 page_quota_used(const struct page_quota *q)
{
	return READ_ONCE(q->used);
}

u64 page_quota_max(const struct page_quota *q)
{
	return READ_ONCE(q->max);
}

void page_quota_set_max(struct page_quota *q, u64 max_pages)
{
	WRITE_ONCE(q->max, max_pages);
}

/* Atomic add only: nothing else hangs on the number, so no ordering is needed. */
static bool quota_charge(struct page_quota *q)
{
	if (__atomic_add_fetch(&q->used, 1, __ATOMIC_RELAXED) <= READ_ONCE(q->max))
		return true;
	(void)__atomic_sub_fetch(&q->used, 1, __ATOMIC_RELAXED);
	return false;
}

static void quota_uncharge(struct page_quota *q, u64 pages)
{
	(void)__atomic_sub_fetch(&q->used, pages, __ATOMIC_RELAXED);
}

struct vm_object *filemap_create(struct page_quota *quota, u64 inode_number)
{
	struct filemap *m = slab_alloc(filemap_cache);
	if (m == NULL)
		return NULL;
	*m = (struct filemap){ .quota = quota };
	vm_object_init(&m->object, &filemap_ops);
	m->object.inode_number = inode_number;
	refcount_get(&quota->refs);
	return &m->object;
}

const char *filemap_path(const struct vm_object *o)
{
	return READ_ONCE(container_of(o, const struct filemap, object)->path);
}

void filemap_set_path(struct vm_object *o, char *path)
{
	struct filemap *m = filemap_of(o);
	spin_lock(&o->lock);
	if (m->path == NULL) {
		m->path = path;
		path = NULL;
	}
	spin_unlock(&o->lock);
	kfree(path);
}

static void filemap_describe(struct vm_object *o, char *buf, size_t size)
{
	spin_lock(&o->lock);
	const char *path = filemap_of(o)->path;
	(void)strlcpy(buf, path != NULL ? path : "", size); /* too long: cut off */
	spin_unlock(&o->lock);
}

u64 filemap_size(const struct vm_object *o)
{
	return READ_ONCE(container_of(o, const struct filemap, object)->size_bytes);
}

u64 filemap_pages(const struct vm_object *o)
{
	return READ_ONCE(container_of(o, const struct filemap, object)->pages.count);
}

static struct page *find_page(struct filemap *m, u64 index)
{
	spin_lock(&m->object.lock);
	struct page *page = page_index_find(&m->pages, index);
	spin_unlock(&m->object.lock);
	return page;
}

static struct page *filemap_find_page(struct vm_object *o, u64 index)
{
	return find_page(filemap_of(o), index);
}

/* A charged frame, not yet in the file. */
static int frame_alloc(struct filemap *m, bool zeroed, struct page **out)
{
	if (!quota_charge(m->quota))
		return -ENOSPC;
	*out = zeroed ? pmm_alloc_zeroed(PAGE_FILE) : pmm_alloc(0, PAGE_FILE);
	if (*out == NULL)
		quota_uncharge(m->quota, 1);
	return *out == NULL ? -ENOMEM : 0;
}

static void frame_free(struct filemap *m, struct page *page)
{
	pmm_put(page);
	quota_uncharge(m->quota, 1);
}

/*
 * The page at @index; a hole gets one now, of zeros. @counted: with a reference for the caller, who
 * holds nothing that keeps it in the file. -EIO: past the end; -ENOSPC, -ENOMEM.
 */
static int provide_page(struct filemap *m, u64 index, bool counted, struct page **out)
{
	struct page *fresh = NULL;
	for (;;) {
		spin_lock(&m->object.lock);
		const bool is_inside = index < pages_for(m->size_bytes);
		struct page *page = is_inside ? page_index_find(&m->pages, index) : NULL;
		int err = is_inside ? 0 : -EIO;
		if (err == 0 && page == NULL && fresh != NULL) {
			err = page_index_insert(&m->pages, index, fresh);
			page = err == 0 ? fresh : NULL;
			fresh = err == 0 ? NULL : fresh;
			vm_object_mark_written(&m->object);
		}
		if (page != NULL && counted)
			pmm_get(page);
		spin_unlock(&m->object.lock);

		if (err == 0 && page == NULL) {
			/* A hole. Clear a frame with the lock dropped, and look again: another
			 * fault may have been faster, or the file was cut. */
			err = frame_alloc(m, true, &fresh);
			if (err == 0)
				continue;
		}
		if (fresh != NULL)
			frame_free(m, fresh);
		*out = page;
		return err;
	}
}

static int filemap_get_page(struct vm_object *o, u64 index, bool for_write, struct page **out)
{
	/* A hole that is only read gets a page too: a later write(2) must show in this mapping. */
	(void)for_write;
	const int err = provide_page(filemap_of(o), index, false, out);
	return err == -ENOSPC ? -EIO : err;
}

int filemap_hold_page(struct vm_object *o, u64 index, struct page **out)
{
	const int err = provide_page(filemap_of(o), index, true, out);
	return err == -ENOSPC ? -EIO : err;
}

static void filemap_get_pages(struct vm_object *o, u64 index, unsigned count, struct page **out)
{
	struct filemap *m = filemap_of(o);
	spin_lock(&o->lock);
	/* Beyond the end there may be one that is only being written. */
	const u64 end = pages_for(m->size_bytes);
	const u64 inside = index < end ? MIN((u64)count, end - index) : 0;
	struct page **const stop = out + count, **const file_end = out + inside;
	while (out != file_end) {
		unsigned n = (unsigned)(file_end - out);
		void *const *slots = page_index_slots(&m->pages, index, &n);
		index += n;
		for (struct page **const run_end = out + n; out != run_end; out++) {
			*out = slots != NULL ? *slots++ : NULL;
		}
	}
	spin_unlock(&o->lock);
	while (out != stop)
		*out++ = NULL;
}

ssize_t filemap_read(struct vm_object *o, struct uio u, u64 pos, u64 size_bytes)
{
	struct filemap *m = filemap_of(o);
	const size_t wanted = u.left;
	while (u.left > 0 && pos < size_bytes) {
		const size_t offset = pos & ~PAGE_MASK;
		const size_t len = MIN((u64)MIN(u.left, PAGE_SIZE - offset), size_bytes - pos);
		struct page *page = find_page(m, pos >> PAGE_SHIFT);
		const size_t moved =
			page != NULL ? uio_copy_in(&u, (char *)page_to_virt(page) + offset, len) :
				       uio_clear(&u, len);
		pos += moved;
		if (moved < len)
			return u.left == wanted ? -EFAULT : (ssize_t)(wanted - u.left);
		(void)uio_breathe(); /* reads of files are not cut short by signals */
	}
	return (ssize_t)(wanted - u.left);
}

/*
 * Fill [@offset, @offset + @len) of a page that nobody sees yet, since it lies past the end, and
 * clear the rest of it. Returns bytes moved.
 */
static size_t fill_new_page(char *page, struct uio *u, size_t offset, size_t len)
{
	memset(page, 0, offset);
	const size_t moved = uio_copy_out(u, page + offset, len);
	memset(page + offset + moved, 0, PAGE_SIZE - offset - moved);
	return moved;
}

/*
 * A page past the end, where no fault can come until the size says so. It enters the file before it
 * is filled, since nothing may fail once bytes were taken from the writer. Bytes moved, or -errno.
 */
static ssize_t write_new_page(struct filemap *m, struct uio *u, u64 index, size_t offset,
			      size_t len)
{
	struct page *page;
	int err = frame_alloc(m, false, &page);
	if (err < 0)
		return err;
	spin_lock(&m->object.lock);
	err = page_index_insert(&m->pages, index, page);
	spin_unlock(&m->object.lock);
	if (err < 0) {
		frame_free(m, page);
		return err;
	}
	const size_t moved = fill_new_page(page_to_virt(page), u, offset, len);
	spin_lock(&m->object.lock);
	if (moved != 0)
		m->size_bytes = (index << PAGE_SHIFT) + offset + moved;
	else
		(void)page_index_remove(&m->pages, index); /* @page */
	spin_unlock(&m->object.lock);
	if (moved == 0)
		frame_free(m, page);
	return moved == 0 ? -EFAULT : (ssize_t)moved;
}

/* Write into a page inside the file, or a hole. Bytes moved, or -errno. */
static ssize_t write_old_page(struct filemap *m, struct uio *u, u64 index, size_t offset,
			      size_t len)
{
	struct page *page = find_page(m, index);
	if (page == NULL) {
		const int err = provide_page(m, index, false, &page);
		if (err < 0)
			return err;
	}
	const size_t moved = uio_copy_out(u, (char *)page_to_virt(page) + offset, len);
	const u64 end = (index << PAGE_SHIFT) + offset + moved;
	if (moved != 0 && end > m->size_bytes) {
		spin_lock(&m->object.lock);
		m->size_bytes = end;
		spin_unlock(&m->object.lock);
	}
	return moved == 0 ? -EFAULT : (ssize_t)moved;
}

ssize_t filemap_write(struct vm_object *o, struct uio u, u64 pos)
{
	struct filemap *m = filemap_of(o);
	const size_t wanted = u.left;
	ssize_t n = 0;
	while (u.left > 0) {
		const u64 index = pos >> PAGE_SHIFT;
		const size_t offset = pos & ~PAGE_MASK;
		const size_t len = MIN(u.left, PAGE_SIZE - offset);
		n = index >= pages_for(m->size_bytes) ? write_new_page(m, &u, index, offset, len) :
							write_old_page(m, &u, index, offset, len);
		if (n < 0)
			break;
		pos += (u64)n;
		if ((size_t)n < len)
			break;
		(void)uio_breathe();
	}
	if (u.left == wanted)
		return n;
	vm_object_mark_written(o); /* it may be code */
	return (ssize_t)(wanted - u.left);
}

int filemap_allocate(struct vm_object *o, u64 pos, u64 len_bytes)
{
	struct filemap *m = filemap_of(o);
	const u64 end = pages_for(MIN(pos + len_bytes, m->size_bytes));
	u64 index = pos >> PAGE_SHIFT;
	int err = 0;
	if (index < end && end - index > page_quota_max(m->quota))
		err = -ENOSPC; /* before it has taken all there is */
	while (index < end && err == 0) {
		struct page *page;
		err = provide_page(m, index++, false, &page);
		(void)uio_breathe();
	}
	return err;
}

/* Take all pages from @first on out of the file and let them go. */
static void drop_pages(struct filemap *m, u64 first)
{
	struct page *batch[TAKE_BATCH];
	size_t count;
	do {
		count = 0;
		spin_lock(&m->object.lock);
		u64 index = first;
		while (count < TAKE_BATCH && page_index_next(&m->pages, &index) != NULL)
			batch[count++] = page_index_remove(&m->pages, index);
		spin_unlock(&m->object.lock);
		for (size_t i = 0; i < count; i++)
			frame_free(m, batch[i]);
	} while (count == TAKE_BATCH);
}

void filemap_truncate(struct vm_object *o, u64 size_bytes)
{
	struct filemap *m = filemap_of(o);
	const u64 old_end = pages_for(m->size_bytes);
	const u64 new_end = pages_for(size_bytes);
	const bool shrinks = size_bytes < m->size_bytes;

	/* The size first: from here on faults past it are refused. Then the mappings, then the
	 * pages (docs/fork.md H14). */
	spin_lock(&o->lock);
	m->size_bytes = size_bytes;
	spin_unlock(&o->lock);
	if (!shrinks)
		return;
	if (new_end < old_end) {
		vm_object_unmap_range(o, new_end, old_end, true);
		drop_pages(m, new_end);
	}
	const size_t tail = size_bytes & ~PAGE_MASK;
	struct page *last = tail != 0 ? find_page(m, new_end - 1) : NULL;
	if (last != NULL) {
		memset((char *)page_to_virt(last) + tail, 0, PAGE_SIZE - tail);
		vm_object_mark_written(o);
	}
}

static void filemap_destroy(struct vm_object *o)
{
	struct filemap *m = filemap_of(o);
	drop_pages(m, 0);
	page_quota_put(m->quota);
	kfree(m->path);
	slab_free(filemap_cache, m);
}
