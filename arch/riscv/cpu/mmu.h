/* SPDX-License-Identifier: MIT */
/*
 * The machine's view of address translation: where RAM is seen, the kernel's own table, fences.
 *
 * Fences are always full (rules T3 to T6): `sfence.vma` takes no operands anywhere in this
 * kernel, no ASIDs are used, and satp has one writer, mmu_switch().
 */
#pragma once

#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/pte.h"
#include "lib/types.h"

#ifdef HOST_TEST
void *phys_to_virt(paddr_t pa);
paddr_t virt_to_phys(const void *va);
#else
/* Through the linear map; @pa must be RAM that the boot map covers. */
static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(LINEAR_BASE + pa);
}
/* @va must come from phys_to_virt(); for addresses inside the image use kernel_image_phys(). */
static inline paddr_t virt_to_phys(const void *va)
{
	return (paddr_t)va - LINEAR_BASE;
}
#endif

/* Where the first byte of the image was loaded. Set once, by early_map(). */
extern paddr_t kernel_image_base;
/* Physical address of @symbol, something inside the kernel image. */
paddr_t kernel_image_phys(const void *symbol);

/* The kernel's own root table: what idle harts and kernel threads run on. */
extern pte_t kernel_root[PTES_PER_TABLE];
extern u64 kernel_satp;

/* The token schedule() loads for the address space rooted at frame @root. */
static inline u64 satp_make(pfn_t root)
{
	return SATP_MODE_SV39 | root;
}

/*
 * Make @satp, another than this_cpu()->satp, current on this hart and fence: the only place that
 * writes satp after boot. @harts: the mask in which its owner sees who may remember translations
 * (docs/fork.md H15); NULL: the kernel's, which nobody revokes. When this returns this hart's bit
 * is no more in the mask of what was current. Context: interrupts off.
 */
void mmu_switch(u64 satp, u64 *harts);

/*
 * Map @va in the kernel half, one 4 KiB leaf, inner tables from @alloc_table (a zeroed frame's
 * physical address, 0 when there is none).  @bits: PTE_R W X.
 * Locks: the caller serialises changes of that range.  Returns 0 or -ENOMEM.
 */
int mmu_kernel_map(vaddr_t va, paddr_t pa, u64 bits, paddr_t (*alloc_table)(void));
/* Many pages, with the largest leaves that alignment allows; @bits complete. */
int mmu_kernel_map_range(vaddr_t va, paddr_t pa, u64 len_bytes, u64 bits,
			 paddr_t (*alloc_table)(void));
/* Make the inner tables for @va, so that mapping it later cannot fail. 0 or -ENOMEM. */
int mmu_kernel_prepare(vaddr_t va, paddr_t (*alloc_table)(void));
/* The entry that decides about @va in the kernel half, and its level. No lock: for checks and
 * reports. */
pte_t mmu_kernel_lookup(vaddr_t va, unsigned *level);
/* A table of the kernel half, where the kernel can read it. */
const pte_t *mmu_table_at(paddr_t table);
/* Take the leaf of @va away and return the frame it named. The caller fences all harts. */
paddr_t mmu_kernel_unmap(vaddr_t va);

/* Fences. `harts` is a mask of cpu indexes; the local hart is fenced by an instruction, others by
 * SBI, whose handler runs in M-mode, so a hart that spins with interrupts off still answers. */
#ifdef HOST_TEST
void tlb_flush_local(void);
#else
static inline void tlb_flush_local(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}
static inline void icache_flush_local(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}
#endif
void tlb_flush_harts(u64 harts);
void tlb_flush_all(void);
/* fence.i on every hart that runs (rule T23). Returns their mask, this one's bit included. */
u64 icache_flush_all(void);
