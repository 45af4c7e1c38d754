/* SPDX-License-Identifier: MIT */
/*
 * ppoll and pselect6: every file is asked once. If nothing is ready, one engine for both asks
 * again, registering on the queues that tell of changes, then sleeps and asks once more, until
 * something is ready, time is up or a signal came. That asking happens after sleep_prepare(), so a
 * change in between wakes us; hence poll operations may not sleep.
 *
 * The engine holds the files all the while, so the queues cannot go away under us.
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

/* As Linux has it: what cannot be asked is ready for all. */
#define SELECT_READ   (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL)
#define SELECT_WRITE  (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL)
#define SELECT_EXCEPT (POLLPRI | POLLNVAL)

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

/* The result of who does not wait: a signal is told even to that. */
static s64 refuse_to_wait(void)
{
	return thread_is_interrupted() ? -EINTR : 0;
}

/* The same as sleep_for_items(); and nobody enters a queue while something is ready. */
static s64 wait_for_items(struct poll_item *items, u64 count, nsec_t deadline)
{
	const s64 ready = (s64)ask_all(items, count, NULL);
	if (ready != 0)
		return ready;
	return deadline == 0 ? refuse_to_wait() : sleep_for_items(items, count, deadline);
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

/* Told unasked: errors, hang-ups, and that it cannot be asked (file_path_ops). */
static u32 events_of(const struct kpollfd *p)
{
	return (u16)p->events | POLLERR | POLLHUP | POLLNVAL;
}

/* The same as below, of what may be others' too. */
static __noinline u32 poll_shared(const struct kpollfd *p)
{
	struct file *f = file_of_any((u64)p->fd);
	if (f == NULL)
		return POLLNVAL;
	const u32 ready = file_poll(f, NULL) & events_of(p);
	file_done(f);
	return ready;
}

/* What of it holds now. */
static u32 poll_now(const struct kpollfd *p)
{
	if (p->fd < 0)
		return 0; /* ignored, says poll(2) */
	struct file *f = file_of_own((u64)p->fd);
	return likely(f != NULL) ? file_poll(f, NULL) & events_of(p) : poll_shared(p);
}

/* Ask without holding anything, which is enough where something is ready or nobody waits. How many
 * are. */
static s64 poll_all_now(struct kpollfd *polled, u64 count)
{
	s64 count_ready = 0;
	for (struct kpollfd *p = polled; p != polled + count; p++) {
		const u32 ready = poll_now(p);
		p->revents = (s16)ready;
		count_ready += ready != 0;
	}
	return count_ready;
}

static void begin_item(struct poll_item *item, const struct kpollfd *p)
{
	*item = (struct poll_item){ .events = events_of(p) };
	if (p->fd < 0)
		return;
	item->file = file_of_any((u64)p->fd);
	if (item->file == NULL)
		item->ready = POLLNVAL;
}

/* Nothing was ready. */
static __noinline s64 poll_and_sleep(struct kpollfd *polled, u64 count, nsec_t deadline)
{
	struct poll_item few_items[ITEMS_AT_HAND];
	struct poll_item *items = few_items;
	if (count > ITEMS_AT_HAND)
		items = kmalloc(count * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (u64 i = 0; i < count; i++)
		begin_item(&items[i], &polled[i]);
	const s64 result = sleep_for_items(items, count, deadline);
	for (u64 i = 0; i < count; i++)
		polled[i].revents = (s16)items[i].ready;
	put_items(items, count);
	if (items != few_items)
		kfree(items);
	return result;
}

static s64 poll_copied(struct kpollfd *polled, u64 count, nsec_t deadline)
{
	const s64 ready = poll_all_now(polled, count);
	return ready != 0    ? ready :
	       deadline == 0 ? refuse_to_wait() :
			       poll_and_sleep(polled, count, deadline);
}

s64 sys_ppoll(u64 fds, u64 fd_count, u64 timeout, u64 mask, u64 mask_size)
{
	struct kpollfd few_polled[ITEMS_AT_HAND];
	struct kpollfd *polled = few_polled;
	nsec_t deadline;
	s64 result = get_deadline(timeout, &deadline);
	if (result == 0)
		result = apply_mask(mask, mask_size);
	const u64 count = (u32)fd_count;
	const size_t size = count * sizeof(*polled);
	if (result == 0 && count > fd_limit())
		result = -EINVAL;
	if (result < 0)
		return result;
	if (count > ITEMS_AT_HAND)
		polled = kmalloc(size);
	if (polled == NULL)
		result = -ENOMEM;
	else if (copy_from_user(polled, fds, size) != 0)
		result = -EFAULT;
	else
		result = poll_copied(polled, count, deadline);
	if (result >= 0 && copy_to_user(fds, polled, size) != 0)
		result = -EFAULT;
	if (polled != few_polled)
		kfree(polled);
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
		items[fd].file = file_of_any(fd);
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
