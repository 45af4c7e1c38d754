// SPDX-License-Identifier: MIT
/* Mappings, and what their first touch costs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES 50

static char *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* One store to each page, then a load elsewhere in it. Returns: how many loads did not give 0. An
 * atomic exchange would say more, but QEMU makes it fault twice. */
static size_t touch(char *base, size_t bytes)
{
	size_t others = 0;
	for (volatile uint64_t *word = (uint64_t *)base; (char *)word < base + bytes;
	     word += PAGE_BYTES / sizeof(*word)) {
		word[0] = 1;
		others += word[1] != 0;
	}
	return others;
}

/* Where each mapping is to come, if nothing is lost. */
static char *place_of_next(size_t bytes)
{
	char *const place = map(bytes);
	VERIFY(place != MAP_FAILED && munmap(place, bytes) == 0);
	return place;
}

static uint64_t map_unmap(const struct row *row)
{
	const size_t bytes = row->bytes;
	char *const place = place_of_next(bytes);
	uint64_t elsewhere = 0;
	int failed = 0;
	const uint64_t took = counter_loop(row->times, {
		char *const base = map(bytes);
		elsewhere |= (uint64_t)base ^ (uint64_t)place;
		failed |= munmap(base, bytes);
	});
	VERIFY(elsewhere == 0 && failed == 0 && place_of_next(bytes) == place);
	return took;
}

static uint64_t map_touch_unmap(const struct row *row)
{
	const size_t bytes = row->bytes;
	size_t others = 0;
	int failed = 0;
	const uint64_t took = counter_loop(row->times, {
		char *const base = map(bytes);
		others += touch(base, bytes);
		failed |= munmap(base, bytes);
	});
	VERIFY(others == 0 && failed == 0);
	return took;
}

static char *page;
static int zero;

static void setup_page(const struct row *row)
{
	page = map(row->bytes);
	zero = open("/dev/zero", O_RDONLY);
	VERIFY(page != MAP_FAILED && touch(page, row->bytes) == 0 && zero >= 0);
}

/* The kernel writes where the process may, too. */
static uint64_t protect_and_back(const struct row *row)
{
	int failed = 0;
	const uint64_t took = counter_loop(row->times, {
		failed |= mprotect(page, PAGE_BYTES, PROT_READ);
		failed |= mprotect(page, PAGE_BYTES, PROT_READ | PROT_WRITE);
	});
	VERIFY(failed == 0 && read(zero, page, 1) == 1);
	VERIFY(mprotect(page, PAGE_BYTES, PROT_READ) == 0);
	VERIFY(read(zero, page, 1) == -1 && errno == EFAULT);
	VERIFY(mprotect(page, PAGE_BYTES, PROT_READ | PROT_WRITE) == 0);
	VERIFY(read(zero, page, 1) == 1);
	return took;
}

static uint64_t first_touch(const struct row *row)
{
	char *const base = map(row->bytes);
	VERIFY(base != MAP_FAILED);
	const uint64_t start = counter_begin();
	const size_t others = touch(base, row->bytes);
	const uint64_t took = counter_between(start, counter_end());
	VERIFY(others == 0 && munmap(base, row->bytes) == 0);
	return took;
}

static int file;
static uint64_t writer = 1;

/* A file in the page cache, whose name is gone. */
static void setup_file(const struct row *row)
{
	char path[] = "/tmp/bench-map-XXXXXX";
	struct area area;
	file = mkostemp(path, O_CLOEXEC);
	VERIFY(file >= 0 && unlink(path) == 0 && area_map(&area, row->bytes) == 0);
	area_write(&area, writer);
	VERIFY(write(file, area.base, row->bytes) == (ssize_t)row->bytes);
	VERIFY(munmap(area.base, row->bytes) == 0);
}

static uint64_t read_mapped_file(const struct row *row)
{
	const struct area area = {
		.base = mmap(NULL, row->bytes, PROT_READ, MAP_PRIVATE, file, 0),
		.pages = row->bytes / PAGE_BYTES,
	};
	VERIFY(area.base != MAP_FAILED);
	const uint64_t start = counter_begin();
	const size_t others = area_count_others(&area, 0, writer);
	const uint64_t took = counter_between(start, counter_end());
	VERIFY(others == 0 && munmap(area.base, row->bytes) == 0);
	return took;
}

#define KIBI (1UL << 10)
#define MEBI (1UL << 20)

static const struct row rows[] = {
	{ .name = "mmap_munmap_64K", .round = map_unmap, .bytes = 64 * KIBI, .times = TIMES },
	{ .name = "mmap_touch_munmap_64K",
	  .round = map_touch_unmap,
	  .bytes = 64 * KIBI,
	  .times = 10 },
	{ .name = "mprotect",
	  .setup = setup_page,
	  .round = protect_and_back,
	  .bytes = PAGE_BYTES,
	  .times = TIMES },
	{ .name = "first_touch", .round = first_touch, .bytes = 4 * MEBI, .lines = LINE_OF_PAGE },
	{ .name = "file_map_read",
	  .setup = setup_file,
	  .round = read_mapped_file,
	  .bytes = 4 * MEBI,
	  .copies = 2,
	  .lines = LINE_OF_PAGE },
};

const struct group group_memory = { "memory", rows, ARRAY_SIZE(rows) };
