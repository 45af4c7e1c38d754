// SPDX-License-Identifier: MIT
/*
 * Memory, command line and seeds out of the device tree. Everything is 64 bits wide and checked: a
 * tree from a damaged card or a wrong address ends in one line, not in a crash (rules T13, T17,
 * T25).
 */
#include "arch/riscv/boot/boot_tree.h"

#include "arch/riscv/boot/early_map.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sections.h"
#include "kernel/core/printk.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/memblock.h"

struct fdt boot_tree;

void boot_stop(const char *format, ...)
{
	char line[160];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	pr_err("Heifer cannot start: %s\n", line);
	for (;;)
		cpu_wait_for_interrupt();
}

void boot_tree_open(void)
{
	if (early_fdt == NULL)
		boot_stop("no device tree where a1 points (or one of more than 1 MiB)");
	if (fdt_open(early_fdt, early_fdt_mapped_bytes, &boot_tree) != 0)
		boot_stop("the device tree at %#lx is damaged: %s", early_fdt_phys,
			  boot_tree.error);
}

static u32 chosen(void)
{
	return fdt_find_path(&boot_tree, "/chosen");
}

const char *boot_tree_command_line(void)
{
	const char *args = fdt_prop_string(&boot_tree, chosen(), "bootargs");
	return args != NULL ? args : "";
}

static bool initrd_is_refused; /* it is not where RAM was free */

void boot_tree_initrd(paddr_t *start, paddr_t *end)
{
	*start = *end = 0;
	if (initrd_is_refused)
		return;
	u64 first, last;
	if (fdt_prop_u64(&boot_tree, chosen(), "linux,initrd-start", &first) == 0 &&
	    fdt_prop_u64(&boot_tree, chosen(), "linux,initrd-end", &last) == 0 && first < last) {
		*start = first;
		*end = last;
	}
}

const void *boot_tree_rng_seed(size_t *len_bytes)
{
	u32 len = 0;
	const void *seed = fdt_prop(&boot_tree, chosen(), "rng-seed", &len);
	*len_bytes = len;
	return seed;
}

/* @why is for the log. */
static void reserve(paddr_t start, u64 len_bytes, bool no_map, const char *why)
{
	if (len_bytes == 0 || start + len_bytes <= start)
		return;
	if (memblock_reserve(start, start + len_bytes, no_map) != 0)
		boot_stop("too many reserved memory ranges in the device tree (mm/pmm/memblock.c)");
	pr_info("memory: reserved %#lx-%#lx %s%s\n", page_align_down(start),
		page_align_up(start + len_bytes) - 1, why, no_map ? ", not mapped" : "");
}

static void report_ram(void)
{
	struct mem_range r;
	for (unsigned i = 0; memblock_ram(i, &r); i++)
		pr_info("memory: RAM %#lx-%#lx\n", r.start, r.end - 1);
}

static void add_memory_node(u32 node)
{
	u64 start, len;
	for (u32 i = 0; fdt_reg(&boot_tree, node, i, &start, &len) == 0; i++)
		if (len != 0 && start + len > start && memblock_add(start, start + len) != 0)
			boot_stop("too many memory ranges in the device tree (mm/pmm/memblock.c)");
}

static void add_memory(void)
{
	fdt_for_each_child(&boot_tree, node, fdt_root(&boot_tree)) {
		const char *type = fdt_prop_string(&boot_tree, node, "device_type");
		if (type != NULL && strcmp(type, "memory") == 0 &&
		    fdt_node_is_enabled(&boot_tree, node))
			add_memory_node(node);
	}
	/* What the linear map cannot show is left alone. */
	memblock_limit(LINEAR_SIZE);
}

static void reserve_from_tree(void)
{
	u64 start, len;
	for (u32 i = 0; fdt_reserve_entry(&boot_tree, i, &start, &len) == 0; i++)
		reserve(start, len, false, "listed by the tree's header");
	fdt_for_each_child(&boot_tree, node, fdt_find_path(&boot_tree, "/reserved-memory")) {
		const bool no_map = fdt_prop(&boot_tree, node, "no-map", NULL) != NULL;
		for (u32 i = 0; fdt_reg(&boot_tree, node, i, &start, &len) == 0; i++)
			reserve(start, len, no_map, fdt_node_name(&boot_tree, node));
	}
}

/*
 * The first 2 MiB of the bank the kernel runs in are the firmware's, whatever the tree says: older
 * ones do not list themselves, and no mapping may touch them (rules T9, T17).
 */
static void reserve_firmware(paddr_t image)
{
	struct mem_range r;
	for (unsigned i = 0; memblock_ram(i, &r); i++)
		if (r.start < image && image < r.end)
			reserve(r.start, MIN(image - r.start, MEGAPAGE_SIZE), true, "firmware");
}

void boot_tree_memory(paddr_t limit)
{
	const paddr_t image = kernel_image_phys(_text);
	add_memory();
	memblock_limit(limit);
	if (memblock_ram_bytes() == 0)
		boot_stop("the device tree lists no memory");
	report_ram();
	reserve_from_tree();
	reserve_firmware(image);
	reserve(image, (u64)(_end - _text), false, "kernel");
	reserve(early_fdt_phys, fdt_total_size(&boot_tree), false, "device tree");
	paddr_t start, end;
	boot_tree_initrd(&start, &end);
	/*
	 * It is read and its frames given away: RAM, and neither the image nor the tree. That
	 * U-Boot lists it as reserved is no objection.
	 */
	const paddr_t tree_end = early_fdt_phys + fdt_total_size(&boot_tree);
	if (start != end && (!memblock_contains(memblock_mappable, start, end) ||
			     (start < image + (u64)(_end - _text) && image < end) ||
			     (start < tree_end && early_fdt_phys < end))) {
		pr_err("the initramfs at %#lx-%#lx cannot be there: left alone\n", start, end - 1);
		initrd_is_refused = true;
		return;
	}
	reserve(start, end - start, false, "initramfs");
}
