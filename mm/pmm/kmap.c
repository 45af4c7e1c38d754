// SPDX-License-Identifier: MIT
/*
 * The window at KMAP_BASE: device registers in its lower part, stack slots in the upper. Stacks
 * that are given back stay mapped and are handed out again, most recent first.
 *
 * A hart that remembers the absence of a fresh stack must not stand on it: the fault could not be
 * reported, since the report would go to that stack. Nobody else is fenced for that: each hart
 * fences itself on the way to a stack if any has been mapped since it last did (kstack_sync()).
 * For who only looks at a stack, and for device mappings, the stale-translation path of traps will
 * do.
 *
 * Lock: kmap_lock (RANK_KMAP) covers it all, but for the two counts of fresh stacks.
 */
#include "mm/pmm/kmap.h"

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"
#include "mm/pmm/failalloc.h"
#include "mm/pmm/memblock.h"
#include "mm/pmm/pmm.h"

#define DEVICE_BYTES (KMAP_SIZE / 16)
#define STACK_BASE   (KMAP_BASE + DEVICE_BYTES)
#define STACK_SLOT   (2 * KSTACK_SIZE)
#define STACK_SLOTS  ((KMAP_SIZE - DEVICE_BYTES) / STACK_SLOT)
#define STACK_ORDER  (KSTACK_SHIFT - PAGE_SHIFT)
#define STACK_PAGES  (1U << STACK_ORDER)

/* So many are kept for reuse, and when there is one more, so many go: one fence for all of them. */
#define STOCK_MAX 128
#define DRAIN     32

/* Debug builds: what a stack is full of when it is handed out. */
#define STACK_BYTE 0xa7
#define STACK_WORD 0xa7a7a7a7a7a7a7a7UL

static struct spinlock kmap_lock = SPINLOCK_INIT("kmap", RANK_KMAP);
static vaddr_t device_next = KMAP_BASE;
static u64 slot_used[(STACK_SLOTS + 63) / 64];
static u32 slot_hint; /* no word before it has a free slot */
/* Given back: each holds the next one's lowest address in its own lowest word. */
static vaddr_t stock;
static u32 stock_count;
u64 kstacks_mapped;

static paddr_t table_frame(void)
{
	struct page *p = pmm_alloc_zeroed(PAGE_KTABLE);
	return p != NULL ? page_to_phys(p) : 0;
}

static bool range_is_ram(paddr_t start, paddr_t end)
{
	struct mem_range r;
	for (unsigned i = 0; memblock_ram(i, &r); i++)
		if (start < r.end && r.start < end)
			return true;
	return false;
}

void *kmap_device(paddr_t pa, size_t len_bytes)
{
	const paddr_t first = page_align_down(pa);
	const u64 size = page_align_up(pa + len_bytes) - first;
	if (len_bytes == 0 || size > DEVICE_BYTES || range_is_ram(first, first + size))
		return NULL;

	void *result = NULL;
	const u64 flags = spin_lock_irq(&kmap_lock);
	/* Superpages where both sides allow, never past the device (rule T11). */
	vaddr_t va = device_next;
	if (size >= MEGAPAGE_SIZE)
		va = ALIGN_UP(va, MEGAPAGE_SIZE) + (first & (MEGAPAGE_SIZE - 1));
	if (va + size <= KMAP_BASE + DEVICE_BYTES &&
	    mmu_kernel_map_range(va, first, size, PTE_V | PTE_R | PTE_W | PTE_G, table_frame) ==
		    0) {
		device_next = va + size;
		result = (void *)(va + page_offset(pa));
	}
	spin_unlock_irq(&kmap_lock, flags);
	tlb_flush_local();
	return result;
}

static bool slot_find(u32 *slot)
{
	for (; slot_hint < ARRAY_SIZE(slot_used); slot_hint++) {
		if (~slot_used[slot_hint] == 0)
			continue;
		*slot = slot_hint * 64 + (u32)__builtin_ctzll(~slot_used[slot_hint]);
		return *slot < STACK_SLOTS;
	}
	return false;
}

/* A new stack: its lowest address, 0: no memory. kmap_lock held. */
static __noinline vaddr_t stack_map(void)
{
	u32 slot;
	if (!slot_find(&slot))
		return 0;
	const vaddr_t base = STACK_BASE + slot * STACK_SLOT + KSTACK_SIZE;
	/* One table spans the whole stack, since 2 MiB is a multiple of a slot. */
	if (mmu_kernel_prepare(base, table_frame) != 0)
		return 0;
	struct page *p = pmm_alloc(STACK_ORDER, PAGE_STACK);
	if (p == NULL)
		return 0;
	if (mmu_kernel_map_range(base, page_to_phys(p), KSTACK_SIZE, PTE_V | PTE_R | PTE_W | PTE_G,
				 NULL) != 0)
		panic("kernel stack slot %u has no table", slot);
	slot_used[slot / 64] |= BIT(slot % 64);
	__atomic_store_n(&kstacks_mapped, kstacks_mapped + 1, __ATOMIC_RELEASE);
	return base;
}

vaddr_t kstack_alloc(void)
{
	if (failalloc_hits())
		return 0;
	const u64 flags = spin_lock_irq(&kmap_lock);
	vaddr_t base = stock;
	if (base != 0) {
		stock = *(vaddr_t *)base;
		stock_count--;
	} else {
		base = stack_map();
	}
	spin_unlock_irq(&kmap_lock, flags);
	if (base == 0)
		return 0;
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		memset((void *)base, STACK_BYTE, KSTACK_SIZE);
	return base + KSTACK_SIZE;
}

bool kstack_is_guard(vaddr_t va)
{
	return va >= STACK_BASE && va < KMAP_BASE + KMAP_SIZE && (va & KSTACK_SIZE) == 0;
}

size_t kstack_used_bytes(vaddr_t top)
{
	const u64 *word = (const u64 *)(top - KSTACK_SIZE);
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return 0;
	while ((vaddr_t)word < top && *word == STACK_WORD)
		word++;
	return top - (vaddr_t)word;
}

/*
 * Take up to DRAIN stacks off the stock for good: unmap, fence once, free then (docs/fork.md H11).
 * The lock, which is held, is released between; not before the fence, since who takes a slot next
 * relies on nobody remembering what was there. Returns how many.
 */
static u32 stock_drain_and_unlock(u64 flags)
{
	struct page *drained[DRAIN];
	u32 count = 0;
	while (stock != 0 && count < DRAIN) {
		const vaddr_t base = stock;
		stock = *(vaddr_t *)base;
		drained[count++] = pfn_to_page(mmu_kernel_unmap(base) >> PAGE_SHIFT);
		for (u32 i = 1; i < STACK_PAGES; i++)
			(void)mmu_kernel_unmap(base + i * PAGE_SIZE);
		const u32 slot = (u32)((base - STACK_BASE) / STACK_SLOT);
		slot_used[slot / 64] &= ~BIT(slot % 64);
		slot_hint = MIN(slot_hint, slot / 64);
	}
	stock_count -= count;
	if (count != 0)
		tlb_flush_all();
	spin_unlock_irq(&kmap_lock, flags);
	for (u32 i = 0; i < count; i++)
		pmm_put(drained[i]);
	return count;
}

void kstack_free(vaddr_t top)
{
	const vaddr_t base = top - KSTACK_SIZE;
	const u64 flags = spin_lock_irq(&kmap_lock);
	*(vaddr_t *)base = stock;
	stock = base;
	if (++stock_count > STOCK_MAX)
		(void)stock_drain_and_unlock(flags);
	else
		spin_unlock_irq(&kmap_lock, flags);
}

void kstack_shrink(void)
{
	u32 count;
	do
		count = stock_drain_and_unlock(spin_lock_irq(&kmap_lock));
	while (count == DRAIN);
}

void kmap_init(void)
{
	/* Makes the root entry that every address space copies. */
	if (mmu_kernel_prepare(KMAP_BASE, table_frame) != 0)
		panic("no memory for kernel mappings");
}
