// SPDX-License-Identifier: MIT
/*
 * The ranks' names, and the check that locks are taken in their order. The argument: if every list
 * of held locks is ascending at every moment, no circle of waiting can close.
 *
 * Lists are kept by spinlock.c (per hart) and kernel/sched/mutex.c (per thread). The two need not
 * be compared: all mutexes rank before all spinlocks, and might_sleep() refuses a mutex under a
 * spinlock.
 */
#include "kernel/core/lock_rank.h"

#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "lib/compiler.h"

static const char *const rank_names[] = {
	[RANK_MOUNTING] = "mounting",
	[RANK_RENAME] = "rename",
	[RANK_DIRECTORY] = "directory",
	[RANK_FILE_OFFSET] = "file offset",
	[RANK_INODE] = "inode",
	[RANK_PIPE] = "pipe",
	[RANK_ASPACE] = "address space",
	[RANK_PROCESS_TREE] = "process tree",
	[RANK_SIGNAL] = "signal",
	[RANK_FD_TABLE] = "file descriptor table",
	[RANK_SOCKET] = "sockets",
	[RANK_MOUNTS] = "mounts",
	[RANK_OBJECT] = "memory object",
	[RANK_TABLE] = "page table",
	[RANK_LDISC] = "line discipline",
	[RANK_DEVICE] = "device registry",
	[RANK_FILE_LOCK] = "file locks",
	[RANK_FUTEX] = "futex",
	[RANK_WORK] = "work queue",
	[RANK_IRQ_TABLE] = "interrupt table",
	[RANK_WAITQ] = "wait queue",
	[RANK_TIMER] = "timers",
	[RANK_RUNQUEUE] = "run queue",
	[RANK_KMAP] = "kernel mappings",
	[RANK_SLAB] = "slab cache",
	[RANK_PMM] = "page frames",
	[RANK_PRINTK] = "log",
	[RANK_CONSOLE] = "console",
	[RANK_SERIAL] = "serial port",
};
static_assert(ARRAY_SIZE(rank_names) == RANK_COUNT, "a rank without a name");
static_assert(RANK_ASPACE + 1 == RANK_SPIN_FIRST, "sleeping locks come first");
static_assert(RANK_SPIN_FIRST < RANK_IRQ_FIRST, "interrupts go off last");

const char *lock_rank_name(enum lock_rank rank)
{
	if ((u32)rank >= ARRAY_SIZE(rank_names) || rank_names[rank] == NULL)
		return "no rank";
	return rank_names[rank];
}

#ifdef CONFIG_DEBUG_LOCKS
static __noreturn __cold void order_broken(const struct held_lock *old, const char *name,
					   enum lock_rank rank, const void *at)
{
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	symbols_format(there, sizeof(there), (u64)old->taken_at);
	panic("lock order: '%s' (rank %d, %s) is taken at %s while '%s' (rank %d, %s) is held, "
	      "taken at %s; see kernel/core/lock_rank.h",
	      name, rank, lock_rank_name(rank), here, old->name, old->rank,
	      lock_rank_name(old->rank), there);
}

static __noreturn __cold void taken_twice(const struct held_lock *old, const char *name,
					  const void *at)
{
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	symbols_format(there, sizeof(there), (u64)old->taken_at);
	panic("lock '%s' is taken at %s by one who holds it already, taken at %s", name, here,
	      there);
}

void held_locks_check(const struct held_locks *held, const void *lock, const char *name,
		      enum lock_rank rank, const void *at)
{
	ASSERT(rank > 0 && rank < RANK_COUNT);
	for (u32 i = 0; i < held->count; i++) {
		const struct held_lock *old = &held->list[i];
		if (old->lock == lock)
			taken_twice(old, name, at);
		if (old->rank < rank)
			continue;
		if (old->rank == rank && lock_rank_allows_two(rank))
			continue;
		order_broken(old, name, rank, at);
	}
}

void held_locks_push(struct held_locks *held, const void *lock, const char *name,
		     enum lock_rank rank, const void *at)
{
	if (held->count == HELD_LOCKS_MAX) {
		held_locks_print(held, LOG_EMERGENCY);
		panic("more than %d locks held when '%s' was taken: those above, and no end",
		      HELD_LOCKS_MAX, name);
	}
	held->list[held->count] = (struct held_lock){ lock, name, rank, at };
	held->count++;
}

bool held_locks_remove(struct held_locks *held, const void *lock)
{
	/* Nearly always the last. */
	for (u32 i = held->count; i-- > 0;) {
		if (held->list[i].lock != lock)
			continue;
		held->count--;
		for (; i < held->count; i++)
			held->list[i] = held->list[i + 1];
		return true;
	}
	return false;
}

bool held_locks_contain(const struct held_locks *held, const void *lock)
{
	for (u32 i = 0; i < held->count; i++)
		if (held->list[i].lock == lock)
			return true;
	return false;
}

const struct held_lock *held_locks_find_from(const struct held_locks *held, enum lock_rank rank)
{
	for (u32 i = 0; i < held->count; i++)
		if (held->list[i].rank >= rank)
			return &held->list[i];
	return NULL;
}

void held_locks_print(const struct held_locks *held, enum log_level level)
{
	for (u32 i = 0; i < held->count && i < HELD_LOCKS_MAX; i++) {
		const struct held_lock *l = &held->list[i];
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), (u64)l->taken_at);
		printk(level, "  holds '%s' (%s) taken at %s", l->name, lock_rank_name(l->rank),
		       place);
	}
}
#endif
