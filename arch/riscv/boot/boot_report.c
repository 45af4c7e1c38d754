// SPDX-License-Identifier: MIT
/*
 * What the machine is, by its device tree, its firmware and the boot hart's own registers. Memory
 * (boot_tree.c) and drivers (drivers/base/bind.c) report themselves.
 */
#include "arch/riscv/boot/boot_report.h"

#include "arch/riscv/boot/boot_tree.h"
#include "arch/riscv/boot/early_map.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu_scan.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sbi.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "lib/format.h"
#include "lib/string.h"

#define LINE_BYTES 512 /* an ISA with all its extensions is long */

static const char *string_or(u32 node, const char *property, const char *otherwise)
{
	const char *text = fdt_prop_string(&boot_tree, node, property);
	return text != NULL ? text : otherwise;
}

static void report_firmware(u32 boot_hartid)
{
	char text[LINE_BYTES];
	sbi_describe(text, sizeof(text));
	pr_info("%s\n", text);
	sbi_describe_hart(text, sizeof(text));
	pr_info("boot hart %u: %s\n", boot_hartid, text);
}

static void report_time(void)
{
	const u64 hz = clock_frequency();
	pr_info("time: counter at %lu Hz, %lu.%03lu s at entry\n", hz, clock_entry_ticks / hz,
		clock_entry_ticks % hz * 1000 / hz);
}

static void describe_hart(u32 node, char *buf, size_t size)
{
	const char *reason = cpu_reason_left_alone(&boot_tree, node);
	snprintf(buf, size, "%s, %s%s%s", string_or(node, "riscv,isa", "ISA not told"),
		 string_or(node, "mmu-type", "no MMU"), reason != NULL ? ", left alone: " : "",
		 reason != NULL ? reason : "");
}

static void report_run(u64 first, u64 last, const char *text)
{
	if (first == last)
		pr_info("hart %lu: %s\n", first, text);
	else
		pr_info("harts %lu-%lu: %s\n", first, last, text);
}

/* Neighbours that are alike share a line. */
static void report_harts(void)
{
	char run_text[LINE_BYTES] = "";
	u64 first = 0, last = 0;
	fdt_for_each_child(&boot_tree, node, fdt_find_path(&boot_tree, "/cpus")) {
		char text[LINE_BYTES];
		u64 hartid, no_size;
		if (fdt_prop(&boot_tree, node, "device_type", NULL) == NULL ||
		    fdt_reg_raw(&boot_tree, node, 0, &hartid, &no_size) != 0)
			continue; /* cpu-map and the like */
		describe_hart(node, text, sizeof(text));
		if (run_text[0] != '\0' && hartid == last + 1 && strcmp(text, run_text) == 0) {
			last = hartid;
			continue;
		}
		if (run_text[0] != '\0')
			report_run(first, last, run_text);
		first = last = hartid;
		strlcpy(run_text, text, sizeof(run_text));
	}
	if (run_text[0] != '\0')
		report_run(first, last, run_text);
}

void boot_report(u32 boot_hartid)
{
	const u32 root = fdt_root(&boot_tree);
	pr_info("machine: %s (%s)\n", string_or(root, "model", "no model"),
		string_or(root, "compatible", "compatible with nothing"));
	report_firmware(boot_hartid);
	report_time();
	pr_info("image at %#lx, device tree at %#lx, command line \"%s\"\n", kernel_image_base,
		early_fdt_phys, cmdline_text());
	report_harts();
}
