/* SPDX-License-Identifier: MIT */
/* Walking kernel stacks by frame pointer, for reports. Reads only inside the bounds it is given. */
#pragma once

#include "lib/types.h"

/*
 * Return addresses from frame pointer @fp outwards, at most @max into @pcs; returns how many. Stops
 * at the first frame outside [@stack_lo, @stack_hi], so a damaged stack cannot lead it astray.
 */
size_t unwind_stack(u64 fp, u64 stack_lo, u64 stack_hi, u64 *pcs, size_t max);
