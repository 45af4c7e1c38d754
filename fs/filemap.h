/* SPDX-License-Identifier: MIT */
/*
 * The page cache of one regular file: page number -> frame, the same frames for read, write and
 * mmap. For tmpfs it is also where the content lives.
 *
 * A filemap is a vm_object, and lives as long as anybody maps it, even after its inode. Its
 * spinlock (RANK_OBJECT) covers pages and size, since a fault may not take the inode's lock.
 * Reading, writing and truncating are serialised by the inode's lock, which the caller holds; so a
 * page found stays in the file until the caller lets that lock go.
 *
 * Invariants: no page lies wholly past the end; the last page is zero behind the end when the file
 * is cut.
 */
#pragma once

#include "fs/uio.h"
#include "lib/compiler.h"
#include "lib/types.h"
#include "mm/vmm/object.h"

/* How many pages the files of one file system may have together. Shared by its files, counted. */
struct page_quota;
/* NULL: no memory. One reference. */
struct page_quota *page_quota_create(u64 max_pages);
void page_quota_put(struct page_quota *q);
u64 page_quota_used(const struct page_quota *q);
u64 page_quota_max(const struct page_quota *q);
void page_quota_set_max(struct page_quota *q, u64 max_pages);

/* Memory for filemaps. Once. 0 or -ENOMEM. */
int filemap_init(void);

/* An empty file's. @inode_number is for /proc/N/maps. NULL: no memory. One reference
 * (vm_object_put). */
struct vm_object *filemap_create(struct page_quota *quota, u64 inode_number);
/* The name for /proc/N/maps, kmalloc'd, or NULL: it is taken over; what comes second is freed. */
void filemap_set_path(struct vm_object *o, char *path);
/* It, NULL: none yet. Stays as long as @o. */
const char *filemap_path(const struct vm_object *o);

/* Bytes read at @pos, up to @size_bytes, the file's size; -EFAULT. Holes read as zeros and stay
 * holes. */
ssize_t filemap_read(struct vm_object *o, struct uio u, u64 pos, u64 size_bytes);
/* Bytes written at @pos, growing the file as needed: the new size is filemap_size(). -EFAULT,
 * -ENOSPC, -ENOMEM. */
ssize_t filemap_write(struct vm_object *o, struct uio u, u64 pos);
/* Cut or grow. Mappings of what goes are taken away. Context: may sleep; takes spaces' locks. */
void filemap_truncate(struct vm_object *o, u64 size_bytes);
/* Give the bytes from @pos pages of their own, without changing the size. -ENOSPC, -ENOMEM. */
int filemap_allocate(struct vm_object *o, u64 pos, u64 len_bytes);
/* The page at @index with a reference, for who has neither the inode's lock nor a mapping: it may
 * be cut off the file meanwhile. 0; -EIO: past the end; -ENOMEM. */
int filemap_hold_page(struct vm_object *o, u64 index, struct page **out);
u64 filemap_size(const struct vm_object *o);
u64 filemap_pages(const struct vm_object *o);
