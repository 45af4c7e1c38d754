/* SPDX-License-Identifier: MIT */
/*
 * ppoll and pselect6: one engine for both. It asks every file once. If nothing is ready it asks
 * again, registering on the queues that tell of changes, then sleeps and asks once more, until
 * something is ready, time is up or a signal came. That asking happens after sleep_prepare(), so a
 * change in between wakes us; hence poll operations may not sleep.
 *
 * Files are held all the while, so the queues cannot go away under us.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/signal.h"
#include "kernel/sched/waitq.h"
#include "kernel/syscall/sys_fs.h"
#include "kernel/syscall/user_time.h"
#include "lib/abi/poll.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define WAITERS_AT_HAND 8
#define WAITERS_A_BLOCK 100
#define ITEMS_AT_HAND   16
#define SIGSET_BYTES    sizeof(u64)

#define SELECT_READ   (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_WRITE  (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI

struct poll_item {
	struct file *file; /* until file_done(); NULL: ready without asking, or not to be asked */
	u32 events;        /* what is waited for */
	u32 ready;
};

struct poll_waiter {
	struct waiter waiter;
	struct waitq *queue;
};

struct waiter_block {
	struct waiter_block *next;
	size_t count;
	struct poll_waiter waiters[WAITERS_A_BLOCK];
};

/* Where one call stands in queues. */
struct poll_waiters {
	struct poll_table table;
	size_t count;
	struct poll_waiter at_hand[WAITERS_AT_HAND];
	struct waiter_block *blocks; /* when those are used up */
	bool is_out_of_memory;
};

static struct poll_waiter *new_waiter(struct poll_waiters *w)
{
	if (w->count < WAITERS_AT_HAND)
		return &w->at_hand[w->count++];
	if (w->blocks == NULL || w->blocks->count == WAITERS_A_BLOCK) {
		struct waiter_block *b = kmalloc(sizeof(*b));
		if (b == NULL)
			return NULL;
		b->next = w->blocks;
		b->count = 0;
		w->blocks = b;
	}
	return &w->blocks->waiters[w->blocks->count++];
}

static void add_waiter(struct poll_table *t, struct waitq *q)
{
	struct poll_waiters *w = container_of(t, struct poll_waiters, table);
	struct poll_waiter *p = new_waiter(w);
	if (p == NULL) {
		w->is_out_of_memory = true;
		return;
	}
	p->waiter = (struct waiter){ .thread = thread_current() };
	p->queue = q;
	waitq_add(q, &p->waiter);
	barrier_full(); /* before the look at what is ready: pairs with waitq_has_waiters() */
}

static void leave_queues(struct poll_waiters *w)
{
	for (size_t i = 0; i < w->count; i++)
		waitq_remove(w->at_hand[i].queue, &w->at_hand[i].waiter);
	while (w->blocks != NULL) {
		struct waiter_block *b = w->blocks;
		for (size_t i = 0; i < b->count; i++)
			waitq_remove(b->waiters[i].queue, &b->waiters[i].waiter);
		w->blocks = b->next;
		kfree(b);
	}
}

/* How many are ready. @t NULL: only ask. */
static u64 ask_all(struct poll_item *items, u64 count, struct poll_table *t)
{
	u64 ready = 0;
	for (u64 i = 0; i < count; i++) {
		struct poll_item *item = &items[i];
		if (item->file != NULL)
			item->ready = file_poll(item->file, t) & item->events;
		if (item->ready != 0) {
			ready++;
			t = NULL; /* we will not sleep */
		}
	}
	return ready;
}

/* How many are ready, 0 when @deadline has come; -EINTR, -ENOMEM. */
static __noinline s64 sleep_for_items(struct poll_item *items, u64 count, nsec_t deadline)
{
	struct poll_waiters w;
	w.table.add = add_waiter;
	w.count = 0;
	w.blocks = NULL;
	w.is_out_of_memory = false;
	struct poll_table *table = &w.table;
	s64 result;
	bool is_over;
	thread_current()->wait_reason = "poll";
	do {
		sleep_prepare(true);
		result = (s64)ask_all(items, count, table);
		table = NULL; /* once in a queue, in it till the end */
		if (result == 0 && w.is_out_of_memory)
			result = -ENOMEM;
		if (result == 0 && thread_is_interrupted())
			result = -EINTR;
		is_over = result != 0 || (deadline != CLOCK_NEVER && clock_now() >= deadline);
		if (is_over)
			sleep_cancel();
		else
			sleep_commit(deadline);
	} while (!is_over);
	thread_current()->wait_reason = NULL;
	leave_queues(&w);
	return result;
}

/* The same; and nobody enters a queue while something is ready. */
static s64 wait_for_items(struct poll_item *items, u64 count, nsec_t deadline)
{
	const s64 ready = (s64)ask_all(items, count, NULL);
	if (ready != 0)
		return ready;
	if (deadline == 0) /* a signal is told even to who does not wait */
		return thread_is_interrupted() ? -EINTR : 0;
	return sleep_for_items(items, count, deadline);
}

static void put_items(struct poll_item *items, u64 count)
{
	if (!fd_table_was_shared(task_current()->files))
		return; /* file_done() would do nothing */
	for (u64 i = 0; i < count; i++)
		if (items[i].file != NULL)
			file_done(items[i].file);
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* When to give up: 0 at once, CLOCK_NEVER without a limit. */
static s64 get_deadline(uaddr_t timeout, nsec_t *out)
{
	nsec_t after;
	*out = CLOCK_NEVER;
	if (timeout == 0)
		return 0;
	const int err = get_user_timespec(&after, timeout);
	if (err == 0)
		*out = after == 0 ? 0 : deadline_after(after);
	return err;
}

static s64 apply_mask(uaddr_t mask, u64 mask_size)
{
	u64 set;
	if (mask == 0)
		return 0;
	if (mask_size != SIGSET_BYTES)
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)) != 0)
		return -EFAULT;
	signal_set_temporary_mask(set);
	return 0;
}

/* Tell what is left of the time, as Linux does; and what a call that a signal ended returns. */
static s64 finish(s64 result, uaddr_t timeout, nsec_t deadline)
{
	bool is_told = true;
	if (timeout != 0 && deadline != 0) {
		const nsec_t now = clock_now();
		is_told = put_user_timespec(timeout, deadline > now ? deadline - now : 0) == 0;
	}
	if (result == -EINTR)
		/* A restart would wait the whole time again if what is left could not be told. */
		return is_told ? -ERESTARTNOHAND : -EINTR;
	return result;
}

/* ---- ppoll ----------------------------------------------------------------------------------- */

static void begin_item(struct poll_item *item, const struct kpollfd *p)
{
	/* Errors and hang-ups are told unasked. */
	*item = (struct poll_item){ .events = (u16)p->events | POLLERR | POLLHUP };
	if (p->fd < 0)
		return; /* ignored, says poll(2) */
	item->file = file_of((u64)p->fd);
	if (item->file == NULL)
		item->ready = POLLNVAL;
}

/* @fds has been copied to @polled; room for as many @items. */
static s64 poll_copied(uaddr_t fds, struct kpollfd *polled, struct poll_item *items, u64 count,
		       nsec_t deadline)
{
	for (u64 i = 0; i < count; i++)
		begin_item(&items[i], &polled[i]);
	s64 result = wait_for_items(items, count, deadline);
	for (u64 i = 0; i < count; i++)
		polled[i].revents = (s16)items[i].ready;
	put_items(items, count);
	if (result >= 0 && copy_to_user(fds, polled, count * sizeof(*polled)) != 0)
		result = -EFAULT;
	return result;
}

s64 sys_ppoll(u64 fds, u64 fd_count, u64 timeout, u64 mask, u64 mask_size)
{
	struct poll_item few_items[ITEMS_AT_HAND];
	struct kpollfd few_polled[ITEMS_AT_HAND];
	struct poll_item *items = few_items;
	struct kpollfd *polled = few_polled;
	nsec_t deadline;
	s64 result = get_deadline(timeout, &deadline);
	if (result == 0)
		result = apply_mask(mask, mask_size);
	const u64 count = (u32)fd_count;
	if (result == 0 && count > fd_limit())
		result = -EINVAL;
	if (result < 0)
		return result;
	if (count > ITEMS_AT_HAND) {
		items = kmalloc(count * sizeof(*items));
		polled = kmalloc(count * sizeof(*polled));
	}
	if (items == NULL || polled == NULL)
		result = -ENOMEM;
	else if (copy_from_user(polled, fds, count * sizeof(*polled)) != 0)
		result = -EFAULT;
	else
		result = poll_copied(fds, polled, items, count, deadline);
	if (count > ITEMS_AT_HAND) {
		kfree(items);
		kfree(polled);
	}
	return finish(result, timeout, deadline);
}

/* ---- pselect6 -------------------------------------------------------------------------------- */

#define WORD_BITS 64

enum { SET_READ, SET_WRITE, SET_EXCEPT, SETS };

static const u32 set_events[SETS] = { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT };

/* The bits below @count of three sets, which are read and later overwritten. */
struct fd_sets {
	uaddr_t from[SETS]; /* 0: not given */
	u64 count, words;
	u64 *bits; /* SETS times words */
};

static bool set_has(const struct fd_sets *s, int set, u64 fd)
{
	return (s->bits[(u64)set * s->words + fd / WORD_BITS] >> (fd % WORD_BITS) & 1) != 0;
}

static int sets_get(struct fd_sets *s)
{
	memset(s->bits, 0, SETS * s->words * sizeof(u64));
	for (int set = 0; set < SETS; set++)
		if (s->from[set] != 0 && copy_from_user(s->bits + (u64)set * s->words, s->from[set],
							s->words * sizeof(u64)) != 0)
			return -EFAULT;
	return 0;
}

static int sets_put(const struct fd_sets *s)
{
	for (int set = 0; set < SETS; set++)
		if (s->from[set] != 0 && copy_to_user(s->from[set], s->bits + (u64)set * s->words,
						      s->words * sizeof(u64)) != 0)
			return -EFAULT;
	return 0;
}

/* An item for each descriptor in any set. -EBADF: one of them is not open; put the items all the
 * same. */
static int sets_to_items(const struct fd_sets *s, struct poll_item *items)
{
	int err = 0;
	for (u64 fd = 0; fd < s->count; fd++) {
		items[fd] = (struct poll_item){ 0 };
		for (int set = 0; set < SETS; set++)
			if (set_has(s, set, fd))
				items[fd].events |= set_events[set];
		if (items[fd].events == 0 || err < 0)
			continue;
		items[fd].file = file_of(fd);
		if (items[fd].file == NULL)
			err = -EBADF;
	}
	return err;
}

/* Leave in the sets what is ready; how many bits that is. */
static s64 items_to_sets(const struct poll_item *items, struct fd_sets *s)
{
	s64 found = 0;
	for (u64 fd = 0; fd < s->count; fd++) {
		for (int set = 0; set < SETS; set++) {
			if (!set_has(s, set, fd))
				continue;
			if ((items[fd].ready & set_events[set]) != 0)
				found++;
			else
				s->bits[(u64)set * s->words + fd / WORD_BITS] &=
					~BIT(fd % WORD_BITS);
		}
	}
	return found;
}

static s64 select_sets(struct fd_sets *s, nsec_t deadline)
{
	struct poll_item *items = kmalloc(s->count * sizeof(*items) + 1);
	if (items == NULL)
		return -ENOMEM;
	s64 result = sets_get(s);
	if (result == 0) {
		result = sets_to_items(s, items);
		if (result == 0)
			result = wait_for_items(items, s->count, deadline);
		if (result >= 0)
			result = items_to_sets(items, s);
		put_items(items, s->count);
		if (result >= 0 && sets_put(s) < 0)
			result = -EFAULT;
	}
	kfree(items);
	return result;
}

/* The sixth argument: where a mask is, and its size. */
static s64 apply_packed_mask(uaddr_t packed)
{
	struct {
		uaddr_t mask;
		u64 size;
	} arg = { 0 };
	if (packed != 0 && copy_from_user(&arg, packed, sizeof(arg)) != 0)
		return -EFAULT;
	return apply_mask(arg.mask, arg.size);
}

s64 sys_pselect6(u64 count, u64 reads, u64 writes, u64 excepts, u64 timeout, u64 mask)
{
	nsec_t deadline;
	s64 result = get_deadline(timeout, &deadline);
	if (result == 0)
		result = apply_packed_mask(mask);
	if (result == 0 && (s32)count < 0)
		result = -EINVAL;
	if (result < 0)
		return result;
	struct fd_sets s = { .from = { reads, writes, excepts } };
	s.count = MIN((u64)(u32)count, fd_limit());
	s.words = (s.count + WORD_BITS - 1) / WORD_BITS;
	s.bits = kmalloc(SETS * s.words * sizeof(u64) + 1);
	if (s.bits == NULL)
		return -ENOMEM;
	result = select_sets(&s, deadline);
	kfree(s.bits);
	return finish(result, timeout, deadline);
}
