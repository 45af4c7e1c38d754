// SPDX-License-Identifier: MIT
/*
 * The kernel's own page table, and the one writer of satp. Invariants (rules T1 to T6,
 * T11): leaves have A and D, inner entries are PPN | V, nothing is writable and executable, every
 * switch of satp is followed by a full fence. Callers serialise changes (boot: one hart; later:
 * mm/pmm/kmap.c and pmm.c under their locks).
 */
#include "arch/riscv/cpu/mmu.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/sections.h"
#include "lib/abi/errno.h"

pte_t kernel_root[PTES_PER_TABLE] __aligned(PAGE_SIZE);
u64 kernel_satp;
paddr_t kernel_image_base;

paddr_t kernel_image_phys(const void *symbol)
{
	return (paddr_t)symbol - KERNEL_BASE + kernel_image_base;
}

/*
 * The table at @table: those of the image's data are seen there, since they are older than the
 * linear map. The frames of the built-in root file system are ordinary memory once it is unpacked,
 * so the image as a whole will not do.
 */
static pte_t *table_at(paddr_t table)
{
	if (table >= kernel_image_phys(_initramfs_section_end) && table < kernel_image_phys(_end))
		return (pte_t *)(table - kernel_image_base + KERNEL_BASE);
	return phys_to_virt(table);
}

/*
 * Going in: the bit, and nothing before it; satp and fence, which has the walker see no less than
 * this hart did. Whoever takes an entry away stores, has a barrier, and then reads the mask
 * (mm/vmm/fence.c, harts_after_stores): one sees the other. Coming out: satp and fence, all that
 * was done through the old root, then the bit. A space has one root for life, so the two masks
 * differ.
 */
void mmu_switch(u64 satp, u64 *harts)
{
	struct cpu *cpu = this_cpu();
	const u64 bit = cpu->bit;
	u64 *const left = cpu->satp_harts;
	if (harts != NULL)
		bits_set_acquire(harts, bit);
	cpu->satp = satp;
	cpu->satp_harts = harts;
	__asm__ volatile("csrw satp, %0\n\tsfence.vma" ::"r"(satp) : "memory");
	if (left != NULL)
		bits_clear_release(left, bit);
}

/*
 * The entry of @va at @level. NULL if a table is missing and @alloc (NULL: do not) gives none. A
 * superpage on the way is a mistake of the caller's, shown by returning its entry: not zero, so
 * nothing is overwritten.
 */
static pte_t *kernel_entry(vaddr_t va, unsigned level, paddr_t (*alloc)(void))
{
	pte_t *table = kernel_root;
	for (unsigned at = PT_LEVELS - 1; at > level; at--) {
		pte_t *entry = &table[pt_index(va, at)];
		if (!pte_is_valid(*entry)) {
			const paddr_t fresh = alloc != NULL ? alloc() : 0;
			if (fresh == 0)
				return NULL;
			/* Zeros before the entry that leads to them: pairs with the walker's
			 * dependency. */
			barrier_write();
			*entry = pte_make_table(fresh >> PAGE_SHIFT);
		} else if (!pte_is_table(*entry)) {
			return entry;
		}
		table = table_at(pte_paddr(*entry));
	}
	return &table[pt_index(va, level)];
}

int mmu_kernel_map_range(vaddr_t va, paddr_t pa, u64 len_bytes, u64 bits,
			 paddr_t (*alloc_table)(void))
{
	while (len_bytes != 0) {
		unsigned level = 0;
		u64 step = PAGE_SIZE;
		if (IS_ALIGNED(va | pa, GIGAPAGE_SIZE) && len_bytes >= GIGAPAGE_SIZE) {
			level = 2;
			step = GIGAPAGE_SIZE;
		} else if (IS_ALIGNED(va | pa, MEGAPAGE_SIZE) && len_bytes >= MEGAPAGE_SIZE) {
			level = 1;
			step = MEGAPAGE_SIZE;
		}
		pte_t *entry = kernel_entry(va, level, alloc_table);
		if (entry == NULL)
			return -ENOMEM;
		*entry = pte_make_leaf(pa >> PAGE_SHIFT, bits);
		va += step;
		pa += step;
		len_bytes -= step;
	}
	return 0;
}

int mmu_kernel_map(vaddr_t va, paddr_t pa, u64 bits, paddr_t (*alloc_table)(void))
{
	return mmu_kernel_map_range(va, pa, PAGE_SIZE, bits | PTE_V | PTE_G, alloc_table);
}

int mmu_kernel_prepare(vaddr_t va, paddr_t (*alloc_table)(void))
{
	return kernel_entry(va, 0, alloc_table) == NULL ? -ENOMEM : 0;
}

paddr_t mmu_kernel_unmap(vaddr_t va)
{
	pte_t *entry = kernel_entry(va, 0, NULL);
	const paddr_t pa = pte_paddr(*entry);
	*entry = pte_none();
	return pa;
}

pte_t mmu_kernel_lookup(vaddr_t va, unsigned *level)
{
	const pte_t *table = kernel_root;
	for (unsigned at = PT_LEVELS - 1;; at--) {
		const pte_t entry = table[pt_index(va, at)];
		*level = at;
		if (at == 0 || !pte_is_table(entry))
			return entry;
		table = table_at(pte_paddr(entry));
	}
}

const pte_t *mmu_table_at(paddr_t table)
{
	return table_at(table);
}
