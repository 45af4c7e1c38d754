// SPDX-License-Identifier: MIT
/*
 * Who goes when memory has run out. One choice at a time: others who run out meanwhile wait for its
 * outcome and try again, or each would kill somebody for the same shortage.
 *
 * Bounded in every way: each victim is waited for only so long, then another is chosen; a victim is
 * never chosen twice; when nobody is left the answer is no.
 *
 * Locks: none held while memory is counted, which takes each space's lock; processes are pinned by
 * references. The caller may hold an inode's lock (it faulted while copying), so the last reference
 * to a space is never put here and now: aspace_put_later().
 */
#include "kernel/proc/oom.h"

#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "kernel/sched/waitq.h"
#include "mm/pmm/failalloc.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/ptable_stock.h"

#define VICTIM_TIMEOUT_NS 2000000000UL
#define VICTIM_PAUSE_NS   2000000UL
/* So much must be free for another try to make sense. */
#define ENOUGH_PAGES 16
/* Tries granted in a row because memory is free by now: it may be in pieces too small for what is
 * wanted, or less than the whole call wants, which gives all back when it fails. */
#define FREE_TRIES_MAX 8
#define FREE_TRIES_NS  1000000000UL

static u32 is_choosing; /* atomic: exchanged by who chooses */
static struct waitq chosen = WAITQ_INIT(chosen, "memory");

/* only who chooses */
static u32 free_tries; /* granted one after the other, the last at: */
static nsec_t free_try_at;

static u64 free_pages(void)
{
	struct pmm_stats memory;
	pmm_stats(&memory);
	return memory.free_pages;
}

/* Somebody else's end, or a gift of stocks, has made memory free: no need to kill, but not for
 * ever. */
static bool is_enough_free(void)
{
	const nsec_t now = clock_now();
	if (now - free_try_at > FREE_TRIES_NS)
		free_tries = 0;
	if (free_tries == FREE_TRIES_MAX || free_pages() < ENOUGH_PAGES)
		return false;
	free_tries++;
	free_try_at = now;
	return true;
}

/* Memory that is only kept for reuse. True if that was worth another try. */
static bool give_stocks_back(void)
{
	const u64 before = free_pages();
	slab_shrink_all();
	kstack_shrink();
	ptable_shrink();
	return free_pages() >= before + ENOUGH_PAGES;
}

static bool is_ending(struct process *p)
{
	spin_lock(&p->signals.lock);
	const bool ending = p->is_exiting || p->signals.is_closed || p->aspace == NULL ||
			    (p->signals.pending.set & SIGNAL_BIT(SIGKILL)) != 0;
	spin_unlock(&p->signals.lock);
	return ending;
}

/* Counted: the process after @pid that may be a victim, NULL: no more. */
static struct process *next_candidate(u32 pid)
{
	spin_lock(&process_tree_lock);
	struct process *p = process_next_locked(pid);
	while (p != NULL && (p == process_init_process || p->state == PROCESS_ZOMBIE))
		p = process_next_locked(p->pid + 1);
	if (p != NULL)
		process_get(p);
	spin_unlock(&process_tree_lock);
	return p;
}

/* Resident pages of @p's own; 0 for memory that PID 1 uses too: freeing takes both. */
static u64 weight_of(struct process *p)
{
	struct aspace *as = process_aspace_lookup(p);
	if (as == NULL)
		return 0;
	const bool is_inits = as == READ_ONCE(process_init_process->aspace);
	const u64 pages = is_inits ? 0 : aspace_resident_pages(as);
	aspace_put_later(as);
	return pages;
}

/* Counted: who has most and is not ending already; NULL: nobody. */
static struct process *choose_victim(u64 *pages)
{
	struct process *victim = NULL;
	*pages = 0;
	u32 pid = 0;
	for (;;) {
		struct process *p = next_candidate(pid + 1);
		if (p == NULL)
			return victim;
		pid = p->pid;
		const u64 weight = is_ending(p) ? 0 : weight_of(p);
		if (weight > *pages) {
			process_put(victim);
			victim = p;
			*pages = weight;
		} else {
			process_put(p);
		}
	}
}

/* Everybody who uses @as: none of it comes free otherwise. */
static void kill_users_of(const struct aspace *as)
{
	spin_lock(&process_tree_lock);
	for (struct process *p = process_next_locked(1); p != NULL;
	     p = process_next_locked(p->pid + 1)) {
		if (READ_ONCE(p->aspace) == as)
			signal_kill(p);
	}
	spin_unlock(&process_tree_lock);
	/* One of them may be waiting for this choice. */
	waitq_wake_all(&chosen);
}

static bool has_left_memory(struct process *p)
{
	spin_lock(&p->signals.lock);
	const bool left = p->aspace == NULL;
	spin_unlock(&p->signals.lock);
	return left;
}

/* Uninterruptible, unlike sleep_until(): whoever is killed notices between two pauses. */
static void pause_for(nsec_t time)
{
	const nsec_t until = clock_now() + time;
	(void)wait_event_until(&chosen, clock_now() >= until, false, until);
}

/* Counted: who was chosen and killed; NULL: nobody. */
static struct process *kill_largest(void)
{
	u64 pages;
	struct process *victim = choose_victim(&pages);
	if (victim == NULL) {
		pr_err("out of memory, and no process to end for it\n");
		return NULL;
	}
	char name[THREAD_NAME_BYTES];
	process_name(victim, name);
	pr_err("out of memory: ending process %u (%s), which has %lu KiB\n", victim->pid, name,
	       pages << (PAGE_SHIFT - 10));
	trace_name(TRACE_OOM, victim->pid, name);
	struct aspace *as = process_aspace_lookup(victim);
	if (as != NULL) {
		kill_users_of(as);
		aspace_put_later(as);
	}
	return victim;
}

void oom_kill_largest(void)
{
	process_put(kill_largest());
}

/* Kill one and wait for its memory. False: nobody to kill, or it is the running process. */
static bool kill_one(void)
{
	struct process *victim = kill_largest();
	if (victim == NULL)
		return false;
	const nsec_t deadline = clock_now() + VICTIM_TIMEOUT_NS;
	while (!is_ending(process_current()) && !has_left_memory(victim) && clock_now() < deadline)
		pause_for(VICTIM_PAUSE_NS);
	process_put(victim);
	free_tries = 0;
	return !is_ending(process_current());
}

bool oom_kill(unsigned tries)
{
	/* Made to fail (mm/pmm/failalloc.h): once, so the next try does not. */
	if (!memory_take_lack())
		return !is_ending(process_current());
	if (is_ending(process_current()))
		return false;
	if (__atomic_exchange_n(&is_choosing, 1, __ATOMIC_ACQUIRE) != 0) {
		/* Its outcome may be that this process is the one, and is waited for. */
		const nsec_t deadline = clock_now() + VICTIM_TIMEOUT_NS;
		(void)wait_event_until(&chosen,
				       READ_ONCE(is_choosing) == 0 || is_ending(process_current()),
				       false, deadline);
		return !is_ending(process_current());
	}
	const bool again = (tries <= FREE_TRIES_MAX && (is_enough_free() || give_stocks_back())) ||
			   kill_one();
	__atomic_store_n(&is_choosing, 0, __ATOMIC_RELEASE);
	waitq_wake_all(&chosen);
	return again;
}
