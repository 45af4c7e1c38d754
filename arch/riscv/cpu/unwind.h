/* SPDX-License-Identifier: MIT */
/*
 * Who called whom, from a kernel stack, for reports. Every kernel stack fills a slot of its own
 * size, so its ends follow from any place in it; nothing outside is read, so a damaged stack cannot
 * lead astray. Exact with CONFIG_FRAME_POINTERS; without, calls that have returned may stand among
 * those that have not.
 *
 * Places are return addresses: the call is the instruction before. Where a trap interrupted the
 * kernel or a program, the address behind the interrupted instruction stands in for one.
 */
#pragma once

#include "lib/types.h"

struct trap_frame;

/* From @fp, a function's __builtin_frame_address(0), outwards, at most @max into @places; returns
 * how many. Any context. */
size_t unwind_stack(u64 fp, u64 *places, size_t max);
/* The same from where the trap of @f came from, that place first. */
size_t unwind_trap(const struct trap_frame *f, u64 *places, size_t max);
