// SPDX-License-Identifier: MIT
/*
 * The kernel's page table, in two steps: early_map() with the MMU off (the image and the device
 * tree, from tables that are part of the image), early_map_linear() with it on (all RAM).
 *
 * Code that runs with the MMU off is compiled like the rest (medany: addresses relative to pc) and
 * works because it uses neither tables of pointers nor switch statements. Leaves have A and D set
 * from the start (rule T1); firmware and whatever the tree reserves is never mapped, and no
 * superpage overlaps it (rules T9, T11, T17).
 */
#include "arch/riscv/boot/early_map.h"

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/sections.h"
#include "kernel/core/panic.h"
#include "lib/string.h"
#include "mm/pmm/memblock.h"

#define FDT_MAGIC     0xd00dfeed
#define FDT_MAX_BYTES (1UL << 20)
static_assert(FDT_WINDOW + FDT_WINDOW_SIZE == KERNEL_BASE + KERNEL_SIZE, "layout.h");
static_assert(FDT_MAX_BYTES + PAGE_SIZE <= FDT_WINDOW_SIZE, "the tree and its first page's offset");

#define IMAGE_TABLES 8

static pte_t image_level1[PTES_PER_TABLE] __aligned(PAGE_SIZE);
static pte_t image_level0[IMAGE_TABLES][PTES_PER_TABLE] __aligned(PAGE_SIZE);
static u32 image_level0_used;
static pte_t fdt_level0[PTES_PER_TABLE] __aligned(PAGE_SIZE);

/*
 * The boot thread's stack obeys the rule of all kernel stacks: a slot of twice its size, the lower
 * half unused, so that trap entry can tell an overflow by one bit of sp.
 */
char boot_stack_slot[2 * KSTACK_SIZE] __aligned(2 * KSTACK_SIZE);

const void *early_fdt;
paddr_t early_fdt_phys;
size_t early_fdt_mapped_bytes;

/* Stop with a line on the firmware's console: nothing better works yet. */
static __noreturn void early_stop(const char *line)
{
	size_t len = 0;
	while (line[len] != '\0')
		len++;
	sbi_console_write(line, len);
	for (;;)
		cpu_wait_for_interrupt();
}

/* MMU off. Map [@from, @to) of the image, symbols as the running code sees them, with @bits. */
static void early_map_image(const char *image, const char *from, const char *to, u64 bits)
{
	for (const char *page = from; page < to; page += PAGE_SIZE) {
		const u64 va = KERNEL_BASE + (u64)(page - image);
		pte_t *inner = &image_level1[pt_index(va, 1)];
		if (!pte_is_valid(*inner)) {
			if (image_level0_used == IMAGE_TABLES)
				early_stop(
					"heifer: the kernel image is too large for its boot tables "
					"(arch/riscv/boot/early_map.c: IMAGE_TABLES)\n");
			*inner = pte_make_table((paddr_t)image_level0[image_level0_used++] >>
						PAGE_SHIFT);
		}
		pte_t *table = (pte_t *)pte_paddr(*inner);
		table[pt_index(va, 0)] = pte_make_leaf((paddr_t)page >> PAGE_SHIFT, bits);
	}
}

static u32 early_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* MMU off. The tree may lie anywhere, above 4 GiB too, and only 8-byte aligned (rule T13). */
static void early_map_fdt(paddr_t fdt)
{
	if (fdt == 0 || fdt % 8 != 0)
		return;
	const u8 *header = (const u8 *)fdt;
	if (early_be32(header) != FDT_MAGIC)
		return;
	const u64 size = early_be32(header + 4);
	if (size > FDT_MAX_BYTES)
		return;

	const paddr_t first = page_align_down(fdt);
	const paddr_t end = page_align_up(fdt + size);
	for (paddr_t page = first; page < end; page += PAGE_SIZE)
		fdt_level0[pt_index(FDT_WINDOW + (page - first), 0)] =
			pte_make_leaf(page >> PAGE_SHIFT, PTE_V | PTE_R | PTE_G);
	image_level1[pt_index(FDT_WINDOW, 1)] = pte_make_table((paddr_t)fdt_level0 >> PAGE_SHIFT);
	early_fdt = (const void *)(FDT_WINDOW + page_offset(fdt));
	early_fdt_phys = fdt;
	early_fdt_mapped_bytes = size;
}

u64 early_map(paddr_t image, paddr_t fdt)
{
	if (!IS_ALIGNED(image, MEGAPAGE_SIZE))
		early_stop("heifer: loaded at an address that is not a multiple of 2 MiB\n");
	kernel_image_base = image;
	early_map_image(_text, _text, _text_end, PTE_V | PTE_R | PTE_X | PTE_G);
	early_map_image(_text, _text_end, _rodata_end, PTE_V | PTE_R | PTE_G);
	/* The boot stack's guard stays a hole, as every kernel stack's does. */
	early_map_image(_text, _initramfs_section_end, boot_stack_slot,
			PTE_V | PTE_R | PTE_W | PTE_G);
	early_map_image(_text, boot_stack_slot + KSTACK_SIZE, _end, PTE_V | PTE_R | PTE_W | PTE_G);
	kernel_root[pt_index(KERNEL_BASE, 2)] = pte_make_table((paddr_t)image_level1 >> PAGE_SHIFT);
	early_map_fdt(fdt);
	kernel_satp = satp_make((paddr_t)kernel_root >> PAGE_SHIFT);
	return kernel_satp;
}

void early_no_paging(void)
{
	early_stop("heifer: the boot hart has no Sv39 paging\n");
}

static void early_put_hex(u64 value)
{
	char text[17];
	for (int i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	text[16] = ' ';
	sbi_console_write(text, sizeof(text));
}

void early_trap(u64 cause, u64 pc, u64 badaddr)
{
	static const char reason[] = "heifer: trap during early boot, scause sepc stval: ";
	sbi_console_write(reason, sizeof(reason) - 1);
	early_put_hex(cause);
	early_put_hex(pc);
	early_put_hex(badaddr);
	early_stop("\n");
}

/*
 * Tables of the linear map come from a window of RAM that is mapped first, by tables of the image:
 * a table must be visible before it can be written.
 */
static pte_t window_tables[4][PTES_PER_TABLE] __aligned(PAGE_SIZE);
static u32 window_tables_used;
static paddr_t window_next, window_end;

static paddr_t window_table_from_image(void)
{
	if (window_tables_used == ARRAY_SIZE(window_tables))
		return 0;
	return kernel_image_phys(window_tables[window_tables_used++]);
}

static paddr_t window_table(void)
{
	if (window_next == window_end)
		return 0;
	const paddr_t table = window_next;
	window_next += PAGE_SIZE;
	memset(phys_to_virt(table), 0, PAGE_SIZE);
	return table;
}

static void linear_map(paddr_t start, paddr_t end, u64 bits, paddr_t (*alloc)(void))
{
	if (start < end && mmu_kernel_map_range(LINEAR_BASE + start, start, end - start,
						bits | PTE_V | PTE_R | PTE_G, alloc) != 0)
		panic("no memory for the linear map at %#lx", start);
}

/* The part of @r inside [@start, @end), mapped with @bits. */
static void linear_map_part(const struct mem_range *r, paddr_t start, paddr_t end, u64 bits)
{
	linear_map(MAX(r->start, start), MIN(r->end, end), bits, window_table);
}

/* The largest piece of free RAM, up to 2 MiB from its start, and within one 2 MiB frame. */
static void window_choose(void)
{
	struct mem_range best = { 0, 0 };
	struct mem_range r;
	for (unsigned i = 0; memblock_free(i, &r); i++)
		if (r.end - r.start > best.end - best.start)
			best = r;
	if (best.end - best.start < 16 * PAGE_SIZE)
		panic("no free memory: %lu KiB of RAM in the device tree",
		      memblock_ram_bytes() >> 10);
	window_next = best.start;
	window_end = MIN(best.end, ALIGN_UP(best.start + 1, MEGAPAGE_SIZE));
	if (window_end - window_next < 16 * PAGE_SIZE && best.end > window_end) {
		window_next = window_end;
		window_end = MIN(best.end, window_next + MEGAPAGE_SIZE);
	}
}

void early_map_linear(void)
{
	const paddr_t image = kernel_image_phys(_text);
	const paddr_t rodata_end = kernel_image_phys(_rodata_end);

	window_choose();
	const paddr_t window_start = window_next;
	const paddr_t window_limit = window_end;
	linear_map(window_start, window_limit, PTE_W, window_table_from_image);

	struct mem_range r;
	for (unsigned i = 0; memblock_mappable(i, &r); i++) {
		struct mem_range part[2] = { { r.start, MIN(r.end, window_start) },
					     { MAX(r.start, window_limit), r.end } };
		for (int k = 0; k < 2; k++) {
			if (part[k].start >= part[k].end)
				continue;
			linear_map_part(&part[k], 0, image, PTE_W);
			linear_map_part(&part[k], image, rodata_end, 0);
			linear_map_part(&part[k], rodata_end, ~0UL, PTE_W);
		}
	}
	if (memblock_reserve(window_start, window_next, false) != 0)
		panic("too many reserved ranges (mm/pmm/memblock.c)");
	tlb_flush_local();
}
