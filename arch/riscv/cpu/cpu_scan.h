/* SPDX-License-Identifier: MIT */
/* Finding the harts in the device tree, once, on the boot hart. */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/fdt.h"

/* Why the hart of this child of /cpus is left alone, or NULL: it is ours (rule T20). */
const char *cpu_reason_left_alone(const struct fdt *tree, u32 node);

/*
 * Fill cpus[] and cpu_count, and take the timebase. @tree lives forever. Returns 0; -ENODEV: no
 * /cpus; -EINVAL: no timebase-frequency.
 */
__must_check int cpu_scan(const struct fdt *tree, u32 boot_hartid, u32 *timebase_hz);
