// SPDX-License-Identifier: MIT
/*
 * Buddy allocator with a frontier, and per-hart stocks of single frames.
 *
 * The frontier: each bank of free RAM is taken in by blocks of 2 MiB, lowest first, when the free
 * lists have nothing. Only then are the block's struct pages mapped (their own frames come from the
 * block) and cleared. So boot costs the same on 32 MiB and on 16 GiB, and the page map takes memory
 * only for RAM that is in use.
 *
 * Invariant that makes merging safe: struct pages are mapped and cleared by whole 2 MiB blocks, and
 * a buddy lies in the same block; whether it is free is told by ON_FREE_LIST alone, never by its
 * contents.
 *
 * Locks: pmm_lock (RANK_PMM) covers free lists, frontier and page map; a hart's stock and counters
 * are its own, with interrupts off.
 */
#include "mm/pmm/pmm.h"

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/symbols.h"
#include "lib/string.h"
#include "mm/pmm/failalloc.h"
#include "mm/pmm/memblock.h"

#define ORDERS       (PMM_MAX_ORDER + 1)
#define BLOCK_FRAMES (MEGAPAGE_SIZE / PAGE_SIZE)
#define ON_FREE_LIST 0x80 /* in page->order of a block's first frame */
#define POISON_BYTE  ((u8)PMM_POISON_WORD)
#define POISON_MARK  0xfefe /* in page->present of a poisoned free frame */

#define STOCK_MAX   48
#define STOCK_ORDER 4 /* refilled by blocks of 16 frames */

/* Page map entries that fit one frame: the unit in which it is mapped. */
#define MAP_FRAMES (PAGE_SIZE / sizeof(struct page))
static_assert(BLOCK_FRAMES - BLOCK_FRAMES / MAP_FRAMES >= 1UL << PMM_MAX_ORDER &&
		      BLOCK_FRAMES % (1UL << PMM_MAX_ORDER) == 0,
	      "a block holds one piece of the largest order besides its page map");

struct stock {
	struct page *first; /* handed out next; each names the one after it in its `owner` */
	u32 count;
	s64 kind_pages[PAGE_KINDS]; /* this hart's share: may be negative */
} __aligned(256);
static_assert(sizeof(struct stock) == 256, "a stock is found by a shift");

struct bank {
	pfn_t next, end; /* frontier and limit */
};

static struct spinlock pmm_lock = SPINLOCK_INIT("pmm", RANK_PMM);
static u32 free_lists[ORDERS]; /* first frame number, 0 = empty: frame 0 is never handed out */
static u64 free_frames;        /* on the lists */
static u64 total_frames, pagemap_frames;

#define BANKS_MAX 64
static struct bank banks[BANKS_MAX];
static unsigned bank_count;
/* Frames set aside for the page map while a block is taken in. */
static pfn_t intake_next, intake_end;

static struct stock stocks[CONFIG_NR_CPUS];

/* ---- free lists: pmm_lock held --------------------------------------------------------------- */

static void list_push(pfn_t pfn, unsigned order)
{
	struct page *p = pfn_to_page(pfn);
	p->kind = PAGE_FREE;
	p->order = (u8)(order | ON_FREE_LIST);
	p->prev = 0;
	p->next = free_lists[order];
	if (p->next != 0)
		pfn_to_page(p->next)->prev = (u32)pfn;
	free_lists[order] = (u32)pfn;
	free_frames += 1UL << order;
}

static void list_take(pfn_t pfn, unsigned order)
{
	struct page *p = pfn_to_page(pfn);
	if (p->next != 0)
		pfn_to_page(p->next)->prev = p->prev;
	if (p->prev != 0)
		pfn_to_page(p->prev)->next = p->next;
	else
		free_lists[order] = p->next;
	p->order = 0;
	free_frames -= 1UL << order;
}

static void buddy_free(pfn_t pfn, unsigned order)
{
	while (order < PMM_MAX_ORDER) {
		const pfn_t buddy = pfn ^ (1UL << order);
		if (pfn_to_page(buddy)->order != (order | ON_FREE_LIST))
			break;
		list_take(buddy, order);
		pfn &= ~(1UL << order);
		order++;
	}
	list_push(pfn, order);
}

/* A block from the lists, the lower part of the smallest that will do. 0: none. */
static pfn_t buddy_alloc(unsigned order)
{
	unsigned found = order;
	while (found < ORDERS && free_lists[found] == 0)
		found++;
	if (found == ORDERS)
		return 0;
	const pfn_t pfn = free_lists[found];
	list_take(pfn, found);
	while (found > order) {
		found--;
		list_push(pfn + (1UL << found), found);
	}
	return pfn;
}

/* ---- frontier and page map: pmm_lock held ---------------------------------------------------- */

/* A frame for the page map or a table of it: from the block being taken in, else from the lists. */
static paddr_t pagemap_frame(void)
{
	pfn_t pfn = 0;
	if (intake_next < intake_end)
		pfn = intake_next++;
	else
		pfn = buddy_alloc(0);
	if (pfn == 0)
		return 0;
	pagemap_frames++;
	memset(phys_to_virt(pfn << PAGE_SHIFT), 0, PAGE_SIZE);
	return pfn << PAGE_SHIFT;
}

/*
 * Make the struct pages of the 2 MiB block at @block exist: mapped, zero, so not on any list. Harts
 * that remember their absence fault once and are told (arch/riscv/entry/trap.c:
 * kernel_fault_is_stale()).
 */
static bool pagemap_ensure(pfn_t block)
{
	for (pfn_t pfn = block; pfn < block + BLOCK_FRAMES; pfn += MAP_FRAMES) {
		const vaddr_t va = (vaddr_t)pfn_to_page(pfn);
		unsigned level;
		if (pte_is_valid(mmu_kernel_lookup(va, &level)))
			continue;
		if (mmu_kernel_prepare(va, pagemap_frame) != 0)
			return false;
		const paddr_t frame = pagemap_frame();
		if (frame == 0)
			return false;
		if (mmu_kernel_map(va, frame, PTE_R | PTE_W, pagemap_frame) != 0)
			return false;
		tlb_flush_local();
	}
	return true;
}

/* Put [@start, @end) on the lists, by the largest aligned blocks. The struct pages exist. */
static void free_range(pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned order = start == 0 ? PMM_MAX_ORDER : (unsigned)__builtin_ctzll(start);
		order = MIN(order, (unsigned)PMM_MAX_ORDER);
		while (start + (1UL << order) > end)
			order--;
		buddy_free(start, order);
		start += 1UL << order;
	}
}

/* Move the frontier over one more block. False: no RAM is left behind it. */
static bool frontier_advance(void)
{
	for (unsigned i = 0; i < bank_count; i++) {
		struct bank *b = &banks[i];
		while (b->next < b->end) {
			const pfn_t block = ALIGN_DOWN(b->next, BLOCK_FRAMES);
			intake_next = b->next;
			intake_end = MIN(b->end, block + BLOCK_FRAMES);
			b->next = intake_end;
			if (pagemap_ensure(block) && intake_next < intake_end) {
				free_range(intake_next, intake_end);
				intake_next = intake_end = 0;
				return true;
			}
			/* A scrap too small for its own page map: left alone. */
			total_frames -= intake_end - intake_next;
			intake_next = intake_end = 0;
		}
	}
	return false;
}

static pfn_t block_alloc(unsigned order)
{
	for (;;) {
		const pfn_t pfn = buddy_alloc(order);
		if (pfn != 0)
			return pfn;
		if (!frontier_advance())
			return 0;
	}
}

/* ---- stocks: interrupts off ------------------------------------------------------------------ */

static inline void stock_push(struct stock *s, struct page *p)
{
	p->owner = s->first;
	s->first = p;
	s->count++;
}

static inline struct page *stock_pop(struct stock *s)
{
	struct page *p = s->first;
	s->first = p->owner;
	s->count--;
	return p;
}

static void stock_refill(struct stock *s)
{
	spin_lock(&pmm_lock);
	pfn_t pfn = block_alloc(STOCK_ORDER);
	if (pfn != 0) {
		/* Highest first, so that the lowest is handed out first. */
		for (pfn_t i = 1UL << STOCK_ORDER; i-- != 0;)
			stock_push(s, pfn_to_page(pfn + i));
	} else {
		while (s->count < (1U << STOCK_ORDER)) {
			pfn = block_alloc(0);
			if (pfn == 0)
				break;
			stock_push(s, pfn_to_page(pfn));
		}
	}
	spin_unlock(&pmm_lock);
}

static void stock_drain(struct stock *s, u32 keep)
{
	spin_lock(&pmm_lock);
	while (s->count > keep)
		buddy_free(page_to_pfn(stock_pop(s)), 0);
	spin_unlock(&pmm_lock);
}

/* ---- poison: debug builds -------------------------------------------------------------------- */

/*
 * The last word of a poisoned frame says who freed it. An instruction's address is even, so that
 * word too is no valid entry of a page table.
 */
#define POISON_WORDS (PAGE_SIZE / sizeof(u64) - 1)

static void poison_set(struct page *p, const void *by)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	for (u32 i = 0; i < 1U << p->order; i++) {
		u64 *word = page_to_virt(p + i);
		memset(word, POISON_BYTE, POISON_WORDS * sizeof(*word));
		word[POISON_WORDS] = (u64)by;
		p[i].present = POISON_MARK;
		if (i != 0)
			p[i].kind = PAGE_FREE; /* slab.c marks them all */
	}
}

static void poison_check(struct page *p)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	for (u32 frame = 0; frame < 1U << p->order; frame++) {
		if (p[frame].present != POISON_MARK)
			continue; /* never handed out before */
		p[frame].present = 0;
		const u64 *word = page_to_virt(p + frame);
		size_t i = 0;
		while (i < POISON_WORDS && word[i] == PMM_POISON_WORD)
			i++;
		if (i == POISON_WORDS)
			continue;
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), word[POISON_WORDS]);
		panic("frame %#lx was written after it was freed at %s: offset %lu holds %#lx",
		      page_to_phys(p + frame), place, i * sizeof(*word), word[i]);
	}
}

static __noreturn __cold void put_too_often(const struct page *p, const void *by)
{
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX] = "a place not recorded";
	symbols_format(here, sizeof(here), (u64)by);
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && p->present == POISON_MARK)
		symbols_format(there, sizeof(there), ((u64 *)page_to_virt(p))[POISON_WORDS]);
	panic("frame %#lx is put at %s, but nobody holds it: it was freed at %s", page_to_phys(p),
	      here, there);
}

/* ---- public ---------------------------------------------------------------------------------- */

/* @p, which nobody has yet, as what it is from now on. Interrupts off. */
static inline struct page *hand_out(struct stock *s, struct page *p, unsigned order,
				    enum page_kind kind)
{
	s->kind_pages[kind] += 1L << order;
	p->order = (u8)order; /* for the check */
	poison_check(p);
	p->map = 0;
	WRITE_ONCE(p->head, PAGE_HEAD_ONE(kind, order));
	return p;
}

/* The rare cases, apart so that the common ones are a few instructions. They end what irq_save()
 * began. */

static __noinline struct page *alloc_from_lists(unsigned order, enum page_kind kind, u64 flags)
{
	struct stock *s = &stocks[cpu_index()];
	struct page *p = NULL;
	if (order == 0) {
		stock_refill(s);
		if (s->count != 0)
			p = stock_pop(s);
	} else {
		ASSERT(order <= PMM_MAX_ORDER);
		spin_lock(&pmm_lock);
		const pfn_t pfn = block_alloc(order);
		spin_unlock(&pmm_lock);
		if (pfn != 0)
			p = pfn_to_page(pfn);
	}
	if (p != NULL)
		(void)hand_out(s, p, order, kind);
	else if (order <= PMM_LACK_ORDER_MAX)
		memory_note_lack();
	irq_restore(flags);
	return p;
}

static __noinline void free_to_lists(struct page *p, unsigned order, u64 flags)
{
	struct stock *s = &stocks[cpu_index()];
	if (order == 0) {
		stock_drain(s, STOCK_MAX / 2);
		stock_push(s, p);
	} else {
		spin_lock(&pmm_lock);
		buddy_free(page_to_pfn(p), order);
		spin_unlock(&pmm_lock);
	}
	irq_restore(flags);
}

static __noinline void free_run_to_lists(struct page *first, struct page *end, u64 flags)
{
	spin_lock(&pmm_lock);
	free_range(page_to_pfn(first), page_to_pfn(end));
	spin_unlock(&pmm_lock);
	irq_restore(flags);
}

static __always_inline struct page *block_take(unsigned order, enum page_kind kind)
{
	if (failalloc_hits())
		return NULL;
	const u64 flags = irq_save();
	struct stock *s = &stocks[cpu_index()];
	if (unlikely(order != 0 || s->first == NULL))
		return alloc_from_lists(order, kind, flags);
	struct page *p = hand_out(s, stock_pop(s), 0, kind);
	irq_restore(flags);
	return p;
}

struct page *pmm_alloc(unsigned order, enum page_kind kind)
{
	return block_take(order, kind);
}

struct page *pmm_alloc_zeroed(enum page_kind kind)
{
	struct page *p = block_take(0, kind);
	if (p != NULL)
		page_clear(page_to_virt(p));
	return p;
}

/* Apart from pmm_put(), which most often only counts. */
static __noinline void page_free(struct page *p, const void *by)
{
	const unsigned order = p->order;
	ASSERT(p->kind != PAGE_FREE && order <= PMM_MAX_ORDER);
	poison_set(p, by);
	const u64 flags = irq_save();
	struct stock *s = &stocks[cpu_index()];
	s->kind_pages[p->kind] -= 1L << order;
	p->kind = PAGE_FREE;
	if (unlikely(order != 0 || s->count == STOCK_MAX)) {
		free_to_lists(p, order, flags);
		return;
	}
	stock_push(s, p);
	irq_restore(flags);
}

void pmm_put(struct page *p)
{
	if (unlikely(p->kind == PAGE_PINNED))
		return;
	const u32 before = __atomic_fetch_sub(&p->count, 1, __ATOMIC_ACQ_REL);
	if (unlikely(before == 0))
		put_too_often(p, __builtin_return_address(0));
	if (before == 1)
		page_free(p, __builtin_return_address(0));
}

void pmm_put_last(struct page *p, u32 before)
{
	if (before == 0)
		put_too_often(p, __builtin_return_address(0));
	/* What holders before wrote and read is over: pairs with their releases. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	page_free(p, __builtin_return_address(0));
}

void pmm_free_run(struct page *first, struct page *end)
{
	/* What holders before wrote and read is over: pairs with the release in pmm_put(). */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (struct page *p = first; IS_ENABLED(CONFIG_DEBUG_CHECKS) && p != end; p++)
		poison_set(p, __builtin_return_address(0));
	const u64 frames = (u64)(end - first);
	const u64 flags = irq_save();
	struct stock *s = &stocks[cpu_index()];
	s->kind_pages[PAGE_ANON] -= (s64)frames;
	if (unlikely(s->count + frames > STOCK_MAX)) {
		free_run_to_lists(first, end, flags);
		return;
	}
	/* The lowest is handed out first, so that they are neighbours again. */
	while (end != first)
		stock_push(s, --end);
	irq_restore(flags);
}

struct page *pmm_pin_image(const void *page_in_image)
{
	const pfn_t pfn = kernel_image_phys(page_in_image) >> PAGE_SHIFT;
	const u64 flags = spin_lock_irq(&pmm_lock);
	/* There already, but for the first page of a block that is pinned, which happens at boot.
	 */
	const pfn_t block = ALIGN_DOWN(pfn, BLOCK_FRAMES);
	if (!pagemap_ensure(block) && !(frontier_advance() && pagemap_ensure(block)))
		panic("no memory for the page map of the kernel image");
	struct page *p = pfn_to_page(pfn);
	p->kind = PAGE_PINNED;
	p->order = 0;
	p->count = 1;
	spin_unlock_irq(&pmm_lock, flags);
	return p;
}

void pmm_release_range(paddr_t start, paddr_t end)
{
	pfn_t pfn = page_align_up(start) >> PAGE_SHIFT;
	const pfn_t limit = end >> PAGE_SHIFT;

	const u64 flags = spin_lock_irq(&pmm_lock);
	while (pfn < limit) {
		const pfn_t block = ALIGN_DOWN(pfn, BLOCK_FRAMES);
		const pfn_t stop = MIN(limit, block + BLOCK_FRAMES);
		total_frames += stop - pfn;
		intake_next = pfn;
		intake_end = stop;
		if (pagemap_ensure(block))
			free_range(intake_next, stop);
		intake_next = intake_end = 0;
		pfn = stop;
	}
	spin_unlock_irq(&pmm_lock, flags);
}

void pmm_stats(struct pmm_stats *out)
{
	memset(out, 0, sizeof(*out));
	const u64 flags = spin_lock_irq(&pmm_lock);
	out->total_pages = total_frames;
	out->pagemap_pages = pagemap_frames;
	out->free_pages = free_frames;
	for (unsigned i = 0; i < bank_count; i++)
		out->free_pages += banks[i].end - banks[i].next;
	spin_unlock_irq(&pmm_lock, flags);

	s64 sums[PAGE_KINDS] = { 0 };
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++) {
		out->free_pages += READ_ONCE(stocks[i].count);
		for (int k = 0; k < PAGE_KINDS; k++)
			sums[k] += READ_ONCE(stocks[i].kind_pages[k]);
	}
	for (int k = 0; k < PAGE_KINDS; k++)
		out->kind_pages[k] = sums[k] > 0 ? (u64)sums[k] : 0;
}

void pmm_init(void)
{
	struct mem_range r;
	for (unsigned i = 0; memblock_free(i, &r); i++) {
		ASSERT(i < BANKS_MAX);
		/* Frame 0 stands for "none" on the free lists. */
		const pfn_t first = MAX(r.start >> PAGE_SHIFT, (pfn_t)1);
		banks[bank_count++] = (struct bank){ first, r.end >> PAGE_SHIFT };
		total_frames += (r.end >> PAGE_SHIFT) - first;
	}
	const u64 flags = spin_lock_irq(&pmm_lock);
	if (!frontier_advance())
		panic("no free memory to begin with");
	spin_unlock_irq(&pmm_lock, flags);
}
