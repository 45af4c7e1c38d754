/* SPDX-License-Identifier: MIT */
/*
 * Tables of descriptors. Everything is under the table's spinlock (RANK_FD_TABLE); files are put
 * after it is dropped, since the last put may sleep.
 *
 * Invariants: no slot below lowest_free is free. So the lowest free number is found without looking
 * at the ones in use below it, which is what open and dup do all the time. None from `end` on is in
 * use, or has any value yet. So fork and exit look at no more than were ever used.
 */
#include "fs/fd_table.h"

#include "fs/file_lock.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define SLOTS_MAX (1U << 18) /* 4 MiB of table; above any sensible RLIMIT_NOFILE */

static struct slab_cache *table_cache;

/*
 * @count descriptors of @t named @f until now. Record locks belong to the table, and go when any of
 * its descriptors of the file does, says POSIX.
 */
static void close_files(const struct fd_table *t, struct file *f, u32 count)
{
	file_lock_drop(f->inode, t);
	file_put_many(f, count);
}

static void close_file(const struct fd_table *t, struct file *f)
{
	close_files(t, f, 1);
}

int fd_table_init(void)
{
	if (table_cache == NULL)
		table_cache = slab_create("descriptor table", sizeof(struct fd_table),
					  _Alignof(struct fd_table));
	return table_cache == NULL ? -ENOMEM : 0;
}

struct fd_table *fd_table_create(void)
{
	struct fd_table *t = slab_alloc(table_cache);
	if (t == NULL)
		return NULL;
	refcount_init(&t->refs, 1);
	t->was_shared = false;
	t->end = 0;
	t->own_end = 0;
	t->lowest_free = 0;
	spin_init(&t->lock, "descriptor table", RANK_FD_TABLE);
	t->slots = t->first;
	t->size = FD_FIRST_SLOTS;
	return t;
}

/* Make room for descriptor @fd. */
static int grow(struct fd_table *t, u32 fd)
{
	u32 size = t->size;
	while (size <= fd)
		size *= 2;
	struct fd_slot *slots = kmalloc(size * sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	memcpy(slots, t->slots, t->end * sizeof(*slots));
	if (t->slots != t->first)
		kfree(t->slots);
	t->slots = slots;
	t->size = size;
	return 0;
}

/* Give the slots up to @fd a value. Caller holds the lock (or owns the table alone). */
static int make_room(struct fd_table *t, u32 fd)
{
	if (fd >= t->size && grow(t, fd) < 0)
		return -ENOMEM;
	if (fd < t->end)
		return 0;
	for (; t->end <= fd; t->end++)
		t->slots[t->end] = (struct fd_slot){ 0 };
	t->own_end = t->was_shared ? 0 : t->end;
	return 0;
}

/* The lowest free descriptor >= @fd, the table's end if need be. Caller holds the lock. */
static u32 find_free(const struct fd_table *t, u32 fd)
{
	while (fd < t->end && (t->slots[fd].file != NULL || t->slots[fd].is_reserved))
		fd++;
	return fd;
}

/* The slot in use, or NULL. Caller holds the lock. */
static inline struct fd_slot *find_slot(struct fd_table *t, int fd)
{
	if ((u32)fd >= t->end || t->slots[fd].file == NULL)
		return NULL;
	return &t->slots[fd];
}

/* @slot is that of @fd. Caller holds the lock; the file is the caller's to put. */
static inline struct file *empty_slot(struct fd_table *t, struct fd_slot *slot, u32 fd)
{
	struct file *f = slot->file;
	*slot = (struct fd_slot){ 0 };
	if (fd < t->lowest_free)
		t->lowest_free = fd;
	return f;
}

static struct file *take_locked(struct fd_table *t, u32 fd)
{
	return empty_slot(t, &t->slots[fd], fd);
}

/* How many slots from @fd on name the file that it does: 0, 1 and 2 do, most often, and are
 * counted at once. */
static u32 run_of(const struct fd_table *t, u32 fd, u32 end)
{
	const u32 first = fd;
	const struct file *f = t->slots[fd].file;
	do
		fd++;
	while (fd < end && t->slots[fd].file == f);
	return fd - first;
}

struct fd_table *fd_table_clone(struct fd_table *from)
{
	struct fd_table *t = fd_table_create();
	if (t == NULL)
		return NULL;
	spin_lock(&from->lock);
	u32 used = from->end;
	while (used > 0 && from->slots[used - 1].file == NULL)
		used--;
	if (used > t->size && grow(t, used - 1) < 0) {
		spin_unlock(&from->lock);
		fd_table_put(t);
		return NULL;
	}
	memcpy(t->slots, from->slots, used * sizeof(*t->slots));
	t->end = t->own_end = used;
	t->lowest_free = MIN(from->lowest_free, used); /* reserved ones may follow */
	for (u32 fd = 0, count; fd < used; fd += count) {
		count = 1;
		if (t->slots[fd].file != NULL) {
			count = run_of(t, fd, used);
			file_get_many(t->slots[fd].file, count);
		} else if (t->slots[fd].is_reserved) { /* for another thread, which is not here */
			(void)take_locked(t, fd);
		}
	}
	spin_unlock(&from->lock);
	return t;
}

void fd_table_get(struct fd_table *t)
{
	refcount_get(&t->refs);
}

void fd_table_share(struct fd_table *t)
{
	WRITE_ONCE(t->was_shared, true);
	WRITE_ONCE(t->own_end, 0);
	fd_table_get(t);
}

bool fd_table_is_shared(const struct fd_table *t)
{
	return fd_table_was_shared(t) && refcount_read(&t->refs) > 1;
}

void fd_table_put(struct fd_table *t)
{
	if (!refcount_put(&t->refs))
		return;
	/* Nobody else is left, so no lock. */
	for (u32 fd = 0, count; fd < t->end; fd += count) {
		count = run_of(t, fd, t->end);
		if (t->slots[fd].file != NULL)
			close_files(t, t->slots[fd].file, count);
	}
	if (t->slots != t->first)
		kfree(t->slots);
	slab_free(table_cache, t);
}

struct file *fd_lookup(struct fd_table *t, int fd)
{
	spin_lock(&t->lock);
	const struct fd_slot *slot = find_slot(t, fd);
	struct file *f = slot != NULL ? slot->file : NULL;
	if (f != NULL)
		file_get(f);
	spin_unlock(&t->lock);
	return f;
}

struct file *fd_borrow_shared(struct fd_table *t, int fd)
{
	return fd_table_was_shared(t) ? fd_lookup(t, fd) : NULL;
}

void fd_put_shared(struct file *f)
{
	file_put(f);
}

/* @fd, found free from @start on, names @f; NULL: it is reserved. Caller holds the lock. */
static inline void occupy(struct fd_table *t, u32 start, u32 fd, struct file *f, bool cloexec)
{
	t->slots[fd] = (struct fd_slot){ .file = f, .cloexec = cloexec, .is_reserved = f == NULL };
	if (start == t->lowest_free)
		t->lowest_free = fd + 1;
}

/* The rest of the next: there may have to be more slots. */
static __noinline s64 fill_new_slot_and_unlock(struct fd_table *t, u32 min, struct file *f,
					       bool cloexec, u64 limit)
{
	s64 result = -EMFILE;
	const u32 start = MAX(min, t->lowest_free);
	const u32 fd = find_free(t, start);
	if (fd < MIN(limit, (u64)SLOTS_MAX))
		result = make_room(t, fd) < 0 ? -ENOMEM : (s64)fd;
	if (result >= 0)
		occupy(t, start, fd, f, cloexec);
	spin_unlock(&t->lock);
	if (result < 0 && f != NULL)
		file_put(f);
	return result;
}

/* The lowest free descriptor >= @min is occupied. The number, -EMFILE, -ENOMEM; then @f is put. */
static __always_inline s64 fill_slot(struct fd_table *t, u32 min, struct file *f, bool cloexec,
				     u64 limit)
{
	spin_lock(&t->lock);
	const u32 start = MAX(min, t->lowest_free);
	const u32 fd = find_free(t, start);
	if (unlikely(fd >= MIN(t->end, limit)))
		return fill_new_slot_and_unlock(t, min, f, cloexec, limit);
	occupy(t, start, fd, f, cloexec);
	spin_unlock(&t->lock);
	return fd;
}

s64 fd_install(struct fd_table *t, struct file *f, int min, bool cloexec, u64 limit)
{
	return fill_slot(t, (u32)min, f, cloexec, limit);
}

int fd_reserve(struct fd_table *t, u64 limit)
{
	return (int)fill_slot(t, 0, NULL, false, limit);
}

void fd_install_reserved(struct fd_table *t, int fd, struct file *f, bool cloexec)
{
	spin_lock(&t->lock);
	ASSERT(t->slots[fd].is_reserved);
	t->slots[fd] = (struct fd_slot){ .file = f, .cloexec = cloexec };
	spin_unlock(&t->lock);
}

void fd_release(struct fd_table *t, int fd)
{
	spin_lock(&t->lock);
	ASSERT(t->slots[fd].is_reserved);
	(void)take_locked(t, (u32)fd); /* there is no file */
	spin_unlock(&t->lock);
}

s64 fd_close(struct fd_table *t, int fd)
{
	spin_lock(&t->lock);
	struct fd_slot *slot = find_slot(t, fd);
	struct file *f = slot != NULL ? empty_slot(t, slot, (u32)fd) : NULL;
	spin_unlock(&t->lock);
	if (f == NULL)
		return -EBADF;
	close_file(t, f);
	return 0;
}

int fd_replace(struct fd_table *t, int fd, struct file *f, bool cloexec, u64 limit)
{
	if ((u64)(u32)fd >= MIN(limit, (u64)SLOTS_MAX))
		return -EBADF;
	struct file *old = NULL;
	spin_lock(&t->lock);
	int err = make_room(t, (u32)fd);
	if (err == 0 && t->slots[fd].is_reserved)
		err = -EBUSY;
	if (err == 0) {
		old = t->slots[fd].file;
		t->slots[fd] = (struct fd_slot){ .file = f, .cloexec = cloexec };
		if (t->lowest_free == (u32)fd)
			t->lowest_free++;
	}
	spin_unlock(&t->lock);
	if (old != NULL)
		close_file(t, old);
	return err < 0 ? err : fd;
}

int fd_get_cloexec(struct fd_table *t, int fd)
{
	spin_lock(&t->lock);
	const struct fd_slot *slot = find_slot(t, fd);
	const int result = slot == NULL ? -EBADF : slot->cloexec;
	spin_unlock(&t->lock);
	return result;
}

int fd_set_cloexec(struct fd_table *t, int fd, bool cloexec)
{
	spin_lock(&t->lock);
	struct fd_slot *slot = find_slot(t, fd);
	if (slot != NULL)
		slot->cloexec = cloexec;
	spin_unlock(&t->lock);
	return slot == NULL ? -EBADF : 0;
}

int fd_next(struct fd_table *t, int fd)
{
	int result = -1;
	spin_lock(&t->lock);
	for (u32 i = (u32)fd; i < t->end && result < 0; i++)
		if (t->slots[i].file != NULL)
			result = (int)i;
	spin_unlock(&t->lock);
	return result;
}

/* Close, one by one since closing may sleep, the slots in use from @fd to @last. */
static void close_matching(struct fd_table *t, u32 fd, u32 last, bool only_cloexec)
{
	for (;;) {
		struct file *f = NULL;
		spin_lock(&t->lock);
		for (; fd < t->end && fd <= last && f == NULL; fd++) {
			const struct fd_slot *slot = &t->slots[fd];
			if (slot->file != NULL && (slot->cloexec || !only_cloexec))
				f = take_locked(t, fd);
		}
		spin_unlock(&t->lock);
		if (f == NULL)
			break;
		close_file(t, f);
	}
}

void fd_table_close_on_exec(struct fd_table *t)
{
	close_matching(t, 0, UINT32_MAX, true);
}

void fd_close_range(struct fd_table *t, u32 first, u32 last, bool only_mark)
{
	if (!only_mark) {
		close_matching(t, first, last, false);
		return;
	}
	spin_lock(&t->lock);
	for (u32 fd = first; fd < t->end && fd <= last; fd++)
		t->slots[fd].cloexec = t->slots[fd].file != NULL;
	spin_unlock(&t->lock);
}
