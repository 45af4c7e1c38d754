/* SPDX-License-Identifier: MIT */
/* Memory whose every page says by one word who wrote it last, and which page it is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096UL

struct area {
	char *base;
	size_t pages;
};

/* Anonymous private memory, all of it there: QEMU is slow at faults. Returns: 0; -1 with errno. */
int area_map(struct area *area, size_t bytes);

/* The same in a mapping for each page, which no kernel can make one of. Returns: 0; -1 if it
 * cannot. */
int area_map_apart(struct area *area, size_t pages);

/* One store to each page. */
void area_write(const struct area *area, uint64_t writer);

/* Returns: how many pages, from page @from on, were not written by @writer last. */
size_t area_count_others(const struct area *area, size_t from, uint64_t writer);
