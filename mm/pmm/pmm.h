/* SPDX-License-Identifier: MIT */
/*
 * Physical memory: page frames, their reference counts, and who holds how many.
 *
 * A frame is named by its struct page, 16 bytes in one array that begins at PAGEMAP_BASE. The array
 * is not initialised at boot: behind the frontier of each bank lie frames that were never handed
 * out, and their struct pages are garbage until the frontier moves over them. So boot does not grow
 * with RAM.
 *
 * Life of a frame: free -> pmm_alloc() count 1 -> pmm_get()/pmm_put() -> the last put frees it.
 * Locks: RANK_PMM inside; single frames come from per-hart caches with interrupts off.
 */
#pragma once

#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "lib/compiler.h"
#include "lib/types.h"

/* What a frame is used for; the leak check and /proc/meminfo count by it. */
enum page_kind {
	PAGE_FREE = 0,
	PAGE_ANON,  /* private memory of a program: taken over at count 1 */
	PAGE_FILE,  /* of a vm_object: page cache, tmpfs, shared anonymous memory */
	PAGE_TABLE, /* page table of a user address space */
	PAGE_SLAB,
	PAGE_STACK,  /* kernel stack */
	PAGE_KTABLE, /* table of the kernel half: made as windows fill, never freed, so no leak */
	PAGE_KERNEL, /* everything else of the kernel's own */
	PAGE_PINNED, /* the zero page, the vDSO: part of the image, never counted, never freed */
	PAGE_KINDS,
};

struct page {
	union {
		struct {
			u32 count; /* atomic: holders. A table: how many entries name it */
			u8 kind;   /* enum page_kind; set by the allocator */
			union {
				u8 order; /* of the block this frame heads */
				/* PAGE_TABLE: see ptable_first_counted(). 0 to 64, so no free
				 * block's; 0 again before the table is put */
				u8 counted;
			};
			u16 present; /* PAGE_TABLE: present entries */
		};
		u64 head; /* all of these at once; 0: free, and no head of a block */
	};
	union {
		u64 map;     /* PAGE_TABLE: bit i set if entries 8i..8i+7 may be non-zero */
		void *owner; /* PAGE_SLAB: its cache's slab. In a hart's stock: the next frame */
		struct {
			u32 next, prev; /* free: frame numbers on the free list, 0 = none */
		};
	};
};
static_assert(sizeof(struct page) == 16, "PAGEMAP_BASE arithmetic, and 64 MiB for 16 GiB of RAM");

/* 1 MiB. RAM is taken in by blocks of 2 MiB and each gives its first frames to the page map, so
 * nothing larger is ever in one piece. */
#define PMM_MAX_ORDER 8
/* Who wants more in one piece may not find it though much is free, and nobody's end would mend
 * that: it is told so, and is no lack of memory (failalloc.h). Linux ends nobody for it either. */
#define PMM_LACK_ORDER_MAX 3

/* What freed frames are full of, in debug builds: as a page table, V = 0 everywhere. */
#define PMM_POISON_WORD 0xfefefefefefefefeUL

#ifdef HOST_TEST
extern struct page *host_pagemap;
#define PAGEMAP host_pagemap
#else
#define PAGEMAP ((struct page *)PAGEMAP_BASE)
#endif

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return PAGEMAP + pfn;
}
static inline pfn_t page_to_pfn(const struct page *p)
{
	return (pfn_t)(p - PAGEMAP);
}
static inline paddr_t page_to_phys(const struct page *p)
{
	return page_to_pfn(p) << PAGE_SHIFT;
}
static inline void *page_to_virt(const struct page *p)
{
	return phys_to_virt(page_to_phys(p));
}
static inline struct page *virt_to_page(const void *va)
{
	return pfn_to_page(virt_to_phys(va) >> PAGE_SHIFT);
}

/*
 * 2^order frames, contiguous and aligned to their size, count 1, contents unspecified; @order at
 * most PMM_MAX_ORDER.
 * NULL: no memory. Never sleeps; any context.
 */
struct page *pmm_alloc(unsigned order, enum page_kind kind);
/* One frame of zeros. */
struct page *pmm_alloc_zeroed(enum page_kind kind);

static inline void pmm_get(struct page *p)
{
	if (unlikely(p->kind == PAGE_PINNED))
		return;
	const u32 before = __atomic_fetch_add(&p->count, 1, __ATOMIC_RELAXED);
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && before == 0)
		panic("frame %#lx is counted up, but it is free", page_to_phys(p));
}
/* The last put frees the block that @p heads. */
void pmm_put(struct page *p);
/* For the puts here: @p counted @before, 1 or, which is a mistake, 0, when it was counted down. */
void pmm_put_last(struct page *p, u32 before);

/*
 * Puts of many in a row. Those that lose their last holder are neighbours, most often: memory that
 * goes at once goes in long runs, and a run is freed for a fraction of what its frames cost one by
 * one. From frame_run_begin() to frame_run_end(); in between, the caller does with the frames
 * nothing but put them.
 */
struct frame_run {
	struct page *first, *end;
};
static inline void frame_run_begin(struct frame_run *run)
{
	run->first = run->end = NULL;
	/* What the caller did with them before any of their counts goes down: one release for
	 * all, which whoever puts or finds the last one acquires. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
/* Free [@first, @end), which nobody holds. Their heads are 0. Any context. */
void pmm_free_run(struct page *first, struct page *end);

static inline void frame_run_end(struct frame_run *run)
{
	if (run->first != run->end)
		pmm_free_run(run->first, run->end);
	run->first = run->end = NULL;
}

/* head of a block with one holder and nothing present */
#define PAGE_HEAD_ONE(kind, order) (1UL | (u64)(kind) << 32 | (u64)(order) << 40)

/* pmm_put(); but what has only this holder joins @run, and is free when that ends. */
static inline void frame_run_put(struct frame_run *run, struct page *p)
{
	/* Who held it before let go of it by a release; pmm_free_run() acquires. */
	if (unlikely(READ_ONCE(p->head) != PAGE_HEAD_ONE(PAGE_ANON, 0))) {
		if (unlikely(p->kind == PAGE_PINNED))
			return;
		const u32 before = __atomic_fetch_sub(&p->count, 1, __ATOMIC_RELAXED);
		if (unlikely(before <= 1))
			pmm_put_last(p, before);
		return;
	}
	if (unlikely(p != run->end)) {
		frame_run_end(run);
		run->first = p;
	}
	p->head = 0;
	run->end = p + 1;
}

/* True if the caller, who holds a reference, is the only holder. Acquire: what other holders wrote
 * before they let go is seen. Pinned pages have no holders, so that nobody can ask. */
static inline bool page_has_one_owner(const struct page *p)
{
	DEBUG_ASSERT(p->kind != PAGE_PINNED);
	return __atomic_load_n(&p->count, __ATOMIC_ACQUIRE) == 1;
}

/* Name a frame of the kernel image so that it can be mapped: PAGE_PINNED. */
struct page *pmm_pin_image(const void *page_in_image);
/* Hand a block that boot reserved (initramfs, boot-only code) to the allocator. */
void pmm_release_range(paddr_t start, paddr_t end);

struct pmm_stats {
	u64 total_pages;   /* handed to the allocator, frontier included */
	u64 free_pages;    /* free lists, per-hart caches, and beyond the frontier */
	u64 pagemap_pages; /* the page map itself: grows with use, never shrinks, no leak */
	u64 kind_pages[PAGE_KINDS];
};
/* A consistent enough sum over harts; exact when nothing else runs. */
void pmm_stats(struct pmm_stats *out);

/* Take over the memory that memblock knows of. Once, on the boot hart, with the linear map in
 * place. */
void pmm_init(void);
