/* SPDX-License-Identifier: MIT */
/*
 * A machine for host tests of what stands on the floors above: RAM of a few thousand frames with
 * their struct pages, allocators that can be told to fail, fences that are counted, locks that
 * check that they are paired. Link the shim/<name>.c files whose functions the test needs;
 * shim/panic.c is wanted by all.
 */
#pragma once

#include <setjmp.h>

#include "lib/types.h"

struct page;

/* ---- shim/machine.c: this hart, fences, locks ---- */

struct shim_fences {
	unsigned local;  /* tlb_flush_local() */
	unsigned remote; /* tlb_flush_harts() */
	unsigned icache; /* icache_flush_all() */
	u64 harts;       /* mask of the last remote one */
};
extern struct shim_fences shim_fences;
/* Called at the beginning of tlb_flush_harts() and tlb_flush_local(), for looking at what stands
 * then. NULL: not. */
extern void (*shim_on_fence)(u64 harts);
extern void (*shim_on_local_fence)(void);
/* The cpu the test runs on from now on. */
void shim_run_on(u32 cpu);
/* Forget what was counted; this hart is cpu 0 from the start. */
void shim_fences_reset(void);
/* Locks taken and not released. */
extern int shim_locks_held;
/* Mutexes taken so far. */
extern unsigned shim_mutexes_taken;

/* ---- shim/frames.c: memory, pmm ---- */

/* All frames free, nothing failing. Call before each test. */
void shim_memory_reset(void);
/* Frames handed out; and of the ones ever freed, how many. */
unsigned shim_frames_used(void);
extern unsigned shim_frames_freed;

/* ---- allocation failures, for frames.c and heap.c ---- */

/* Let the allocation that comes after @successes others fail, once. Negative: none. */
extern int shim_fail_after;
/* For the allocators: true if this one is to fail. */
bool shim_should_fail(void);

/* ---- shim/heap.c: slab and kmalloc ---- */

/* Objects alive in all caches and from kmalloc. */
unsigned shim_objects_used(void);

/* ---- shim/panic.c ---- */

extern bool shim_panic_expected;
extern jmp_buf shim_panic_jump;
/* Run @statement, which must panic. Locks may stay held. */
#define expect_panic(statement)                     \
	do {                                        \
		shim_panic_expected = true;         \
		if (setjmp(shim_panic_jump) == 0) { \
			statement;                  \
			fail_msg("did not panic");  \
		}                                   \
		shim_panic_expected = false;        \
	} while (0)
