// SPDX-License-Identifier: MIT
/* The word of page i is i more than its writer's; writers are far apart, so no two agree. */
#include "user/bench/area.h"

#include <stdio.h>
#include <sys/mman.h>

#define WRITER_SHIFT 32

static uint64_t word_of(uint64_t writer, size_t page)
{
	return (writer << WRITER_SHIFT) + page + 1;
}

int area_map(struct area *area, size_t bytes)
{
	area->pages = bytes / PAGE_BYTES;
	area->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return area->base == MAP_FAILED ? -1 : 0;
}

static size_t count_mappings(void)
{
	char line[512];
	size_t count = 0;
	FILE *const maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
		count++;
	if (maps != NULL)
		fclose(maps);
	return count;
}

int area_map_apart(struct area *area, size_t pages)
{
	if (area_map(area, pages * PAGE_BYTES) != 0)
		return -1;
	for (size_t i = 0; i < pages; i += 2)
		if (mprotect(area->base + i * PAGE_BYTES, PAGE_BYTES,
			     PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
			return -1;
	return count_mappings() >= pages ? 0 : -1;
}

void area_write(const struct area *area, uint64_t writer)
{
	for (size_t i = 0; i < area->pages; i++)
		*(volatile uint64_t *)(area->base + i * PAGE_BYTES) = word_of(writer, i);
}

size_t area_count_others(const struct area *area, size_t from, uint64_t writer)
{
	size_t others = 0;
	for (size_t i = from; i < area->pages; i++)
		others += *(volatile uint64_t *)(area->base + i * PAGE_BYTES) != word_of(writer, i);
	return others;
}
