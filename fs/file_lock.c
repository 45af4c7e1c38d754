// SPDX-License-Identifier: MIT
/*
 * Advisory locks. An inode has a list of all locks held on it; one spinlock (RANK_FILE_LOCK) covers
 * all lists, and who waits.
 *
 * Invariant: the ranges that one owner holds with one kind of lock on a file do not overlap, and
 * those of one type do not touch either. So a lock that is set grows over its neighbours of the
 * same type and cuts what it meets of the other; at most one range is cut in two.
 *
 * A request that has to wait stands in `waiting` before it looks for what is in its way, and what
 * goes away is off the list before those that wait are woken: no wake-up is lost. Woken, all try
 * again, and whoever comes first has it.
 */
#include "fs/file_lock.h"

#include "fs/filesystem.h"
#include "fs/fs.h"
#include "fs/inode.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "mm/pmm/slab.h"

/* Lists are walked under a spinlock: so long may the one of a file be. */
#define LOCKS_MAX 1024
/* How many steps of "A waits for B, who waits for C" are followed: as many as Linux follows. */
#define DEADLOCK_STEPS_MAX 10

struct file_lock {
	struct list node;     /* of inode->locks */
	struct list all_node; /* of all_locks */
	const struct inode *inode;
	struct file_lock_range range;
};

struct lock_request {
	/* only the requesting thread */
	struct inode *inode;
	struct file_lock_range want;
	enum file_lock_wait wait;
	struct file_lock *spare[2]; /* the new lock, and the rest of one that is cut in two */
	struct waitq queue;

	/* under locks_lock */
	struct list node;      /* of waiting, if it may wait */
	const void *waits_for; /* an owner; NULL: about to look again */
};

static struct spinlock locks_lock = SPINLOCK_INIT("file locks", RANK_FILE_LOCK);
static struct list waiting = LIST_INIT(waiting); /* under locks_lock: struct lock_request.node */
static struct list all_locks = LIST_INIT(all_locks); /* under locks_lock, for /proc/locks */
static struct slab_cache *lock_cache;

int file_lock_init(void)
{
	if (lock_cache == NULL)
		lock_cache = slab_create("file lock", sizeof(struct file_lock),
					 _Alignof(struct file_lock));
	return lock_cache == NULL ? -ENOMEM : 0;
}

static bool ranges_overlap(const struct file_lock_range *a, const struct file_lock_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* Overlapping, or with nothing in between. No sum overflows: offsets end at INT64_MAX. */
static bool ranges_touch(const struct file_lock_range *a, const struct file_lock_range *b)
{
	return a->first <= b->last + 1 && b->first <= a->last + 1;
}

static bool have_one_owner(const struct file_lock_range *a, const struct file_lock_range *b)
{
	return a->owner == b->owner && a->is_flock == b->is_flock;
}

static bool ranges_conflict(const struct file_lock_range *a, const struct file_lock_range *b)
{
	return a->is_flock == b->is_flock && a->owner != b->owner &&
	       (a->type == F_WRLCK || b->type == F_WRLCK) && ranges_overlap(a, b);
}

/* Caller holds locks_lock. */
static const struct file_lock_range *find_conflict(const struct inode *inode,
						   const struct file_lock_range *want)
{
	list_for_each(l, &inode->locks, struct file_lock, node)
		if (ranges_conflict(&l->range, want))
			return &l->range;
	return NULL;
}

/* Something is free that was not. Caller holds locks_lock. */
static void wake_waiting(const struct inode *inode)
{
	list_for_each(r, &waiting, struct lock_request, node) {
		if (r->inode != inode)
			continue;
		/* The owner it waited for may be no more, and the address another's soon. */
		r->waits_for = NULL;
		waitq_wake_all(&r->queue);
	}
}

static void take_out(struct file_lock *l)
{
	list_remove(&l->node);
	list_remove(&l->all_node);
	slab_free(lock_cache, l);
}

static struct file_lock *take_spare(struct lock_request *r)
{
	const u32 i = r->spare[0] != NULL ? 0 : 1;
	struct file_lock *l = r->spare[i];
	r->spare[i] = NULL;
	return l;
}

/* Take the bytes of @cut out of @l. Caller holds locks_lock. */
static void cut_out(struct lock_request *r, struct file_lock *l, const struct file_lock_range *cut)
{
	const bool keeps_head = l->range.first < cut->first;
	const bool keeps_tail = l->range.last > cut->last;
	if (keeps_head && keeps_tail) {
		struct file_lock *tail = take_spare(r);
		tail->inode = l->inode;
		tail->range = l->range;
		tail->range.first = cut->last + 1;
		list_insert_after(&l->node, &tail->node);
		list_insert_after(&l->all_node, &tail->all_node);
	}
	if (keeps_head)
		l->range.last = cut->first - 1;
	else if (keeps_tail)
		l->range.first = cut->last + 1;
	else
		take_out(l);
}

/* Nothing is in the way. Caller holds locks_lock. */
static void grant(struct lock_request *r)
{
	struct file_lock_range range = r->want;
	list_for_each_safe(l, &r->inode->locks, struct file_lock, node) {
		if (!have_one_owner(&l->range, &range))
			continue;
		if (l->range.type == range.type && ranges_touch(&l->range, &range)) {
			range.first = MIN(range.first, l->range.first);
			range.last = MAX(range.last, l->range.last);
			take_out(l);
		} else if (ranges_overlap(&l->range, &range)) {
			cut_out(r, l, &range);
		}
	}
	if (range.type != F_UNLCK) {
		struct file_lock *l = take_spare(r);
		l->inode = r->inode;
		l->range = range;
		list_push_back(&r->inode->locks, &l->node);
		list_push_back(&all_locks, &l->all_node);
	}
	if (range.type != F_WRLCK)
		wake_waiting(r->inode);
}

/* Would @owner wait for one who waits for @owner? Caller holds locks_lock. */
static bool closes_circle(const void *owner, const void *blocker)
{
	for (u32 i = 0; i < DEADLOCK_STEPS_MAX && blocker != NULL; i++) {
		const void *next = NULL;
		list_for_each(r, &waiting, struct lock_request, node) {
			if (r->want.owner == blocker && r->waits_for != NULL) {
				next = r->waits_for;
				break;
			}
		}
		if (next == owner)
			return true;
		blocker = next;
	}
	return false;
}

/* flock's conversion gives up what it has before it asks for the other: says flock(2). */
static void give_up_other_type(struct lock_request *r)
{
	list_for_each_safe(l, &r->inode->locks, struct file_lock, node) {
		if (have_one_owner(&l->range, &r->want) && l->range.type != r->want.type) {
			take_out(l);
			wake_waiting(r->inode);
		}
	}
}

static bool list_is_full(const struct inode *inode)
{
	u32 count = 0;
	list_for_each(l, &inode->locks, struct file_lock, node)
		count++;
	return count >= LOCKS_MAX;
}

/* 0, -EAGAIN, -EDEADLK, -ENOLCK. */
static int try_to_grant(struct lock_request *r)
{
	int result = 0;
	spin_lock(&locks_lock);
	if (r->want.is_flock)
		give_up_other_type(r);
	const struct file_lock_range *blocker =
		r->want.type == F_UNLCK ? NULL : find_conflict(r->inode, &r->want);
	r->waits_for = NULL;
	if (blocker == NULL) {
		/* Unlocking may make it longer, too. */
		if (r->spare[0] != NULL && list_is_full(r->inode))
			result = -ENOLCK;
		else
			grant(r);
	} else if (r->wait == FILE_LOCK_WAIT_OR_DEADLK &&
		   closes_circle(r->want.owner, blocker->owner)) {
		result = -EDEADLK;
	} else {
		/* Only those whose circles are looked for are links in one. */
		if (r->wait == FILE_LOCK_WAIT_OR_DEADLK)
			r->waits_for = blocker->owner;
		result = -EAGAIN;
	}
	spin_unlock(&locks_lock);
	return result;
}

static int wait_for_grant(struct lock_request *r)
{
	int result = 0;
	spin_lock(&locks_lock);
	list_push_back(&waiting, &r->node);
	spin_unlock(&locks_lock);
	const int interrupted =
		wait_event_interruptible(&r->queue, (result = try_to_grant(r)) != -EAGAIN);
	spin_lock(&locks_lock);
	list_remove(&r->node);
	spin_unlock(&locks_lock);
	return interrupted != 0 ? interrupted : result;
}

int file_lock_set(struct inode *inode, const struct file_lock_range *want, enum file_lock_wait wait)
{
	struct lock_request r = { .inode = inode, .want = *want, .wait = wait };
	/* What ends at no edge but the file's cuts nothing in two: giving up all needs no memory.
	 */
	const bool needs_memory = want->type != F_UNLCK || want->first != 0 ||
				  want->last != FILE_LOCK_LAST_MAX;
	waitq_init(&r.queue, "file lock");
	for (u32 i = 0; needs_memory && i < ARRAY_SIZE(r.spare); i++)
		r.spare[i] = slab_alloc(lock_cache);
	int result = -ENOLCK;
	if (!needs_memory || (r.spare[0] != NULL && r.spare[1] != NULL))
		result = wait == FILE_LOCK_TRY ? try_to_grant(&r) : wait_for_grant(&r);
	for (u32 i = 0; i < ARRAY_SIZE(r.spare); i++)
		if (r.spare[i] != NULL)
			slab_free(lock_cache, r.spare[i]);
	return result;
}

bool file_lock_find(struct inode *inode, const struct file_lock_range *want,
		    struct file_lock_range *found)
{
	spin_lock(&locks_lock);
	const struct file_lock_range *blocker = find_conflict(inode, want);
	if (blocker != NULL)
		*found = *blocker;
	spin_unlock(&locks_lock);
	return blocker != NULL;
}

void file_lock_drop_some(struct inode *inode, const void *owner)
{
	bool has_dropped = false;
	spin_lock(&locks_lock);
	list_for_each_safe(l, &inode->locks, struct file_lock, node) {
		if (l->range.owner == owner) {
			take_out(l);
			has_dropped = true;
		}
	}
	if (has_dropped)
		wake_waiting(inode);
	spin_unlock(&locks_lock);
}

/* ---- /proc/locks ------------------------------------------------------------------------ */

static const char *kind_of(const struct file_lock_range *r)
{
	return r->is_flock ? "FLOCK " : r->pid != 0 ? "POSIX " : "OFDLCK";
}

/* In Linux' words. @waits: it is not held, but waited for. */
static void show_lock(struct seq *s, u64 number, bool waits, const struct inode *inode,
		      const struct file_lock_range *r)
{
	const u64 device = inode->fs != NULL ? inode->fs->device : 0;
	seq_printf(s, "%lu: %s%s ADVISORY  %s %d %02x:%02x:%lu %lu ", number, waits ? "-> " : "",
		   kind_of(r), r->type == F_WRLCK ? "WRITE" : "READ",
		   r->pid != 0 ? (s32)r->pid : -1, dev_major(device), dev_minor(device),
		   inode->number, r->first);
	if (r->last == FILE_LOCK_LAST_MAX)
		seq_printf(s, "EOF\n");
	else
		seq_printf(s, "%lu\n", r->last);
}

int file_locks_show(struct seq *s)
{
	u64 number = 0;
	spin_lock(&locks_lock);
	list_for_each(l, &all_locks, struct file_lock, all_node) {
		number++;
		show_lock(s, number, false, l->inode, &l->range);
		list_for_each(r, &waiting, struct lock_request, node) {
			if (r->inode == l->inode && ranges_conflict(&r->want, &l->range))
				show_lock(s, number, true, r->inode, &r->want);
		}
	}
	spin_unlock(&locks_lock);
	return 0;
}
