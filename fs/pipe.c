/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: 64 KiB in sixteen pages that come and go as bytes do.
 *
 * The bytes are [tail, tail + used) of a ring. Invariant: a page is there for every byte in use. A
 * page without any may be there too: the next write finds it, the last close frees it.
 *
 * Wake-ups. One reader and one writer are woken at a time: readers when the pipe was empty before,
 * writers when a write of PIPE_BUF bytes fits again and did not before. Whoever has slept and
 * leaves, served or not, while there is more to do wakes the next; so nothing is lost and nobody
 * stampedes. Who has not slept owes nothing: somebody who was woken is still to come. Pollers have
 * a queue of their own.
 *
 * Locks: pipe->lock (RANK_PIPE), held across the copies. The counts of a FIFO's openers also
 * under inode->lock, outside it: it decides whether its pipe exists. Sleepers' conditions and poll
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
	char *pages[PIPE_PAGES]; /* by their address; NULL: none */
	u64 tail;                /* where the next byte is read, 0 .. PIPE_BYTES - 1 */
	u64 used;                /* bytes in the pipe */
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

static ssize_t pipe_read(struct file *f, struct uio u, u64 *pos);
static ssize_t pipe_write(struct file *f, struct uio u, u64 *pos);
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
void (*pipe_cut_short_hook)(void);

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

static __noinline void drop_page(struct pipe *p, u32 slot)
{
	pmm_put(virt_to_page(p->pages[slot]));
	p->pages[slot] = NULL;
}

/* Nobody has it open: forget what was not read. */
static void pipe_clear(struct pipe *p)
{
	for (u32 slot = 0; slot < PIPE_PAGES; slot++)
		if (unlikely(p->pages[slot] != NULL))
			drop_page(p, slot);
	p->tail = 0;
	p->used = 0;
}

static u64 room(const struct pipe *p)
{
	return PIPE_BYTES - READ_ONCE(p->used);
}

/* Has a write of PIPE_BUF bytes (or of the fewer that are left) room? */
static bool has_room_for(const struct pipe *p, size_t left)
{
	return room(p) >= MIN(left, PIPE_BUF);
}

/* The page in @slot has been read to its end, or the pipe is empty. */
static __noinline void page_was_read(struct pipe *p, u64 slot)
{
	char *page = p->pages[slot];
	if (p->used > PIPE_BYTES - PAGE_SIZE)
		return; /* the writer has come round and is in this page again */
	p->pages[slot] = NULL;
	if (p->used == 0 && p->pages[0] == NULL)
		p->pages[0] = page; /* where the next write begins, and warm */
	else
		pmm_put(virt_to_page(page));
}

/* As much as lies in one page. There is some, and some is wanted. False: a bad address. */
static __always_inline bool take_piece(struct pipe *p, struct uio *u)
{
	const char *from = p->pages[p->tail / PAGE_SIZE] + p->tail % PAGE_SIZE;
	const size_t len = MIN(MIN(p->used, u->left), PAGE_SIZE - p->tail % PAGE_SIZE);
	const size_t moved = uio_copy_in(u, from, len);
	const u64 slot = p->tail / PAGE_SIZE;
	const u64 end = p->tail + moved;
	const u64 used = p->used - moved;
	WRITE_ONCE(p->used, used);
	p->tail = used != 0 ? end % PIPE_BYTES : 0;
	if ((used == 0 && slot != 0) || (end % PAGE_SIZE == 0 && moved != 0))
		page_was_read(p, slot);
	return moved == len;
}

/* Into one page, which is not full. 0; -EFAULT; -ENOMEM. */
static __always_inline int add_piece(struct pipe *p, struct uio *u)
{
	const u64 head = (p->tail + p->used) % PIPE_BYTES;
	char **page = &p->pages[head / PAGE_SIZE];
	if (unlikely(*page == NULL)) {
		struct page *fresh = pmm_alloc(0, PAGE_KERNEL);
		if (fresh == NULL)
			return -ENOMEM;
		*page = page_to_virt(fresh);
	}
	const size_t len = MIN(MIN(room(p), u->left), PAGE_SIZE - head % PAGE_SIZE);
	const size_t moved = uio_copy_out(u, *page + head % PAGE_SIZE, len);
	WRITE_ONCE(p->used, p->used + moved);
	return moved == len ? 0 : -EFAULT;
}

/* The rest, where one piece was not all. */
static __noinline void take_more(struct pipe *p, struct uio *u)
{
	while (u->left != 0 && p->used != 0 && take_piece(p, u))
		;
}

static __noinline int add_more(struct pipe *p, struct uio *u)
{
	int err = 0;
	while (err == 0 && u->left != 0 && room(p) != 0)
		err = add_piece(p, u);
	return err;
}

static bool is_nonblocking(const struct file *f)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) != 0;
}

/* Sleep, if that is allowed, until there is something to read or nobody to write it. Did it? Or
 * -EINTR. */
static __noinline int wait_to_read(struct pipe *p, const struct file *f)
{
	if (is_nonblocking(f))
		return 0;
	const int err = wait_event_interruptible(&p->read_wait, READ_ONCE(p->used) != 0 ||
									READ_ONCE(p->writers) == 0);
	/* The signal may have made a wake-up useless: hand it on. */
	if (err != 0 && READ_ONCE(p->used) != 0)
		waitq_wake_one(&p->read_wait);
	return err != 0 ? err : 1;
}

/* Sleep until there is room or nobody to read. 0; -EAGAIN; -EINTR. */
static __noinline int wait_to_write(struct pipe *p, const struct file *f, size_t left)
{
	if (is_nonblocking(f))
		return -EAGAIN;
	/* A reader may make room as fast as this fills it, so that it never sleeps. */
	const int err = !uio_breathe() ?
				-EINTR :
				wait_event_interruptible(&p->write_wait,
							 has_room_for(p, left) ||
								 READ_ONCE(p->readers) == 0);
	return err;
}

static ssize_t pipe_read(struct file *f, struct uio u, u64 *pos)
{
	struct pipe *p = f->private;
	const size_t wanted = u.left;
	int has_slept = 0;
	if (wanted == 0)
		return 0;
	for (;;) {
		if (READ_ONCE(p->used) == 0)
			has_slept = wait_to_read(p, f);
		if (has_slept < 0)
			return has_slept;
		mutex_lock(&p->lock);
		if (likely(p->used != 0))
			break;
		const bool is_over = p->writers == 0;
		mutex_unlock(&p->lock);
		if (is_over)
			return 0;
		if (is_nonblocking(f))
			return -EAGAIN;
		/* Another reader was faster. */
	}
	const bool had_room = has_room_for(p, PIPE_BUF);
	if (take_piece(p, &u) && unlikely(u.left != 0))
		take_more(p, &u);
	const bool has_room_now = !had_room && has_room_for(p, PIPE_BUF);
	const bool is_empty = p->used == 0;
	mutex_unlock(&p->lock);

	if (has_room_now) {
		waitq_wake_one(&p->write_wait);
		waitq_wake_all(&p->poll_wait);
	}
	if (has_slept != 0 && !is_empty)
		waitq_wake_one(&p->read_wait);
	return u.left != wanted ? (ssize_t)(wanted - u.left) : -EFAULT;
}

/*
 * What fits of @u goes in, if @least bytes do; readers learn of it. 0; -EPIPE; -EAGAIN: there is no
 * room; -EFAULT, -ENOMEM, though some may have gone in.
 */
static __always_inline int write_some(struct pipe *p, struct uio *u, size_t least)
{
	int err = -EAGAIN;
	mutex_lock(&p->lock);
	const bool was_empty = p->used == 0;
	if (p->readers == 0) {
		err = -EPIPE;
	} else if (room(p) >= least) {
		err = add_piece(p, u);
		if (unlikely(u->left != 0) && err == 0)
			err = add_more(p, u);
	}
	const bool is_first = was_empty && p->used != 0;
	mutex_unlock(&p->lock);
	if (is_first) {
		waitq_wake_one(&p->read_wait);
		waitq_wake_all(&p->poll_wait);
	}
	return err;
}

/* The same for what did not fit, sleeping for room until all is in. */
static __noinline int write_rest(struct pipe *p, const struct file *f, struct uio *u, size_t least)
{
	int err = 0;
	while (err == 0 && u->left != 0) {
		err = wait_to_write(p, f, u->left);
		if (err == 0)
			err = write_some(p, u, MIN(least, u->left));
		if (err == -EAGAIN && !is_nonblocking(f))
			err = 0; /* another writer was faster */
	}
	if (has_room_for(p, PIPE_BUF))
		waitq_wake_one(&p->write_wait);
	return err;
}

static ssize_t pipe_write(struct file *f, struct uio u, u64 *pos)
{
	struct pipe *p = f->private;
	const size_t wanted = u.left;
	if (wanted == 0)
		return 0;
	/* A write of up to PIPE_BUF bytes goes in whole: no other writer's bytes come between. */
	const size_t least = wanted <= PIPE_BUF ? wanted : 1;
	int err = write_some(p, &u, least);
	if (unlikely(u.left != 0) && (err == 0 || err == -EAGAIN)) {
		err = write_rest(p, f, &u, least);
		if (err == -EPIPE && u.left != wanted && !uio_is_kernels(u))
			pipe_cut_short_hook();
	}
	return u.left != wanted ? (ssize_t)(wanted - u.left) : err;
}

static s64 pipe_ioctl(struct file *f, u32 command, u64 arg)
{
	const struct pipe *p = f->private;
	if (command != FIONREAD)
		return -ENOTTY;
	return put_user_u32(arg, (u32)READ_ONCE(p->used));
}

static __always_inline u32 events_now(const struct file *f)
{
	const struct pipe *p = f->private;
	u32 events = 0;
	if (f->readable) {
		if (READ_ONCE(p->used) != 0)
			events |= POLLIN | POLLRDNORM;
		/* A FIFO that nobody wrote to since it was opened is not hung up yet. */
		if (READ_ONCE(p->writers) == 0 && READ_ONCE(p->writer_opens) != f->offset)
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

static __noinline u32 poll_and_register(struct file *f, struct poll_table *t)
{
	struct pipe *p = f->private;
	poll_wait(t, &p->poll_wait);
	return events_now(f);
}

static u32 pipe_poll(struct file *f, struct poll_table *t)
{
	return unlikely(t != NULL) ? poll_and_register(f, t) : events_now(f);
}

static void count_openers(struct pipe *p, const struct file *f, u32 change)
{
	if (f->readable)
		WRITE_ONCE(p->readers, p->readers + change);
	if (f->writable)
		WRITE_ONCE(p->writers, p->writers + change);
}

/* @f has it open no more. Was that the last? */
static bool leave_pipe(struct pipe *p, const struct file *f)
{
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
	}
	return is_unused;
}

static void pipe_release(struct file *f)
{
	struct inode *inode = f->inode;
	struct pipe *p = f->private;
	if (inode->ops == &pipe_inode_ops) { /* and stays as long as @f has it */
		(void)leave_pipe(p, f);
		return;
	}
	mutex_lock(&inode->lock);
	if (leave_pipe(p, f)) {
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
	if (is_nonblocking(f)) {
		f->offset = seen_writers; /* for poll; nobody has @f yet */
		return f->writable ? -ENXIO : 0;
	}
	return wait_for_other_side(p, f, seen_readers, seen_writers);
}
