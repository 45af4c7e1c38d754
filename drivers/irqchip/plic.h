/* SPDX-License-Identifier: MIT */
/* What the tests look at of the PLIC driver: how it finds the contexts of our harts. */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/fdt.h"
#include "lib/types.h"

#define PLIC_CONTEXT_NONE UINT32_MAX

/*
 * The context in which each hart of cpus[] takes interrupts in supervisor mode, by cpu index;
 * PLIC_CONTEXT_NONE for a hart without one. Returns the number of contexts the controller has, 0 if
 * the node does not say.
 */
u32 plic_find_contexts(const struct fdt *tree, u32 node, u32 context_of[CONFIG_NR_CPUS]);
