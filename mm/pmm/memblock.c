// SPDX-License-Identifier: MIT
/*
 * Two sorted arrays of ranges that neither touch nor overlap: RAM, and what of it is taken; a third
 * for what may not even be mapped. RAM is rounded inwards to pages, reservations outwards. Boot
 * hart only, before pmm_init().
 */
#include "mm/pmm/memblock.h"

#include "arch/riscv/cpu/mmu.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

#define RANGES_MAX 64
/* Where rounding up to a page still is a number: all ranges end here. */
#define RANGES_END (~0UL & ~(PAGE_SIZE - 1))

struct range_set {
	struct mem_range r[RANGES_MAX];
	unsigned count;
};

static struct range_set ram, reserved, no_map;

/* Add [@start, @end), joining it with every range it touches. */
static int set_add(struct range_set *s, paddr_t start, paddr_t end)
{
	unsigned first = 0;
	while (first < s->count && s->r[first].end < start)
		first++;
	unsigned last = first; /* the first range behind the new one */
	while (last < s->count && s->r[last].start <= end)
		last++;

	if (first == last) {
		if (s->count == RANGES_MAX)
			return -ENOSPC;
		memmove(&s->r[first + 1], &s->r[first], (s->count - first) * sizeof(s->r[0]));
		s->r[first] = (struct mem_range){ start, end };
		s->count++;
		return 0;
	}
	s->r[first].start = MIN(s->r[first].start, start);
	s->r[first].end = MAX(s->r[last - 1].end, end);
	memmove(&s->r[first + 1], &s->r[last], (s->count - last) * sizeof(s->r[0]));
	s->count -= last - first - 1;
	return 0;
}

int memblock_add(paddr_t start, paddr_t end)
{
	start = page_align_up(MIN(start, RANGES_END));
	end = page_align_down(end);
	return start < end ? set_add(&ram, start, end) : 0;
}

int memblock_reserve(paddr_t start, paddr_t end, bool is_no_map)
{
	end = MIN(end, RANGES_END);
	if (start >= end)
		return 0;
	start = page_align_down(start);
	end = page_align_up(end);
	const int error = set_add(&reserved, start, end);
	return error != 0 || !is_no_map ? error : set_add(&no_map, start, end);
}

void memblock_limit(paddr_t end)
{
	end = page_align_down(end);
	while (ram.count != 0 && ram.r[ram.count - 1].start >= end)
		ram.count--;
	if (ram.count != 0)
		ram.r[ram.count - 1].end = MIN(ram.r[ram.count - 1].end, end);
}

bool memblock_ram(unsigned index, struct mem_range *out)
{
	if (index >= ram.count)
		return false;
	*out = ram.r[index];
	return true;
}

/* The @index-th range of RAM minus @holes. Both are sorted, so one pass counts through the gaps. */
static bool ram_without(const struct range_set *holes, unsigned index, struct mem_range *out)
{
	for (unsigned i = 0; i < ram.count; i++) {
		paddr_t at = ram.r[i].start;
		for (unsigned h = 0; h <= holes->count; h++) {
			const paddr_t gap_end = h < holes->count ?
							MIN(holes->r[h].start, ram.r[i].end) :
							ram.r[i].end;
			if (gap_end > at && index-- == 0) {
				*out = (struct mem_range){ at, gap_end };
				return true;
			}
			if (h < holes->count)
				at = MAX(at, holes->r[h].end);
			if (at >= ram.r[i].end)
				break;
		}
	}
	return false;
}

bool memblock_mappable(unsigned index, struct mem_range *out)
{
	return ram_without(&no_map, index, out);
}

bool memblock_free(unsigned index, struct mem_range *out)
{
	return ram_without(&reserved, index, out);
}

u64 memblock_ram_bytes(void)
{
	u64 sum = 0;
	for (unsigned i = 0; i < ram.count; i++)
		sum += ram.r[i].end - ram.r[i].start;
	return sum;
}
