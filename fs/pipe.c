/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: 64 KiB in sixteen pages that come and go as bytes do.
 *
 * The bytes are [tail, tail + used) of a ring. Invariant: a page is there for every byte in use. A
 * page without any may be there too: the next write finds it, the last close frees it.
 *
 * Wake-ups. One reader and one writer are woken at a time, and whoever leaves while there is more
 * to do wakes the next, so nothing is lost and nobody stampedes. Readers are woken when the pipe
 * was empty before; writers when a write of PIPE_BUF bytes fits again and did not before. Pollers
 * have a queue of their own.
 *
 * Locks: pipe->lock (RANK_PIPE), held across the copies. The counts of openers also under
 * inode->lock, outside it: it decides whether a FIFO's pipe exists. Sleepers' conditions and poll
 * read used, readers and writers without the lock: each is one word and the waker stores before it
 * wakes.
 */
#include "fs/pipe.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/limits.h"
#include "lib/abi/magic.h"
#include "lib/abi/poll.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

#define PIPE_PAGES (PIPE_BYTES / PAGE_SIZE)

struct pipe {
	struct mutex lock;
	/* under lock; changed with WRITE_ONCE where others look without it */
	struct page *pages[PIPE_PAGES];
	u32 tail; /* where the next byte is read, 0 .. PIPE_BYTES - 1 */
	u32 used; /* bytes in the pipe */
	u32 readers, writers;
	u32 reader_opens, writer_opens; /* ever: an open waits for the other's to move */

	struct waitq read_wait, write_wait, open_wait;
	struct waitq poll_wait; /* both sides */
};

/* A pipe without a name is its inode. */
struct pipe_inode {
	struct inode inode;
	struct pipe pipe;
};

static ssize_t pipe_read(struct file *f, struct uio *u, u64 *pos);
static ssize_t pipe_write(struct file *f, struct uio *u, u64 *pos);
static s64 pipe_ioctl(struct file *f, u32 command, u64 arg);
static u32 pipe_poll(struct file *f, struct poll_table *t);
static void pipe_release(struct file *f);
static void pipe_inode_destroy(struct inode *inode);
static void pipefs_statfs(struct filesystem *fs, struct kstatfs *out);

static const struct file_ops pipe_file_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
	.release = pipe_release,
};

static const struct inode_ops pipe_inode_ops = {
	.destroy = pipe_inode_destroy,
};

static struct filesystem pipefs = { .type = "pipefs", .statfs = pipefs_statfs };
static struct slab_cache *pipe_cache, *pipe_inode_cache;
static u64 next_number; /* atomic */

int pipe_init(void)
{
	if (pipe_cache != NULL)
		return 0;
	pipefs.device = fs_new_device();
	pipe_inode_cache =
		slab_create("pipe", sizeof(struct pipe_inode), _Alignof(struct pipe_inode));
	pipe_cache = slab_create("FIFO", sizeof(struct pipe), _Alignof(struct pipe));
	return pipe_cache == NULL || pipe_inode_cache == NULL ? -ENOMEM : 0;
}

static void pipefs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	out->f_type = PIPEFS_MAGIC;
}

static void pipe_setup(struct pipe *p)
{
	*p = (struct pipe){ 0 };
	mutex_init(&p->lock, "pipe", RANK_PIPE);
	waitq_init(&p->read_wait, "pipe read");
	waitq_init(&p->write_wait, "pipe write");
	waitq_init(&p->open_wait, "FIFO open");
	waitq_init(&p->poll_wait, "pipe poll");
}

/* Nobody has it open: forget what was not read. */
static void pipe_clear(struct pipe *p)
{
	for (u32 i = 0; i < PIPE_PAGES; i++) {
		if (p->pages[i] != NULL)
			pmm_put(p->pages[i]);
		p->pages[i] = NULL;
	}
	p->tail = 0;
	p->used = 0;
}

static u32 room(const struct pipe *p)
{
	return PIPE_BYTES - READ_ONCE(p->used);
}

/* Has a write of PIPE_BUF bytes (or of the fewer that are left) room? */
static bool has_room_for(const struct pipe *p, size_t left)
{
	return room(p) >= MIN(left, (size_t)PIPE_BUF);
}

/* The page in @slot has been read to its end, or the pipe is empty. */
static void page_was_read(struct pipe *p, u32 slot)
{
	struct page *page = p->pages[slot];
	if (p->used > PIPE_BYTES - PAGE_SIZE)
		return; /* the writer has come round and is in this page again */
	p->pages[slot] = NULL;
	if (p->used == 0) {
		/* Begin again in the page that is warm. */
		p->tail = 0;
		if (p->pages[0] == NULL) {
			p->pages[0] = page;
			return;
		}
	}
	pmm_put(page);
}

/* Bytes moved, 0 or more: fewer than there are if @u is full or its address bad. There are some,
 * and some are wanted. */
static size_t take_bytes(struct pipe *p, struct uio *u)
{
	size_t total = 0;
	do {
		const u32 slot = p->tail / PAGE_SIZE;
		const u32 offset = p->tail % PAGE_SIZE;
		const size_t len = MIN(MIN((size_t)p->used, u->left), (size_t)(PAGE_SIZE - offset));
		const size_t moved =
			uio_copy_in(u, (char *)page_to_virt(p->pages[slot]) + offset, len);
		p->tail = (u32)((p->tail + moved) % PIPE_BYTES);
		WRITE_ONCE(p->used, (u32)(p->used - moved));
		total += moved;
		if (p->used == 0 || (moved != 0 && p->tail % PAGE_SIZE == 0))
			page_was_read(p, slot);
		if (moved < len)
			break;
	} while (p->used > 0 && u->left > 0);
	return total;
}

/* Bytes moved; or -EFAULT, -ENOMEM if none. At most @max, which is not 0. */
static ssize_t add_bytes(struct pipe *p, struct uio *u, size_t max)
{
	size_t total = 0;
	do {
		const u32 head = (p->tail + p->used) % PIPE_BYTES;
		const u32 slot = head / PAGE_SIZE;
		const u32 offset = head % PAGE_SIZE;
		const size_t len = MIN(max - total, (size_t)(PAGE_SIZE - offset));
		if (p->pages[slot] == NULL)
			p->pages[slot] = pmm_alloc(0, PAGE_KERNEL);
		if (p->pages[slot] == NULL)
			return total != 0 ? (ssize_t)total : -ENOMEM;
		const size_t moved =
			uio_copy_out(u, (char *)page_to_virt(p->pages[slot]) + offset, len);
		WRITE_ONCE(p->used, (u32)(p->used + moved));
		total += moved;
		if (moved < len)
			return total != 0 ? (ssize_t)total : -EFAULT;
	} while (total < max);
	return (ssize_t)total;
}

static bool is_nonblocking(const struct file *f)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) != 0;
}

/* Sleep until there is something to read or nobody to write it. 0 or -EINTR. */
static __noinline int wait_to_read(struct pipe *p)
{
	const int err = wait_event_interruptible(&p->read_wait, READ_ONCE(p->used) != 0 ||
									READ_ONCE(p->writers) == 0);
	/* The signal may have made a wake-up useless: hand it on. */
	if (err != 0 && READ_ONCE(p->used) != 0)
		waitq_wake_one(&p->read_wait);
	return err;
}

/* Drop the lock, sleep until there is room, take it again. 0 or -EINTR. */
static __noinline int wait_to_write(struct pipe *p, size_t left)
{
	mutex_unlock(&p->lock);
	/* A reader may make room as fast as this fills it, so that it never sleeps. */
	const int err = !uio_breathe() ?
				-EINTR :
				wait_event_interruptible(&p->write_wait,
							 has_room_for(p, left) ||
								 READ_ONCE(p->readers) == 0);
	mutex_lock(&p->lock);
	return err;
}

static ssize_t pipe_read(struct file *f, struct uio *u, u64 *pos)
{
	struct pipe *p = f->private;
	if (u->left == 0)
		return 0;
	for (;;) {
		const bool may_sleep = !is_nonblocking(f);
		const int err = READ_ONCE(p->used) == 0 && may_sleep ? wait_to_read(p) : 0;
		if (err != 0)
			return err;
		mutex_lock(&p->lock);
		if (p->used != 0)
			break;
		const bool is_over = p->writers == 0;
		mutex_unlock(&p->lock);
		if (is_over)
			return 0;
		if (!may_sleep)
			return -EAGAIN;
		/* Another reader was faster. */
	}
	const bool had_room = has_room_for(p, PIPE_BUF);
	const ssize_t n = (ssize_t)take_bytes(p, u);
	const bool has_room_now = !had_room && has_room_for(p, PIPE_BUF);
	const bool is_empty = p->used == 0;
	mutex_unlock(&p->lock);

	if (has_room_now) {
		waitq_wake_one(&p->write_wait);
		waitq_wake_all(&p->poll_wait);
	}
	if (!is_empty)
		waitq_wake_one(&p->read_wait);
	return n != 0 ? n : -EFAULT;
}

/* What fits of @u goes in; readers learn of it. Caller holds the lock and looked for room. */
static ssize_t write_some(struct pipe *p, struct uio *u)
{
	const bool was_empty = p->used == 0;
	const ssize_t n = add_bytes(p, u, MIN(u->left, (size_t)room(p)));
	if (was_empty && p->used != 0) {
		waitq_wake_one(&p->read_wait);
		waitq_wake_all(&p->poll_wait);
	}
	return n;
}

static ssize_t pipe_write(struct file *f, struct uio *u, u64 *pos)
{
	struct pipe *p = f->private;
	const size_t wanted = u->left;
	/* A write of up to PIPE_BUF bytes goes in whole: no other writer's bytes come between. */
	const size_t least = u->left <= PIPE_BUF ? u->left : 1;
	ssize_t n = 0;
	if (u->left == 0)
		return 0;
	mutex_lock(&p->lock);
	while (u->left > 0 && n >= 0) {
		if (p->readers == 0)
			n = -EPIPE;
		else if (room(p) >= MIN(least, u->left))
			n = write_some(p, u);
		else
			n = is_nonblocking(f) ? -EAGAIN : wait_to_write(p, u->left);
	}
	const bool has_room_left = has_room_for(p, PIPE_BUF);
	mutex_unlock(&p->lock);

	if (has_room_left)
		waitq_wake_one(&p->write_wait);
	return u->left != wanted ? (ssize_t)(wanted - u->left) : n;
}

static s64 pipe_ioctl(struct file *f, u32 command, u64 arg)
{
	const struct pipe *p = f->private;
	if (command != FIONREAD)
		return -ENOTTY;
	return put_user_u32(arg, READ_ONCE(p->used));
}

static u32 pipe_poll(struct file *f, struct poll_table *t)
{
	struct pipe *p = f->private;
	u32 events = 0;
	poll_wait(t, &p->poll_wait);
	if (f->readable) {
		if (READ_ONCE(p->used) != 0)
			events |= POLLIN | POLLRDNORM;
		/* A FIFO nobody ever wrote to is not hung up yet. */
		if (READ_ONCE(p->writers) == 0 && READ_ONCE(p->writer_opens) != 0)
			events |= POLLHUP;
	}
	if (f->writable) {
		if (has_room_for(p, PIPE_BUF))
			events |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(p->readers) == 0)
			events |= POLLERR;
	}
	return events;
}

static void count_openers(struct pipe *p, const struct file *f, u32 change)
{
	if (f->readable)
		WRITE_ONCE(p->readers, p->readers + change);
	if (f->writable)
		WRITE_ONCE(p->writers, p->writers + change);
}

static void pipe_release(struct file *f)
{
	struct inode *inode = f->inode;
	struct pipe *p = f->private;
	mutex_lock(&inode->lock);
	mutex_lock(&p->lock);
	count_openers(p, f, -1U);
	const bool is_unused = p->readers == 0 && p->writers == 0;
	if (is_unused)
		pipe_clear(p);
	mutex_unlock(&p->lock);
	if (!is_unused) {
		waitq_wake_all(&p->read_wait);
		waitq_wake_all(&p->write_wait);
		waitq_wake_all(&p->poll_wait);
	} else if (inode->ops != &pipe_inode_ops) {
		inode->private = NULL;
		slab_free(pipe_cache, p);
	}
	mutex_unlock(&inode->lock);
}

static void pipe_inode_destroy(struct inode *inode)
{
	slab_free(pipe_inode_cache, container_of(inode, struct pipe_inode, inode));
}

int pipe_create(u32 flags, struct file **read_end, struct file **write_end)
{
	struct pipe_inode *i = slab_alloc(pipe_inode_cache);
	if (i == NULL)
		return -ENOMEM;
	const u64 number = __atomic_add_fetch(&next_number, 1, __ATOMIC_RELAXED);
	inode_init(&i->inode, &pipe_inode_ops, &pipefs, number, S_IFIFO | S_IRUSR | S_IWUSR);
	pipe_setup(&i->pipe);
	i->inode.private = &i->pipe;
	i->pipe.readers = i->pipe.reader_opens = 1;
	i->pipe.writers = i->pipe.writer_opens = 1;

	flags &= O_NONBLOCK;
	inode_get(&i->inode); /* one for each end */
	*read_end = file_create(&pipe_file_ops, &i->inode, flags | O_RDONLY, &i->pipe);
	if (*read_end == NULL) {
		inode_put(&i->inode);
		return -ENOMEM;
	}
	*write_end = file_create(&pipe_file_ops, &i->inode, flags | O_WRONLY, &i->pipe);
	if (*write_end == NULL) {
		file_put(*read_end);
		return -ENOMEM;
	}
	return 0;
}

/* The pipe of a FIFO, which is there while anybody has it open. Caller holds inode->lock. */
static struct pipe *pipe_of(struct inode *inode)
{
	if (inode->private == NULL) {
		struct pipe *p = slab_alloc(pipe_cache);
		if (p != NULL)
			pipe_setup(p);
		inode->private = p;
	}
	return inode->private;
}

/* The other side's open is what we wait for, even if it has closed again by the time we look. */
static int wait_for_other_side(struct pipe *p, const struct file *f, u32 seen_readers,
			       u32 seen_writers)
{
	if (f->readable)
		return wait_event_interruptible(&p->open_wait,
						READ_ONCE(p->writer_opens) != seen_writers);
	return wait_event_interruptible(&p->open_wait, READ_ONCE(p->reader_opens) != seen_readers);
}

int fifo_open(struct inode *inode, struct file *f)
{
	mutex_lock(&inode->lock);
	struct pipe *p = pipe_of(inode);
	if (p == NULL) {
		mutex_unlock(&inode->lock);
		return -ENOMEM;
	}
	mutex_lock(&p->lock);
	count_openers(p, f, 1);
	f->ops = &pipe_file_ops;
	f->private = p;
	if (f->readable)
		WRITE_ONCE(p->reader_opens, p->reader_opens + 1);
	if (f->writable)
		WRITE_ONCE(p->writer_opens, p->writer_opens + 1);
	const u32 seen_readers = p->reader_opens, seen_writers = p->writer_opens;
	/* Only a FIFO waits for company; a pipe opened through /proc has had it. */
	const bool is_alone = inode->ops != &pipe_inode_ops && f->readable != f->writable &&
			      (f->readable ? p->writers == 0 : p->readers == 0);
	mutex_unlock(&p->lock);
	mutex_unlock(&inode->lock);
	waitq_wake_all(&p->open_wait);

	if (!is_alone)
		return 0;
	if (is_nonblocking(f))
		return f->writable ? -ENXIO : 0;
	return wait_for_other_side(p, f, seen_readers, seen_writers);
}
