// SPDX-License-Identifier: MIT
/*
 * The harts, densely numbered: index 0 is the one that booted, whatever its id (rule T19). Which
 * harts there are comes from the tree (rule T20): enabled, of device_type cpu, with an MMU. The
 * lone S7 of the FU740 has none: most trees leave its mmu-type out, some say "riscv,none".
 */
#include "arch/riscv/cpu/cpu.h"

#include "arch/riscv/cpu/cpu_scan.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

struct cpu cpus[CONFIG_NR_CPUS] __aligned(64);
u32 cpu_count;

static const char *isa_string = "rv64ima"; /* in the tree */

const char *cpu_isa_string(void)
{
	return isa_string;
}

const char *cpu_reason_left_alone(const struct fdt *tree, u32 node)
{
	const char *type = fdt_prop_string(tree, node, "device_type");
	if (type == NULL || strcmp(type, "cpu") != 0)
		return "no hart";
	if (!fdt_node_is_enabled(tree, node))
		return "disabled";
	const char *mmu = fdt_prop_string(tree, node, "mmu-type");
	return mmu == NULL || strcmp(mmu, "riscv,none") == 0 ? "no paging" : NULL;
}

static void cpu_add(u32 hartid)
{
	cpus[cpu_count].index = cpu_count;
	cpus[cpu_count].bit = BIT(cpu_count);
	cpus[cpu_count].hartid = hartid;
	cpu_count++;
}

int cpu_scan(const struct fdt *tree, u32 boot_hartid, u32 *timebase_hz)
{
	const u32 parent = fdt_find_path(tree, "/cpus");
	if (parent == FDT_NONE)
		return -ENODEV;
	if (fdt_prop_u32(tree, parent, "timebase-frequency", timebase_hz) != 0 || *timebase_hz == 0)
		return -EINVAL;

	cpu_add(boot_hartid);
	fdt_for_each_child(tree, node, parent) {
		u64 hartid, no_size;
		if (cpu_reason_left_alone(tree, node) != NULL ||
		    fdt_reg_raw(tree, node, 0, &hartid, &no_size) != 0)
			continue;
		if (hartid == boot_hartid) {
			const char *isa = fdt_prop_string(tree, node, "riscv,isa");
			if (isa != NULL)
				isa_string = isa;
		} else if (cpu_count < CONFIG_NR_CPUS) {
			cpu_add((u32)hartid);
		}
	}
	return 0;
}
