/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: what a process sees as memory. Regions say what should be there (region.h), the
 * page table what is there (ptable.h); a fault makes the one follow the other (fault.h).
 *
 * Locks: aspace->lock (RANK_ASPACE, sleeping, exclusive) covers regions, all entries of its own
 * tables and brk. docs/fork.md says why it is exclusive for faults too.
 */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/workqueue.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/vmm/events.h"

struct region;
struct vm_object;

struct aspace {
	/* set once at creation */
	pfn_t root;
	u64 satp;

	/* atomic */
	struct refcount refs;
	u64 harts; /* cpu indexes that may hold translations; the hart sets and clears its own bit
		      (H15) */
	u64 last_walk; /* of rmap.c that has looked at all of it: its number */

	/* under lock */
	struct mutex lock;
	struct region *first_region, *highest_region; /* ends of the chain, or NULL */
	struct rb_root regions; /* by start: all, or empty while nobody needs it (region_find.c) */
	u64 region_count;
	struct region *last_region; /* that was used, or NULL: what comes is likely near it */
	u64 id;                     /* set once; no other space ever has it */
	u64 mapped_pages;           /* sum of the regions, for RLIMIT_AS and statm */
	u64 mapped_peak;            /* the most it ever was */
	/* Present leaves, the zero page's included. Of a space that shares tables there may be
	 * fewer, since truncation takes leaves away in all spaces at once:
	 * aspace_resident_locked(). */
	u64 resident_pages;
	u64 resident_peak;
	bool shares_tables;         /* some inner entry may be SHARED; false: none is */
	u64 data_pages;             /* private writable but for stacks, for RLIMIT_DATA */
	u64 locked_pages;           /* by mlock and its family, for RLIMIT_MEMLOCK */
	u64 lock_limit_pages;       /* RLIMIT_MEMLOCK; ~0 none */
	bool locks_future;          /* mlockall(MCL_FUTURE): what is mapped is locked */
	bool locks_on_fault;        /* and not filled before it is touched (MCL_ONFAULT) */
	u64 limit_pages;            /* RLIMIT_AS in pages; ~0 none. Set by kernel/proc */
	uaddr_t brk_start, brk_end; /* end: as the program set it, any byte */
	u64 brk_limit_bytes;        /* RLIMIT_DATA; ~0 none */
	u64 stack_limit_bytes;      /* RLIMIT_STACK: how large a MAP_GROWSDOWN region may become */
	uaddr_t mmap_top;           /* mmap without a hint grows down from here */
	/* Small mappings and large ones: no gap of len_bytes or more lies between below and where
	 * they begin. */
	struct gap_hint {
		uaddr_t below;
		u64 len_bytes;
	} gaps[2];
	/* where the kernel put things, for /proc and AT_SYSINFO_EHDR */
	uaddr_t stack_top, arg_start, arg_end, env_start, env_end, vdso;

	struct vmm_events events; /* what happened in it */

	/* only after the last put */
	struct work destroy_later;
};

/*
 * How fork copies memory: pages at once; pages when they are written; or pages when they are
 * written, and tables of pages when they are touched.
 */
enum fork_mode { FORK_COPY, FORK_PAGE, FORK_TABLE, FORK_MODES };

/* Empty, with the kernel half filled in, no limits but 8 MiB of stack. NULL: no memory. One
 * reference. */
struct aspace *aspace_create(void);
static inline void aspace_get(struct aspace *as)
{
	refcount_get(&as->refs);
}
/* For assertions: the running thread has as->lock, or nobody else knows @as (refs 0: a child that
 * is not published, a space that is on its way out). */
static inline bool aspace_is_mine(const struct aspace *as)
{
	return mutex_is_mine(&as->lock) || refcount_read(&as->refs) == 0;
}
/* The last put unmaps everything and frees it. No hart may have it in satp by then (H8).
 * Context: may sleep. Needs no memory and cannot fail. */
void aspace_put(struct aspace *as);
/* The same from where a last put must not tear down: locks are held that closing a file may
 * want. */
void aspace_put_later(struct aspace *as);

/* Where parent and child will go on at once: a fork that shares tables copies what little is there.
 */
struct fork_place {
	uaddr_t pc, sp;
	uaddr_t child_tid; /* where the child writes its number before anything else; 0: nowhere */
};

/*
 * A picture of @parent at the moment of the fence: regions and pages. @place: NULL if nothing is
 * known.
 * Context: may sleep; takes parent->lock.
 * Returns 0 and *@child with one reference, or -ENOMEM, with the parent as it was (and fenced,
 * H4).
 */
__must_check int aspace_fork(struct aspace *parent, enum fork_mode mode,
			     const struct fork_place *place, struct aspace **child);

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

/* The page was there: another hart was first, or this one remembered an older entry. */
#define FAULT_SPURIOUS 1

/*
 * Serve a page fault at @va. 0 or FAULT_SPURIOUS: try again. -EFAULT: no region. -EACCES: region
 * forbids it. -EIO: past the end of the object (SIGBUS). -ENOMEM: no frame; the caller reclaims or
 * kills and retries.
 * Context: may sleep; takes as->lock.
 */
__must_check int aspace_fault(struct aspace *as, uaddr_t va, enum access access);

/* @prot PROT_*, @flags MAP_* (lib/abi/mman.h). */
struct map_args {
	uaddr_t addr;
	u64 len_bytes;
	u32 prot, flags;
	struct vm_object *object; /* NULL: anonymous. The region takes its own reference. */
	u64 offset_bytes;         /* page-aligned */
	/* What mprotect may later allow (a file open for reading only); -EACCES if @prot has
	 * more. Ignored without an object. */
	u32 max_prot;
};
/* Linux's mmap in meaning and errors: the address, or -errno. */
__must_check s64 aspace_map(struct aspace *as, const struct map_args *args);
__must_check int aspace_unmap(struct aspace *as, uaddr_t addr, u64 len_bytes);
__must_check int aspace_protect(struct aspace *as, uaddr_t addr, u64 len_bytes, u32 prot);
/* Linux's brk: the new end on success, the old one otherwise. */
uaddr_t aspace_brk(struct aspace *as, uaddr_t new_end);
/* @flags MREMAP_*. Linux's mremap in meaning and errors: the address, or -errno. */
struct remap_args {
	uaddr_t addr, new_addr;
	u64 old_len_bytes, new_len_bytes;
	u32 flags;
};
__must_check s64 aspace_remap(struct aspace *as, const struct remap_args *args);

/* MADV_*: what Linux promises, an effect or nothing; -EINVAL for advice that is not known. */
__must_check int aspace_advise(struct aspace *as, uaddr_t addr, u64 len_bytes, int advice);
/* msync: -ENOMEM if something in the range is not mapped. @invalidate: -EBUSY where it is locked.
 */
__must_check int aspace_sync(struct aspace *as, uaddr_t addr, u64 len_bytes, bool invalidate);
/* mincore: a byte for each of @pages pages from @addr on. 0, or -ENOMEM if one is not mapped. */
__must_check int aspace_incore(struct aspace *as, uaddr_t addr, u64 pages, u8 *out);
/*
 * mlock2, munlock, mlockall, munlockall, with Linux's errors. Nothing is ever paged out, so that
 * locking is filling and counting. @on_fault: without the filling.
 */
__must_check int aspace_lock(struct aspace *as, uaddr_t addr, u64 len_bytes, bool on_fault);
__must_check int aspace_unlock(struct aspace *as, uaddr_t addr, u64 len_bytes);
__must_check int aspace_lock_all(struct aspace *as, u32 mcl_flags);
void aspace_unlock_all(struct aspace *as);
/* Floor 7's: the running process may lock more than lock_limit_pages. NULL: nobody may. */
extern bool (*aspace_may_lock_all)(void);
/* Floor 7's: the running thread is to end, so that long work for it may stop. NULL: never. */
extern bool (*aspace_user_is_ending)(void);

/*
 * For who builds @as, which no thread is in: map what @args says privately, at args->addr and in
 * the place of what is there. Nothing is wrong with @args but that the range may lie outside of
 * the user half, and of its flags MAP_GROWSDOWN alone counts. 0; -ENOMEM; -EPERM: too low.
 * Context: may sleep; takes as->lock.
 */
__must_check int aspace_build(struct aspace *as, const struct map_args *args);
/* In such a space: bring in the page at @va, for which no fence is needed. 0 or the errno of
 * aspace_fault(). */
__must_check int aspace_build_page(struct aspace *as, uaddr_t va, enum access access);
/* Where in such a space mmap would find @len_bytes: 0 and *@start, or -ENOMEM. */
__must_check int aspace_find_room(struct aspace *as, u64 len_bytes, uaddr_t *start);

/*
 * Copy between kernel memory and another space's memory, faulting pages in (/proc/N/cmdline,
 * /proc/N/mem). Returns bytes copied, fewer at the first address that cannot be served.
 * Context: may sleep; takes as->lock.
 */
size_t aspace_read(struct aspace *as, uaddr_t va, void *dst, size_t len_bytes);
size_t aspace_write(struct aspace *as, uaddr_t va, const void *src, size_t len_bytes);
/*
 * Zeros from @va to the end of its page, for who builds @as and has just mapped that page of an
 * object, privately and to be written. 0 or the errno of aspace_fault().
 * Context: may sleep; takes as->lock.
 */
__must_check int aspace_clear_tail(struct aspace *as, uaddr_t va);
/*
 * The kernel's view of the byte at @va and the rest of its page, for who builds @as and is the only
 * one to know it: the page is its own, and stays. Only in a region without an object, whose
 * truncation would know it, too. Code written there must be made fetchable.
 * NULL: not in such a region that may be written, or no memory.
 * Context: may sleep; takes as->lock.
 */
void *aspace_own_page(struct aspace *as, uaddr_t va);

/* Pages that have a frame, the zero page included. Context: may sleep; takes as->lock. */
u64 aspace_resident_pages(struct aspace *as);
/* The same for who holds as->lock. Counts again if the space shares tables. */
u64 aspace_resident_locked(struct aspace *as);
/* What is present in a range: the frames that leaves name, but for the zero page and the vDSO,
 * which cost nobody anything. */
struct leaf_sum {
	u64 pages, file_pages;
	/* The same pages: do others map them, too, and may programs have written to them? */
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 share_bytes; /* each page divided by the number of those who map it */
};
/* Of a range whose objects' pages @mappers regions map (vm_object_count_mappers()); who does not
 * ask whether others do says 1. Caller holds as->lock: for who visits regions. */
void aspace_sum_leaves_locked(const struct aspace *as, uaddr_t start, uaddr_t end, u32 mappers,
			      struct leaf_sum *out);
/* Call @visit for every region, in order. Context: may sleep; @visit runs under as->lock. */
struct region_info {
	uaddr_t start, end;
	u32 prot, flags;
	struct vm_object *object;
	u64 offset_bytes;
};
void aspace_for_each_region(struct aspace *as,
			    void (*visit)(const struct region_info *info, void *arg), void *arg);
/* Of the region at @va, as it is now; false: none is there. Context: may sleep; takes as->lock. */
bool aspace_region_at(struct aspace *as, uaddr_t va, struct region_info *out);
/* The same as for_each for a report, of the first @max, without the lock: nobody changes @as, or
 * the report is about why that is not so. Any context. */
void aspace_visit_regions_unlocked(const struct aspace *as, u32 max,
				   void (*visit)(const struct region_info *info, void *arg),
				   void *arg);
/* Debug: check every table of @as (rules T1, T2, T9, T11; counts, maps): panics on the first
 * wrong entry. */
void aspace_check(struct aspace *as);
/* The same for the kernel half. */
void kernel_table_check(void);

/* After slab_init(), before the first aspace_create(). */
void vmm_init(void);
