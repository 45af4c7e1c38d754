/* SPDX-License-Identifier: MIT */
/*
 * The machine under the real mm/vmm: harts whose walkers look at any time, memory whose accesses
 * are seen, locks and fences that let others run.
 *
 * A hart's TLB is the set of all that it may remember: everything its walker could have found since
 * its last fence, entries of inner tables included. So nobody has to draw when it fills: an access
 * must be right through each member of the set, and memory may be freed only when no set has it.
 */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "lib/compiler.h"
#include "lib/types.h"
#include "mm/pmm/pmm.h"
#include "tests/host/interleave/explore.h"

struct aspace;

/* Something is wrong: says what, and how the run got there, and ends the program. */
__printf(1, 2) __noreturn void violation(const char *format, ...);

/* ---- machine.c ---- */

/* A new run: all harts on the kernel's root, no lock held. */
void machine_reset(void);
/* Thread @id runs on hart @id from now on. */
void machine_run_thread(unsigned id);
/* The running thread's hart begins, and ends, to walk the tables of @as: as kernel/sched does it.
 */
void machine_enter(struct aspace *as);
void machine_leave(struct aspace *as);
/* What a mistake in the order of leaving would be: the bit goes while the root is still there. */
extern bool machine_leaves_late;

/* A change of a table was seen to begin: look at the tables again before anything else happens. */
void machine_note_table_write(void);
void machine_settle(void);
/* @page is about to be free: nobody may remember it. */
void machine_check_free(const struct page *page);

/* Called when the running thread has taken and before it releases a mutex, when it has fenced other
 * harts, and when it has stored what fork publishes a child by. */
extern void (*machine_on_lock)(const void *mutex);
extern void (*machine_on_unlock)(const void *mutex);
extern void (*machine_on_fence)(void);
extern void (*machine_on_publish)(void);
/* Called for each look at the tables: every space there is, for what must hold of all. */
extern struct aspace *machine_spaces[THREADS_MAX];

/* Since the last fence of the running thread's hart, has that thread written to a table? */
bool machine_owes_fence(void);

/* ---- tlb.c ---- */

/* The pages that programs use, in places that share and do not share tables at each level. */
#define BLOCK0 0x40000000UL
#define BLOCK1 (BLOCK0 + MEGAPAGE_SIZE)
#define BLOCK2 (BLOCK0 + GIGAPAGE_SIZE)

#define PAGES_MAX      6
#define BLOCKS_MAX     3
#define GIGAS_MAX      2
#define REMEMBERED_MAX 16

struct place {
	uaddr_t va;
	u8 block, giga;
};
extern const struct place places_of_pages[PAGES_MAX];
extern const uaddr_t block_va[BLOCKS_MAX];
#define PAGE_SHARED 5 /* the page of a shared object */

struct remembered {
	u8 count;
	u64 values[REMEMBERED_MAX];
};

struct hart {
	pfn_t root;                           /* 0: the kernel's */
	struct remembered middles[GIGAS_MAX]; /* frame numbers */
	struct remembered tables[BLOCKS_MAX];
	struct remembered leaves[PAGES_MAX]; /* bits of valid leaves */
	bool saw_none[PAGES_MAX];            /* a walk ended before it found a valid leaf */
};
extern struct hart harts[THREADS_MAX];

/* Forget, as a fence does. What is in the tables now may be remembered again at once. */
void tlb_forget(unsigned hart);
/* Let every walker look everywhere, and check what must hold of the tables at any time. */
void tlb_look(void);
void tlb_check_free(const struct page *page);
/* Does a hart remember a way into @table? */
bool tlb_may_reach(const struct page *table);

/* ---- memory.c ---- */

#define OBJECT_BYTES 640

/* Once, then before each run. */
void memory_init(void);
void memory_reset(void);
/* Kernel code accesses @address: that memory must be in use. What it is. */
enum touched_kind {
	TOUCHED_OTHER,  /* static data: statistics and locks */
	TOUCHED_MEMORY, /* a frame of user memory, an object, what struct page has besides a count
			 */
	TOUCHED_ENTRY,  /* of the table @page */
	TOUCHED_COUNT,  /* of @page */
};
struct touched {
	enum touched_kind kind;
	const struct page *page;
};
struct touched memory_check_access(const void *address);
/* Frames and objects in use. */
unsigned memory_frames_used(void);
unsigned memory_objects_used(void);
/* The allocation of the running thread after @successes others fails, once; negative: none. */
void memory_fail_after(int successes);
