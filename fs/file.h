/* SPDX-License-Identifier: MIT */
/*
 * Open files. A struct file is shared by dup and fork: its offset lives in it (file->lock,
 * RANK_FILE_OFFSET). The tables of descriptors that name them are in fs/fd_table.h.
 */
#pragma once

#include "fs/inode.h"
#include "fs/uio.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/poll.h"
#include "lib/types.h"

struct poll_table;

/* Missing members: read/write -EINVAL, ioctl -ENOTTY, poll always ready, seek -ESPIPE, mmap
 * -ENODEV, iterate -ENOTDIR; open and release do nothing. The wrappers below apply these. */
struct file_ops {
	/* A device was opened by its number: may change f->private and f->ops, or refuse. May
	 * sleep. */
	int (*open)(struct file *f);
	/* @pos: the file's offset, or the call's own for pread; the op moves it. NULL: a read or
	 * write of what has no offset. Bytes, 0 at the end, -errno (-EAGAIN with O_NONBLOCK, -EINTR
	 * when interrupted before the first byte). May sleep. */
	ssize_t (*read)(struct file *f, struct uio u, u64 *pos);
	ssize_t (*write)(struct file *f, struct uio u, u64 *pos);
	s64 (*ioctl)(struct file *f, u32 command, u64 arg);
	/* POLL* bits that hold now; registers with @t (NULL: only asking) on the queues that tell
	 * of changes. Those queues are woken with waitq_wake_all(): a poller must not swallow a
	 * reader's wake-up. May not sleep: the asker is about to (kernel/syscall/sys_poll.c). */
	u32 (*poll)(struct file *f, struct poll_table *t);
	/* The new offset, which it stores; f->lock is held if f->has_offset. */
	s64 (*seek)(struct file *f, s64 offset, int whence);
	/* Emit entries from f->offset on, moving it. The inode's lock is the op's to take, then
	 * f->lock. */
	int (*iterate)(struct file *f, struct dir_emitter *e);
	/* The object to map, counted; NULL: what anonymous memory does (/dev/zero). */
	int (*mmap)(struct file *f, bool shared_writable, struct vm_object **out);
	/* The last reference went. */
	void (*release)(struct file *f);
};

struct file {
	/* set once at open */
	const struct file_ops *ops;
	struct inode *inode; /* counted; NULL for none */
	void *private;       /* the ops' own */
	/* kmalloc'd absolute path, of what does not hang in the tree by its only name; or NULL */
	char *path;
	bool readable, writable; /* what it was opened for; neither with O_PATH */
	bool is_writer;          /* counted in inode->writers */
	bool has_offset; /* reads and writes go on where the last one ended: not a pipe, not a
			    terminal */

	struct refcount refs; /* atomic */
	u32 flags; /* atomic: O_APPEND, O_NONBLOCK as fcntl sets them, and the access mode */

	struct mutex lock; /* offset, held across read and write of what has one */
	u64 offset;        /* bytes; FIFOs, which have none, keep here what poll asks */
};

/* A file without a name (pipes). @inode is consumed. NULL: no memory (and @inode is put). */
struct file *file_create(const struct file_ops *ops, struct inode *inode, u32 open_flags,
			 void *private);
static inline void file_get(struct file *f)
{
	refcount_get(&f->refs);
}
static inline void file_get_many(struct file *f, u32 count)
{
	refcount_get_many(&f->refs, count);
}
/* The last reference went. */
void file_destroy(struct file *f);
/* Context: may sleep. */
static inline void file_put_many(struct file *f, u32 count)
{
	if (unlikely(refcount_put_many(&f->refs, count)))
		file_destroy(f);
}
static inline void file_put(struct file *f)
{
	file_put_many(f, 1);
}
/* The path of @f as seen from @root, for /proc: kmalloc'd. NULL: it has none, or no memory. */
char *file_path_alloc(const struct file *f, const struct inode *root);
/* @f, of a regular file, is being mapped: its path is for /proc/N/maps, unless an earlier one's is
 * there already. */
void file_name_mapping(const struct file *f, const struct inode *root);
/*
 * Files that name a place and nothing else: every operation but those on the inode fails (O_PATH).
 * Asked by poll they say POLLNVAL.
 */
extern const struct file_ops file_path_ops;
static inline bool file_is_path(const struct file *f)
{
	return f->ops == &file_path_ops;
}

/* The caller knows that @f was opened for what it does: f->readable, f->writable. */
ssize_t file_read_at_offset(struct file *f, struct uio u);
ssize_t file_write_at_offset(struct file *f, struct uio u);
/* At the offset and moving it. */
static inline ssize_t file_read(struct file *f, struct uio u)
{
	if (unlikely(f->ops->read == NULL))
		return -EINVAL;
	return f->has_offset ? file_read_at_offset(f, u) : f->ops->read(f, u, NULL);
}
/* The same; -EPIPE is turned into SIGPIPE by the caller (and see fs/pipe.h). */
static inline ssize_t file_write(struct file *f, struct uio u)
{
	if (unlikely(f->ops->write == NULL))
		return -EINVAL;
	return f->has_offset ? file_write_at_offset(f, u) : f->ops->write(f, u, NULL);
}
/* Not a pipe or terminal. */
static inline bool file_takes_positions(const struct file *f)
{
	return f->has_offset || f->ops->seek != NULL;
}
/* -ESPIPE: it does not. */
ssize_t file_pread(struct file *f, struct uio u, u64 pos);
ssize_t file_pwrite(struct file *f, struct uio u, u64 pos);
/* Read @len bytes at @pos into kernel memory (exec). Bytes or -errno. */
ssize_t file_read_kernel(struct file *f, void *buf, size_t len_bytes, u64 pos);
s64 file_ioctl(struct file *f, u32 command, u64 arg);
s64 file_seek(struct file *f, s64 offset, int whence);
int file_iterate(struct file *f, struct dir_emitter *e);
/* The object that mmap maps, counted; NULL: anonymous memory. */
int file_mmap(struct file *f, bool shared_writable, struct vm_object **out);
/* A seek op for what has a size: SEEK_SET, SEEK_CUR, SEEK_END, and DATA and HOLE as if there were
 * no holes. */
s64 file_seek_to(struct file *f, s64 offset, int whence, u64 size_bytes);

/* Memory for files. Once. 0 or -ENOMEM. */
int file_init(void);

/* poll's sleepers: ops call poll_wait() for each queue whose wake-up may change the answer. */
struct poll_table {
	void (*add)(struct poll_table *t, struct waitq *q);
};
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
static inline u32 file_poll(struct file *f, struct poll_table *t)
{
	return f->ops->poll == NULL ? POLL_ALWAYS : f->ops->poll(f, t);
}
static inline void poll_wait(struct poll_table *t, struct waitq *q)
{
	if (t != NULL)
		t->add(t, q);
}
