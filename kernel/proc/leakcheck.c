// SPDX-License-Identifier: MIT
/*
 * The leak check. Frames of slabs are not compared, for how many a cache needs depends on how its
 * objects lie; the objects themselves are.
 *
 * Locks: none; `baseline` and `present` are boot's and the shutdown thread's alone.
 */
#include "kernel/proc/leakcheck.h"

#include "fs/fs.h"
#include "kernel/core/printk.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/ptable_stock.h"

#define CACHES_MAX 96
/* A thread that has ended is freed by the next one on its hart. */
#define SETTLE_ROUNDS   400
#define SETTLE_PAUSE_NS 25000000UL

static const struct {
	enum page_kind kind;
	const char *name;
} compared_kinds[] = {
	{ PAGE_ANON, "anon" },   { PAGE_FILE, "file" },     { PAGE_TABLE, "table" },
	{ PAGE_STACK, "stack" }, { PAGE_KERNEL, "kernel" },
};

struct census {
	u64 kind_pages[PAGE_KINDS];
	u32 cache_count;
	struct slab_count caches[CACHES_MAX];
};

static struct census baseline;
static struct census present; /* too large for the stack */

static void census_add_cache(const struct slab_count *count, void *arg)
{
	struct census *c = arg;
	if (c->cache_count < CACHES_MAX)
		c->caches[c->cache_count++] = *count;
}

static void census_take(struct census *c)
{
	slab_shrink_all();
	kstack_shrink();
	ptable_shrink();
	struct pmm_stats memory;
	pmm_stats(&memory);
	memcpy(c->kind_pages, memory.kind_pages, sizeof(c->kind_pages));
	c->cache_count = 0;
	slab_for_each(census_add_cache, c);
}

/* Objects that cache @name had at the baseline; a cache made later had none. */
static u64 baseline_objects(const char *name)
{
	for (u32 i = 0; i < baseline.cache_count; i++) {
		if (strcmp(baseline.caches[i].name, name) == 0)
			return baseline.caches[i].objects;
	}
	return 0;
}

/* ", 3 anon pages" behind the @len bytes in @buf, if there are more @now than @before. The new
 * length. */
static size_t list_append(char *buf, size_t size, size_t len, u64 now, u64 before, const char *name,
			  const char *what)
{
	if (now <= before)
		return len;
	return len + format_buf(buf + len, size - len, "%s%lu %s %s%s", len == 0 ? "" : ", ",
				now - before, name, what, now - before == 1 ? "" : "s");
}

/* What is there more than at the baseline, by kind. Returns the length: 0 = nothing. */
static size_t describe_leaks(char *buf, size_t size)
{
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(compared_kinds); i++) {
		const enum page_kind kind = compared_kinds[i].kind;
		len = list_append(buf, size, len, present.kind_pages[kind],
				  baseline.kind_pages[kind], compared_kinds[i].name, "page");
	}
	for (u32 i = 0; i < present.cache_count; i++) {
		const struct slab_count *cache = &present.caches[i];
		len = list_append(buf, size, len, cache->objects, baseline_objects(cache->name),
				  cache->name, "object");
	}
	return len;
}

void leakcheck_baseline(void)
{
	census_take(&baseline);
	if (baseline.cache_count == CACHES_MAX)
		pr_warn("leaks: more than %d slab caches: raise CACHES_MAX\n", CACHES_MAX);
}

int leakcheck_show(struct seq *s)
{
	struct census *now = kmalloc(sizeof(*now));
	if (now == NULL)
		return -ENOMEM;
	census_take(now);
	for (size_t i = 0; i < ARRAY_SIZE(compared_kinds); i++)
		seq_printf(s, "%lu %s pages\n", now->kind_pages[compared_kinds[i].kind],
			   compared_kinds[i].name);
	for (u32 i = 0; i < now->cache_count; i++)
		seq_printf(s, "%lu %s objects\n", now->caches[i].objects, now->caches[i].name);
	kfree(now);
	return 0;
}

void leakcheck_verdict(void)
{
	static char leaks[512];
	for (int round = 0; round < SETTLE_ROUNDS; round++) {
		census_take(&present);
		if (describe_leaks(leaks, sizeof(leaks)) == 0)
			break;
		(void)sleep_until(clock_now() + SETTLE_PAUSE_NS); /* kernel threads are not
								     interrupted */
	}
	if (leaks[0] != '\0')
		pr_emerg("leaks: %s\n", leaks);
	else
		pr_emerg("leaks: none\n");
}
