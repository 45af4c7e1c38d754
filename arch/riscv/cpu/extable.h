/* SPDX-License-Identifier: MIT */
/* Kernel instructions that may fault on user memory, and where each goes when the fault cannot be
 * served. */
#pragma once

#include "lib/types.h"

/* The recovery address for the instruction at @pc, 0 if it may not fault. */
u64 extable_find(u64 pc);
