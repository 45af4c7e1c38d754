/* SPDX-License-Identifier: MIT */
/* What runs before the MMU is on. */
#pragma once

#include "lib/types.h"

/* head.S begins at its upper end. */
extern char boot_stack_slot[];

/* Where the device tree is seen after early_map(), read-only; NULL if it was none. */
extern const void *early_fdt;
extern paddr_t early_fdt_phys;
extern size_t early_fdt_mapped_bytes;

/*
 * Map the kernel image with its final rights, and the device tree, in kernel_root. Called by head.S
 * with the MMU off. @image: physical address of the first byte; @fdt: what the firmware passed in
 * a1. Returns the value for satp.
 */
u64 early_map(paddr_t image, paddr_t fdt);
/* satp did not take what early_map() returned: say so and stop. MMU off. */
void early_no_paging(void);
/* A trap before trap entry works: print it with the firmware's console and stop. Either side of the
 * MMU. */
void early_trap(u64 cause, u64 pc, u64 badaddr);
/*
 * Map all RAM that may be mapped at LINEAR_BASE, from memblock's lists. The kernel's own text and
 * read-only data are read-only there too. Panics if memory for tables runs out.
 */
void early_map_linear(void);
