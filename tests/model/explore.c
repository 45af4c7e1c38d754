// SPDX-License-Identifier: MIT
/*
 * Visits every state that a configuration can come to, the nearest first; so the first one that is
 * wrong has the shortest way to it. States are kept whole, less the bytes that the configuration
 * does not use: two states are the same only if they are, never because of a hash.
 */
#include "tests/model/model.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct config *config;

enum { FIRST_CAPACITY = 1 << 16, NO_STATE = 0xffffffff };

/* Which bytes of a state are in use, and so how a state is kept. */
static struct {
	unsigned short offsets[sizeof(struct state)];
	size_t size;
} layout;

/* All states met so far, in the order met, which is the order to visit them. */
static struct {
	u8 *packed;        /* layout.size bytes each */
	uint32_t *parents; /* where it was met first */
	uint32_t count, capacity;
	uint32_t *index; /* by hash: number + 1, 0: free; twice the capacity */
} met;

static struct successors successors;

/* ---- keeping states ---- */

static void use_bytes(const struct state *s, const void *first, size_t len)
{
	const size_t offset = (size_t)((const u8 *)first - (const u8 *)s);
	for (size_t i = 0; i < len; i++)
		layout.offsets[layout.size++] = (unsigned short)(offset + i);
}

static void use_thread(const struct state *s, const struct thread *t)
{
	use_bytes(s, t, offsetof(struct thread, cached_middle));
	if (has(HARTS_CACHE_INNER))
		use_bytes(s, &t->cached_middle, 1 + config->entries[MIDDLE]);
	use_bytes(s, t->tlb, count_pages());
	use_bytes(s, &t->op, sizeof *t - offsetof(struct thread, op));
}

static void lay_out(void)
{
	static const struct state s;
	layout.size = 0;
	use_bytes(&s, s.frames, config->frames * sizeof s.frames[0]);
	for (unsigned level = 0; level < LEVELS; level++)
		for (unsigned n = 0; n < config->tables[level]; n++)
			use_bytes(&s, &s.tables[level][n],
				  offsetof(struct table, entries) + config->entries[level]);
	for (unsigned a = 0; a < config->spaces; a++)
		use_bytes(&s, &s.spaces[a], offsetof(struct space, expected) + count_pages());
	for (unsigned h = 0; h < count_harts(); h++)
		use_thread(&s, &s.threads[h]);
	use_bytes(&s, &s.shared_expected, sizeof s - offsetof(struct state, shared_expected));
}

static void pack(u8 *packed, const struct state *s)
{
	for (size_t i = 0; i < layout.size; i++)
		packed[i] = ((const u8 *)s)[layout.offsets[i]];
}

/* Into @s, whose other bytes are those of the first state for ever. */
static void unpack(struct state *s, const u8 *packed)
{
	for (size_t i = 0; i < layout.size; i++)
		((u8 *)s)[layout.offsets[i]] = packed[i];
}

static const u8 *packed_state(uint32_t number)
{
	return met.packed + number * layout.size;
}

static uint64_t hash(const u8 *packed)
{
	uint64_t h = 0x9e3779b97f4a7c15, word;
	size_t i = 0;
	for (; i + sizeof word <= layout.size; i += sizeof word) {
		memcpy(&word, packed + i, sizeof word);
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, packed + i, layout.size - i);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53;
	return h ^ h >> 29;
}

/* The place of @packed in the index, or the free one where it belongs. */
static uint32_t *find(const u8 *packed)
{
	const uint64_t mask = 2 * (uint64_t)met.capacity - 1;
	uint64_t i = hash(packed) & mask;
	while (met.index[i] != 0 &&
	       memcmp(packed_state(met.index[i] - 1), packed, layout.size) != 0)
		i = (i + 1) & mask;
	return &met.index[i];
}

static void *resize(void *memory, size_t count, size_t size)
{
	void *resized = realloc(memory, count * size);
	if (resized == NULL) {
		fprintf(stderr,
			"no memory for %zu states of %zu bytes: leave this run out, or give "
			"the machine more\n",
			count, layout.size);
		exit(2);
	}
	return resized;
}

static void grow(uint32_t capacity)
{
	met.capacity = capacity;
	met.packed = resize(met.packed, capacity, layout.size);
	met.parents = resize(met.parents, capacity, sizeof *met.parents);
	free(met.index);
	met.index = resize(NULL, 2 * (size_t)capacity, sizeof *met.index);
	memset(met.index, 0, 2 * (size_t)capacity * sizeof *met.index);
	for (uint32_t n = 0; n < met.count; n++)
		*find(packed_state(n)) = n + 1;
}

/* @s, met after @parent, unless it was met before. */
static void meet(const struct state *s, uint32_t parent)
{
	u8 packed[sizeof *s];
	static struct state again;
	if (met.count == 0)
		again = *s;
	pack(packed, s);
	unpack(&again, packed);
	if (memcmp(&again, s, sizeof *s) != 0) {
		fprintf(stderr, "a byte is in use that lay_out() (%s) does not know of\n",
			__FILE__);
		exit(2);
	}
	if (met.count == met.capacity)
		grow(2 * met.capacity);
	uint32_t *place = find(packed);
	if (*place != 0)
		return;
	memcpy(met.packed + met.count * layout.size, packed, layout.size);
	met.parents[met.count++] = parent;
	*place = met.count;
}

/* ---- the first state ---- */

/* Every page is touched, every table and frame the first space's own. */
static void set_up(struct state *s)
{
	memset(s, 0, sizeof *s);
	struct space *first = &s->spaces[0];
	first->phase = PUBLISHED;
	first->refs = 1;
	first->threads = config->threads;
	first->mapped = first->listed = (1u << count_pages()) - 1;
	const u8 middle = table_alloc(s, MIDDLE);
	first->root = INNER_MINE | middle;
	if (config->has_object_page) {
		s->frames[object_frame()].count = 1;
		s->object_lives = 1;
	}
	for (unsigned page = 0; page < count_pages(); page++) {
		u8 *entry = &s->tables[MIDDLE][middle].entries[page / config->entries[LEAVES]];
		if (*entry == 0)
			*entry = INNER_MINE | table_alloc(s, LEAVES);
		u8 *leaf = &s->tables[LEAVES][*entry & INNER_TABLE]
				    .entries[page % config->entries[LEAVES]];
		if (page == object_page()) {
			*leaf = LEAF_V | (config->maps_privately ? LEAF_COW : LEAF_W) |
				object_frame();
		} else {
			*leaf = LEAF_V | LEAF_W | LEAF_COUNTED | frame_alloc(s);
		}
	}
	for (unsigned h = 0; h < MAX_HARTS; h++) {
		struct thread *t = &s->threads[h];
		hart_flush(t);
		t->space = NONE;
		if (h < config->threads) {
			t->space = 0;
			t->at = AT_REST;
			t->in_root = 1;
			t->ops = h == 0 ? config->ops[OPS_FIRST] : config->ops[OPS_OTHERS];
		}
	}
}

/* ---- visiting ---- */

/* A configuration that has no room in a state is a mistake of who wrote it. */
static void check_config(void)
{
	const struct config *c = config;
	if (c->frames <= MAX_FRAMES && c->tables[LEAVES] <= MAX_TABLES &&
	    c->tables[MIDDLE] <= MAX_TABLES && c->spaces <= MAX_SPACES &&
	    count_harts() <= MAX_HARTS && c->entries[MIDDLE] <= MAX_ENTRIES &&
	    c->entries[LEAVES] <= MAX_ENTRIES && c->tables[LEAVES] >= c->entries[MIDDLE] &&
	    c->frames >= count_pages())
		return;
	fprintf(stderr, "a configuration has too much or too little of something: model.h, enum of "
			"limits\n");
	exit(2);
}

/* All that can happen next in @s. */
static void visit(const struct state *s, bool telling)
{
	successors.count = 0;
	successors.telling = telling;
	for (unsigned h = 0; h < count_harts(); h++)
		take_step(&successors, s, h, has(HARTS_SPECULATE));
}

static bool somebody_goes_on(void)
{
	for (unsigned i = 0; i < successors.count; i++)
		if (!successors.list[i].by_hardware)
			return true;
	return false;
}

/* What is wrong with @s, or with one of the steps from it: then *@after is that successor. */
static enum verdict judge(const struct state *s, char what[80], const struct successor **after)
{
	*after = NULL;
	const enum verdict verdict = check_state(s, what);
	if (verdict != HOLDS)
		return verdict;
	visit(s, false);
	for (unsigned i = 0; i < successors.count; i++) {
		if (successors.list[i].verdict != HOLDS) {
			*after = &successors.list[i];
			strcpy(what, (*after)->what);
			return (*after)->verdict;
		}
	}
	return somebody_goes_on() ? HOLDS : check_end(s, what);
}

/* The way to state @last, returns how many steps; @tell: print them. */
static unsigned way_to(uint32_t last, bool tell)
{
	unsigned steps = 0;
	for (uint32_t n = last; met.parents[n] != NO_STATE; n = met.parents[n])
		steps++;
	if (!tell)
		return steps;
	uint32_t *way = resize(NULL, steps + 1, sizeof *way);
	for (uint32_t n = last, i = steps; n != NO_STATE; n = met.parents[n])
		way[i--] = n;
	static struct state s;
	unpack(&s, packed_state(0));
	for (unsigned i = 0; i < steps; i++) {
		u8 packed[sizeof s];
		unpack(&s, packed_state(way[i]));
		visit(&s, true);
		for (unsigned k = 0; k < successors.count; k++) {
			pack(packed, &successors.list[k].state);
			if (memcmp(packed, packed_state(way[i + 1]), layout.size) == 0) {
				printf("%5u  %s\n", i + 1, successors.list[k].story);
				break;
			}
		}
	}
	free(way);
	return steps;
}

static void tell_last(const struct state *s, const struct successor *after, unsigned steps)
{
	if (after == NULL)
		return;
	const ptrdiff_t i = after - successors.list;
	visit(s, true);
	printf("%5u  %s <- here\n", steps, successors.list[i].story);
}

struct result explore(const struct config *c, bool tell)
{
	struct result result = { HOLDS };
	struct state s;
	config = c;
	check_config();
	lay_out();
	met.count = 0;
	grow(FIRST_CAPACITY);
	set_up(&s);
	meet(&s, NO_STATE);
	for (uint32_t n = 0; n < met.count; n++) {
		const struct successor *after;
		unpack(&s, packed_state(n));
		result.verdict = judge(&s, result.what, &after);
		if (result.verdict != HOLDS) {
			result.steps = way_to(n, tell);
			/* That visited the way, so visit this one again. */
			if (after != NULL)
				result.steps++;
			if (tell)
				tell_last(&s, after, result.steps);
			break;
		}
		for (unsigned i = 0; i < successors.count; i++)
			meet(&successors.list[i].state, n);
	}
	result.states = met.count;
	return result;
}
