/* SPDX-License-Identifier: MIT */
/* Where head.S hands over. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* @hartid: whom the firmware chose; @fdt: physical address of the tree. On the boot stack, MMU on.
 */
__noreturn void kernel_main(u64 hartid, paddr_t fdt);
