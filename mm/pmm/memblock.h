/* SPDX-License-Identifier: MIT */
/*
 * The boot map: which physical ranges are RAM and which of it is taken. Small sorted arrays, usable
 * before the MMU is on and without any allocator; pmm_init() takes over what is left.
 */
#pragma once

#include "lib/types.h"

struct mem_range {
	paddr_t start, end; /* bytes, end exclusive */
};

/* RAM. Overlaps are merged. -ENOSPC when the array is full. */
int memblock_add(paddr_t start, paddr_t end);
/* Never to be allocated. Ranges outside RAM are welcome. @no_map: not even to be mapped (firmware).
 */
int memblock_reserve(paddr_t start, paddr_t end, bool no_map);
/* Forget RAM at and above @end (mem= on the command line; RAM past the linear map). */
void memblock_limit(paddr_t end);

/* Iterate: the @index-th range of RAM; of RAM that may be mapped; of RAM that is free. False: no
 * more. */
bool memblock_ram(unsigned index, struct mem_range *out);
bool memblock_mappable(unsigned index, struct mem_range *out);
bool memblock_free(unsigned index, struct mem_range *out);
/* Does one of the ranges that @next_range (one of the above) counts hold all of [@start, @end)? */
static inline bool memblock_contains(bool (*next_range)(unsigned index, struct mem_range *out),
				     paddr_t start, paddr_t end)
{
	struct mem_range r;
	for (unsigned i = 0; next_range(i, &r); i++)
		if (r.start <= start && end <= r.end)
			return true;
	return false;
}
u64 memblock_ram_bytes(void);
