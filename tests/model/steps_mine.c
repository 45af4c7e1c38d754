// SPDX-License-Identifier: MIT
/*
 * make_mine, as in mm/vmm/ptable.c: a space that has locked itself makes a table its own that an
 * entry of it names as shared; the middle table first, then that of leaves.
 */
#include "tests/model/model.h"

/* The entry for which make_mine() is called: the root's, or one of the middle table. */
static u8 *entry_to_own(struct state *s, const struct thread *t)
{
	return t->level == MIDDLE ? &s->spaces[t->target].root : middle_entry(s, t);
}

bool begin_mine(struct thread *t, unsigned level, u8 entry)
{
	t->level = level;
	t->table = entry & INNER_TABLE;
	t->at = MINE_COUNT;
	note("%s table %d is shared", level == MIDDLE ? "middle" : "leaf", t->table);
	return true;
}

static struct table *shared_table(struct state *s, const struct thread *t)
{
	return &s->tables[t->level][t->table];
}

/* Whether the shared table is still there; otherwise the step has gone wrong. */
static bool table_is_alive(struct state *s, const struct thread *t, const char *doing)
{
	if (shared_table(s, t)->count != 0)
		return true;
	wrong(USED_FREED, "%s of %s table %d, which is free", doing,
	      t->level == MIDDLE ? "middle" : "leaf", t->table);
	return false;
}

bool step_mine_count(struct state *s, struct thread *t)
{
	if (!table_is_alive(s, t, "the count is read"))
		return true;
	note("its count is %d", shared_table(s, t)->count);
	/* 1 is stable: the only entry that names it is ours. */
	t->at = shared_table(s, t)->count == 1 ? MINE_VALID : MINE_ALLOC;
	return true;
}

static enum at first_of_copy(void)
{
	return has(COUNT_DOWN_BEFORE_COPY) ? MINE_COUNT_DOWN : MINE_NEXT;
}

bool step_mine_alloc(struct state *s, struct thread *t)
{
	t->fresh = table_alloc(s, t->level);
	if (t->fresh == NONE)
		return out_of_memory(s, t);
	t->index = 0;
	t->at = has(NO_TABLE_LOCK) ? first_of_copy() : MINE_LOCK;
	return true;
}

bool step_mine_lock(struct state *s, struct thread *t)
{
	if (!table_is_alive(s, t, "the lock is taken"))
		return true;
	if (shared_table(s, t)->lock != 0)
		return false;
	note("locks it");
	shared_table(s, t)->lock = (u8)(t - s->threads) + 1;
	t->at = has(SECOND_LOOK) ? MINE_COUNT_AGAIN : first_of_copy();
	return true;
}

bool step_mine_count_again(struct state *s, struct thread *t)
{
	t->at = first_of_copy();
	if (shared_table(s, t)->count == 1) {
		note("its count is 1 by now");
		s->tables[t->level][t->fresh].count = 0;
		shared_table(s, t)->lock = 0;
		t->at = MINE_VALID;
	}
	return true;
}

bool step_mine_next(struct state *s, struct thread *t)
{
	if (!table_is_alive(s, t, "an entry is read"))
		return true;
	const u8 *entries = shared_table(s, t)->entries;
	while (t->index < config->entries[t->level] && entries[t->index] == 0)
		t->index++;
	if (t->index == config->entries[t->level]) {
		note("all is copied");
		t->at = has(COUNT_DOWN_BEFORE_COPY) ? MINE_UNLOCK : MINE_COUNT_DOWN;
		return true;
	}
	t->entry = entries[t->index];
	t->at = MINE_MARK;
	return true;
}

/* What the copy gets, and the old table, too. */
static u8 marked(unsigned level, u8 entry)
{
	if (level == MIDDLE)
		return INNER_SHARED | (entry & INNER_TABLE);
	if (!(entry & LEAF_COUNTED) && !has(SHARED_PAGE_MARKED_COW))
		return entry;
	return entry & LEAF_W ? (entry & ~LEAF_W) | LEAF_COW : entry;
}

bool step_mine_mark(struct state *s, struct thread *t)
{
	if (!table_is_alive(s, t, "an entry is marked"))
		return true;
	u8 *old = &shared_table(s, t)->entries[t->index];
	t->entry = marked(t->level, t->entry);
	note("entry %d is marked", t->index);
	/* Without the lock it may be gone; then the mark is a compare and set. */
	if (t->level == MIDDLE || (*old != 0 && !has(MARK_ONLY_THE_COPY)))
		*old = t->entry;
	t->at = MINE_COUNT_UP;
	return true;
}

bool step_mine_count_up(struct state *s, struct thread *t)
{
	if (t->level == MIDDLE) {
		struct table *below = &s->tables[LEAVES][t->entry & INNER_TABLE];
		if (below->count++ == 0)
			wrong(USED_FREED, "leaf table %d is counted up, which is free",
			      t->entry & INNER_TABLE);
	} else if ((t->entry & LEAF_COUNTED) && !has(FRAMES_NOT_COUNTED)) {
		struct frame *frame = &s->frames[t->entry & LEAF_FRAME];
		if (frame->count++ == 0)
			wrong(USED_FREED, "frame %d is counted up, which is free",
			      t->entry & LEAF_FRAME);
	}
	note("what it names counted up");
	t->at = MINE_WRITE;
	return true;
}

bool step_mine_write(struct state *s, struct thread *t)
{
	s->tables[t->level][t->fresh].entries[t->index] = t->entry;
	note("and copied");
	t->entry = 0;
	t->index++;
	t->at = MINE_NEXT;
	return true;
}

static enum at after_count_down(const struct thread *t)
{
	return t->is_last ? MINE_FREE : MINE_NAME;
}

/* Who takes the last name away frees, but not under the lock. */
bool step_mine_count_down(struct state *s, struct thread *t)
{
	if (!table_is_alive(s, t, "the count goes down"))
		return true;
	note("the old table's count goes down");
	t->is_last = shared_table(s, t)->count == 1 && !has(NOBODY_FREES);
	if (!t->is_last)
		shared_table(s, t)->count--;
	if (has(COUNT_DOWN_BEFORE_COPY))
		t->at = MINE_NEXT;
	else
		t->at = has(NO_TABLE_LOCK) ? after_count_down(t) : MINE_UNLOCK;
	return true;
}

bool step_mine_unlock(struct state *s, struct thread *t)
{
	note("unlocks it");
	if (!has(NO_TABLE_LOCK))
		shared_table(s, t)->lock = 0;
	t->at = after_count_down(t);
	return true;
}

bool step_mine_free(struct state *s, struct thread *t)
{
	note("frees it");
	table_drop(s, t->level, t->table);
	t->is_last = 0;
	t->at = MINE_NAME;
	return true;
}

static bool end_mine(struct state *s, struct thread *t, u8 table)
{
	note("the entry names %s table %d, V = 1", t->level == MIDDLE ? "middle" : "leaf", table);
	*entry_to_own(s, t) = INNER_MINE | table;
	t->level = t->table = t->fresh = t->index = t->entry = 0;
	t->at = WALK_ROOT;
	return true;
}

bool step_mine_name(struct state *s, struct thread *t)
{
	return end_mine(s, t, t->fresh);
}

bool step_mine_valid(struct state *s, struct thread *t)
{
	return end_mine(s, t, t->table);
}
