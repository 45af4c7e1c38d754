// SPDX-License-Identifier: MIT
/* The model's frames, tables and harts: counting, freeing, walking, forgetting. */
#include "tests/model/model.h"

#include <string.h>

u8 frame_alloc(struct state *s)
{
	for (u8 f = 0; f < config->frames; f++) {
		if (s->frames[f].count == 0) {
			s->frames[f] = (struct frame){ .count = 1 };
			return f;
		}
	}
	return NONE;
}

u8 table_alloc(struct state *s, unsigned level)
{
	for (u8 n = 0; n < config->tables[level]; n++) {
		if (s->tables[level][n].count == 0) {
			s->tables[level][n] = (struct table){ .count = 1 };
			return n;
		}
	}
	return NONE;
}

void frame_drop(struct state *s, u8 frame)
{
	struct frame *f = &s->frames[frame];
	if (f->count == 0)
		wrong(USED_FREED, "frame %d is dropped, which is free", frame);
	else if (--f->count == 0)
		f->data = 0;
}

void leaf_drop(struct state *s, u8 leaf)
{
	if ((leaf & LEAF_COUNTED) || has(OBJECT_PAGE_DROPPED))
		frame_drop(s, leaf & LEAF_FRAME);
}

/* Returns whether that was the last one, who frees. */
static bool count_down(struct state *s, unsigned level, u8 table)
{
	struct table *t = &s->tables[level][table];
	if (t->count == 0) {
		wrong(USED_FREED, "%s table %d is dropped, which is free",
		      level == MIDDLE ? "middle" : "leaf", table);
		return false;
	}
	return --t->count == 0 && !has(NOBODY_FREES);
}

static void leaf_table_drop(struct state *s, u8 table)
{
	if (!count_down(s, LEAVES, table))
		return;
	struct table *t = &s->tables[LEAVES][table];
	for (unsigned i = 0; i < config->entries[LEAVES]; i++) {
		if (t->entries[i] != 0)
			leaf_drop(s, t->entries[i]);
		t->entries[i] = 0;
	}
}

static void middle_table_drop(struct state *s, u8 table)
{
	if (!count_down(s, MIDDLE, table))
		return;
	struct table *t = &s->tables[MIDDLE][table];
	for (unsigned i = 0; i < config->entries[MIDDLE]; i++) {
		if (t->entries[i] != 0)
			leaf_table_drop(s, t->entries[i] & INNER_TABLE);
		t->entries[i] = 0;
	}
}

void table_drop(struct state *s, unsigned level, u8 table)
{
	if (level == MIDDLE)
		middle_table_drop(s, table);
	else
		leaf_table_drop(s, table);
}

void hart_flush(struct thread *t)
{
	t->cached_middle = NONE;
	memset(t->cached_leaves, NONE, sizeof t->cached_leaves);
	memset(t->tlb, 0, sizeof t->tlb);
}

/* The middle table a walk begins with, NONE if the root has no valid entry. */
static u8 walked_middle(const struct state *s, const struct thread *t)
{
	if (has(HARTS_CACHE_INNER) && t->cached_middle != NONE)
		return t->cached_middle;
	const u8 e = s->spaces[t->space].root;
	return (e & INNER_MINE) ? e & INNER_TABLE : NONE;
}

/* The entry @i of the middle table a walk goes through, 0 if none is valid. */
static u8 walked_inner(const struct state *s, const struct thread *t, unsigned i)
{
	const u8 middle = walked_middle(s, t);
	if (middle == NONE)
		return 0;
	if (s->tables[MIDDLE][middle].count == 0) {
		wrong(USED_FREED, "the hart walks middle table %d, which is free", middle);
		return 0;
	}
	const u8 e = s->tables[MIDDLE][middle].entries[i];
	return (e & INNER_MINE) ? e : 0;
}

u8 hart_walk(const struct state *s, const struct thread *t, unsigned page)
{
	const unsigned i = page / config->entries[LEAVES];
	u8 leaves = has(HARTS_CACHE_INNER) ? t->cached_leaves[i] : NONE;
	if (leaves == NONE) {
		const u8 e = walked_inner(s, t, i);
		if (e == 0)
			return 0;
		leaves = e & INNER_TABLE;
	}
	if (s->tables[LEAVES][leaves].count == 0) {
		wrong(USED_FREED, "the hart walks leaf table %d, which is free", leaves);
		return 0;
	}
	return s->tables[LEAVES][leaves].entries[page % config->entries[LEAVES]];
}

static void cache_inner_entries(struct successors *out, const struct state *from, unsigned hart)
{
	const struct thread *t = &from->threads[hart];
	const u8 root = from->spaces[t->space].root;
	if ((root & INNER_MINE) && t->cached_middle != (root & INNER_TABLE)) {
		struct state *s = add_successor(out, from, hart);
		s->threads[hart].cached_middle = root & INNER_TABLE;
		note("the hart remembers the root's entry");
	}
	for (unsigned i = 0; i < config->entries[MIDDLE]; i++) {
		struct state *s = add_successor(out, from, hart);
		const u8 e = walked_inner(from, t, i);
		if (e != 0 && t->cached_leaves[i] != (e & INNER_TABLE)) {
			s->threads[hart].cached_leaves[i] = e & INNER_TABLE;
			note("the hart remembers entry %u of the middle table", i);
		} else if (out->list[out->count - 1].verdict == HOLDS) {
			out->count--;
		}
	}
}

void harts_speculate(struct successors *out, const struct state *from, unsigned hart)
{
	const struct thread *t = &from->threads[hart];
	const unsigned first = out->count;
	if (!t->in_root)
		return;
	if (has(HARTS_CACHE_INNER))
		cache_inner_entries(out, from, hart);
	for (unsigned page = 0; page < count_pages(); page++) {
		struct state *s = add_successor(out, from, hart);
		const u8 leaf = hart_walk(from, t, page) & TLB_BITS;
		if (leaf != 0 && t->tlb[page] != leaf) {
			s->threads[hart].tlb[page] = leaf;
			note("the hart remembers page %u: frame %d%s", page, leaf & LEAF_FRAME,
			     leaf & LEAF_W ? ", W" : "");
		} else if (out->list[out->count - 1].verdict == HOLDS) {
			out->count--;
		}
	}
	for (unsigned i = first; i < out->count; i++)
		out->list[i].by_hardware = true;
}

u8 space_other_harts(const struct state *s, const struct thread *t)
{
	u8 harts = 0;
	for (unsigned h = 0; h < count_harts(); h++) {
		const struct thread *other = &s->threads[h];
		if (other != t && other->in_root && other->space == t->target)
			harts |= 1u << h;
	}
	return harts;
}

void space_unlock(struct state *s, struct thread *t)
{
	struct space *space = &s->spaces[t->target];
	const unsigned hart = (unsigned)(t - s->threads);
	if (space->lock == hart + 1)
		space->lock = 0;
	else
		space->readers &= ~(1u << hart);
}

u8 *space_expected(struct state *s, unsigned space, unsigned page)
{
	const bool is_shared = page == object_page() && !config->maps_privately;
	return is_shared ? &s->shared_expected : &s->spaces[space].expected[page];
}
