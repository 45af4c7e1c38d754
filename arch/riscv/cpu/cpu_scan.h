/* SPDX-License-Identifier: MIT */
/* Finding the harts in the device tree, once, on the boot hart. */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/fdt.h"

/*
 * Fill cpus[] and cpu_count, and take the timebase. Returns 0; -ENODEV: no /cpus; -EINVAL: no
 * timebase-frequency.
 */
__must_check int cpu_scan(const struct fdt *tree, u32 boot_hartid, u32 *timebase_hz);
