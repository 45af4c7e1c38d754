// SPDX-License-Identifier: MIT
/*
 * What is about whole spaces: fork and exit, as in mm/vmm/fork.c and mm/vmm/aspace.c, and
 * truncation, which goes from space to space, as in mm/vmm/rmap.c.
 */
#include "tests/model/model.h"

#include <string.h>

static u8 *parent_root(struct state *s, const struct thread *t)
{
	return &s->spaces[t->target].root;
}

/* ---- fork ---- */

bool step_fork_begin(struct state *s, struct thread *t)
{
	if (s->forks == config->forks) {
		note("all forks are used up");
		return end_operation(s, t);
	}
	for (u8 a = 1; a < config->spaces; a++) {
		if (s->spaces[a].phase != UNUSED)
			continue;
		note("builds space %d", a);
		s->forks++;
		s->spaces[a].phase = BEING_BUILT;
		t->child = a;
		t->at = has(FENCE_BEFORE_MARKS) ? FORK_FENCE_FIRST : FORK_TAKE_VALID;
		return true;
	}
	note("no space is left");
	return end_operation(s, t);
}

bool step_fork_fence_first(struct state *s, struct thread *t)
{
	note("fences too early");
	begin_fence(s, t, FORK_TAKE_VALID);
	return true;
}

/* What was done so far is undone when the space is unlocked, by dropping the child. */
static bool fail_fork(struct thread *t)
{
	note("no memory: fork fails");
	t->fails = 1;
	t->table = t->fresh = t->index = 0;
	t->at = FORK_FENCE;
	return true;
}

bool step_fork_take_valid(struct state *s, struct thread *t)
{
	u8 *root = parent_root(s, t);
	t->table = *root & INNER_TABLE;
	if (*root == 0) {
		note("the root is empty");
		t->at = FORK_FENCE;
		return true;
	}
	if ((*root & INNER_MINE) && has(FORK_COPIES_LIGHT)) {
		t->fresh = table_alloc(s, MIDDLE);
		if (t->fresh == NONE)
			return fail_fork(t);
		note("copies the subtree to middle table %d", t->fresh);
		s->spaces[t->child].root = INNER_MINE | t->fresh;
		t->at = FORK_LIGHT_COPY;
		return true;
	}
	if ((*root & INNER_MINE) && !has(PARENT_STAYS_VALID)) {
		*root = INNER_SHARED | t->table;
		t->took = 1;
	}
	note("the parent's entry: shared, middle table %d", t->table);
	t->at = FORK_COUNT_UP;
	return true;
}

/* The next page at or after @page that has a leaf, or begins a table that is shared. */
static unsigned next_to_copy(const struct state *s, const struct thread *t, unsigned page)
{
	for (; page < count_pages(); page++) {
		const unsigned slot = page % config->entries[LEAVES];
		const u8 e = s->tables[MIDDLE][t->table].entries[page / config->entries[LEAVES]];
		if ((e & INNER_SHARED) && slot == 0)
			break;
		if ((e & INNER_MINE) && s->tables[LEAVES][e & INNER_TABLE].entries[slot] != 0)
			break;
	}
	return page;
}

static void copy_leaf(struct state *s, struct thread *t, u8 *from, u8 *to)
{
	if ((*from & LEAF_W) && (*from & LEAF_COUNTED)) {
		*from = (*from & ~LEAF_W) | LEAF_COW;
		t->took = 1;
	}
	if (*from & LEAF_COUNTED)
		s->frames[*from & LEAF_FRAME].count++;
	*to = *from;
}

/* A leaf in each step; tables that are shared already are shared again. */
bool step_fork_light_copy(struct state *s, struct thread *t)
{
	const unsigned page = next_to_copy(s, t, t->index);
	const unsigned i = page / config->entries[LEAVES], slot = page % config->entries[LEAVES];
	t->index = page + 1;
	if (page == count_pages()) {
		note("the copy is complete");
		t->table = t->fresh = t->index = 0;
		t->at = FORK_FENCE;
		return true;
	}
	const u8 from = s->tables[MIDDLE][t->table].entries[i];
	u8 *to = &s->tables[MIDDLE][t->fresh].entries[i];
	if (from & INNER_SHARED) {
		note("leaf table %d is shared once more", from & INNER_TABLE);
		s->tables[LEAVES][from & INNER_TABLE].count++;
		*to = from;
		return true;
	}
	if (*to == 0) {
		const u8 fresh = table_alloc(s, LEAVES);
		if (fresh == NONE)
			return fail_fork(t);
		*to = INNER_MINE | fresh;
	}
	note("the leaf of page %u is copied", page);
	copy_leaf(s, t, &s->tables[LEAVES][from & INNER_TABLE].entries[slot],
		  &s->tables[LEAVES][*to & INNER_TABLE].entries[slot]);
	return true;
}

static void share_middle_table(struct state *s, struct thread *t)
{
	s->tables[MIDDLE][t->table].count++;
	s->spaces[t->child].root = INNER_SHARED | t->table;
	t->at = FORK_FENCE;
	note("count up, the child's entry: shared");
}

/* The child shares the table; and then memory may run out. */
void choose_fork_outcome(struct successors *out, const struct state *from, unsigned hart)
{
	struct state *s = add_successor(out, from, hart);
	share_middle_table(s, &s->threads[hart]);
	if (has(FORK_MAY_FAIL)) {
		s = add_successor(out, from, hart);
		share_middle_table(s, &s->threads[hart]);
		(void)fail_fork(&s->threads[hart]);
	}
}

/* The child is to be the picture of this moment. */
static void take_picture(struct state *s, const struct thread *t)
{
	const struct space *parent = &s->spaces[t->target];
	struct space *child = &s->spaces[t->child];
	child->mapped = parent->mapped;
	child->listed = parent->listed;
	memcpy(child->expected, parent->expected, sizeof child->expected);
}

/* No hart remembers anything that fork has taken away: the moment of the picture. */
static void fence_parent(struct state *s, struct thread *t, enum at then)
{
	const bool forgotten = has(NO_REMOTE_FENCE) || has(FENCE_BEFORE_MARKS) ||
			       has(LIGHT_COPY_WITHOUT_FENCE) ||
			       (has(FAILED_FORK_WITHOUT_FENCE) && t->fails);
	if (t->took && !forgotten) {
		begin_fence(s, t, then);
	} else {
		hart_flush(t);
		t->at = then;
	}
}

bool step_fork_fence(struct state *s, struct thread *t)
{
	note("fork's fence");
	if (t->fails) {
		fence_parent(s, t, FORK_FAILED);
		return true;
	}
	if (has(UNLOCK_BEFORE_FENCE)) {
		space_unlock(s, t);
		if (has(MOMENT_AT_UNLOCK))
			take_picture(s, t);
	}
	if (has(PUBLISH_BEFORE_FENCE))
		t->at = FORK_PUBLISH;
	else
		fence_parent(s, t, FORK_PUBLISH);
	return true;
}

static void publish(struct state *s, const struct thread *t)
{
	if (!has(MOMENT_AT_UNLOCK))
		take_picture(s, t);
	s->spaces[t->child].phase = PUBLISHED;
	s->spaces[t->child].refs = 1;
}

bool step_fork_publish(struct state *s, struct thread *t)
{
	const unsigned hart = config->threads - 1u + t->child;
	note("publishes space %d on hart %u", t->child, hart);
	publish(s, t);
	s->spaces[t->child].threads = 1;
	struct thread *first = &s->threads[hart];
	*first = (struct thread){ .space = t->child, .ops = config->ops[OPS_CHILD], .at = AT_REST };
	first->in_root = 1;
	hart_flush(first);
	if (has(PUBLISH_BEFORE_FENCE) && t->took) {
		t->child = 0;
		begin_fence(s, t, FORK_FENCED_LATE);
		return true;
	}
	if (has(UNLOCK_BEFORE_FENCE))
		return come_to_rest(t);
	return end_operation(s, t);
}

bool step_fork_fenced_late(struct state *s, struct thread *t)
{
	note("unlocks");
	return end_operation(s, t);
}

static bool begin_put(struct thread *t, u8 space, enum at then)
{
	t->target = space;
	t->then = then;
	t->at = PUT_SPACE;
	return true;
}

/* The half-built child is a space without threads now, for whoever finds it, and goes. */
bool step_fork_failed(struct state *s, struct thread *t)
{
	note("unlocks, fork has failed");
	publish(s, t);
	space_unlock(s, t);
	const u8 child = t->child;
	t->child = t->fails = t->took = 0;
	return begin_put(t, child, AT_REST);
}

/* ---- exit ---- */

bool step_exit_leave_root(struct state *s, struct thread *t)
{
	if (!has(EXIT_ON_OWN_ROOT) || s->spaces[t->space].threads > 1) {
		note("leaves the root");
		t->in_root = 0;
		hart_flush(t);
	}
	t->at = EXIT_THREAD;
	return true;
}

static bool end_thread(struct thread *t)
{
	t->in_root = t->ops = 0;
	hart_flush(t);
	(void)come_to_rest(t);
	t->space = NONE;
	t->at = GONE;
	return true;
}

bool step_exit_thread(struct state *s, struct thread *t)
{
	s->spaces[t->space].threads--;
	if (s->spaces[t->space].threads > 0) {
		note("ends, not the last thread");
		return end_thread(t);
	}
	note("the last thread ends");
	return begin_put(t, t->space, GONE);
}

/* ---- the last reference to a space ---- */

static bool end_put(struct thread *t)
{
	const enum at then = t->then;
	if (then == GONE)
		return end_thread(t);
	if (then == AT_REST)
		return come_to_rest(t);
	t->target = t->then = t->entry = 0;
	t->at = then;
	return true;
}

bool step_put_space(struct state *s, struct thread *t)
{
	note("drops a reference to space %d", t->target);
	s->spaces[t->target].refs--;
	if (s->spaces[t->target].refs > 0)
		return end_put(t);
	t->at = PUT_ROOT;
	return true;
}

/* Without its lock: nobody has a reference, so nobody waits for it. */
bool step_put_root(struct state *s, struct thread *t)
{
	note("takes the root's entry");
	t->entry = s->spaces[t->target].root;
	s->spaces[t->target].root = 0;
	t->at = PUT_TABLES;
	return true;
}

bool step_put_tables(struct state *s, struct thread *t)
{
	note("drops what it named");
	if (t->entry != 0)
		table_drop(s, MIDDLE, t->entry & INNER_TABLE);
	t->at = PUT_DONE;
	return true;
}

bool step_put_done(struct state *s, struct thread *t)
{
	note("space %d is gone", t->target);
	struct space *space = &s->spaces[t->target];
	/* Who works on it without a reference still believes to hold its lock. */
	*space = (struct space){ .lock = space->lock };
	return end_put(t);
}

/*
 * ---- truncate: the shared page goes from every space ----
 *
 * A space whose references are gone, or which is not published, is passed by: in the first no hart
 * is, and it frees its tables without a look at the page; the second has its parent's lock held,
 * behind which we wait if the parent still has the page, and otherwise gets none.
 */

static bool end_truncate(struct state *s, struct thread *t)
{
	note("the object drops the page");
	s->object_lives = 0;
	if (!has(CUT_BEFORE_LEAVES))
		frame_drop(s, object_frame());
	return come_to_rest(t);
}

bool step_truncate_next_space(struct state *s, struct thread *t)
{
	for (u8 a = 0; a < config->spaces; a++) {
		struct space *space = &s->spaces[a];
		if (space->refs == 0 || (space->listed & 1u << t->page) == 0)
			continue;
		if (space->lock != 0 && has(CUT_SKIPS_LOCKED))
			continue;
		note("finds space %d", a);
		space->refs += !has(TRUNCATE_WITHOUT_REFERENCE);
		t->target = a;
		t->at = has(TRUNCATE_WITHOUT_SPACE_LOCK) ? TRUNCATE_ROOT : TRUNCATE_LOCK_SPACE;
		return true;
	}
	return end_truncate(s, t);
}

bool step_truncate_lock_space(struct state *s, struct thread *t)
{
	struct space *space = &s->spaces[t->target];
	if (space->lock != 0 || space->readers != 0)
		return false;
	note("locks it to truncate");
	space->lock = (u8)(t - s->threads) + 1;
	t->at = TRUNCATE_ROOT;
	return true;
}

static bool nothing_to_truncate(struct thread *t)
{
	note("nothing there");
	t->frame = NONE;
	t->at = TRUNCATE_SPACE_DONE;
	return true;
}

bool step_truncate_root(struct state *s, struct thread *t)
{
	const u8 e = s->spaces[t->target].root;
	if (e == 0)
		return nothing_to_truncate(t);
	t->middle = e & INNER_TABLE;
	t->took = (e & INNER_SHARED) != 0;
	note("middle table %d%s", t->middle, t->took ? ", shared" : "");
	t->at = TRUNCATE_MIDDLE;
	return true;
}

bool step_truncate_middle(struct state *s, struct thread *t)
{
	const struct table *middle = &s->tables[MIDDLE][t->middle];
	if (middle->count == 0) {
		wrong(USED_FREED, "truncation walks middle table %d, which is free", t->middle);
		return true;
	}
	const u8 e = middle->entries[t->page / config->entries[LEAVES]];
	if (e == 0)
		return nothing_to_truncate(t);
	t->leaves = e & INNER_TABLE;
	t->took |= (e & INNER_SHARED) != 0;
	note("leaf table %d%s", t->leaves, t->took ? ", the path is shared" : "");
	t->at = t->took && !has(TRUNCATE_WITHOUT_TABLE_LOCK) ? TRUNCATE_LOCK_TABLE : TRUNCATE_LEAF;
	return true;
}

bool step_truncate_lock_table(struct state *s, struct thread *t)
{
	struct table *leaves = &s->tables[LEAVES][t->leaves];
	if (leaves->count == 0) {
		wrong(USED_FREED, "truncation locks leaf table %d, which is free", t->leaves);
		return true;
	}
	if (leaves->lock != 0)
		return false;
	note("locks it");
	leaves->lock = (u8)(t - s->threads) + 1;
	t->at = TRUNCATE_LEAF;
	return true;
}

/* In place, for all who share the table. A shared path is in no TLB and needs no fence. */
bool step_truncate_leaf(struct state *s, struct thread *t)
{
	struct table *leaves = &s->tables[LEAVES][t->leaves];
	if (leaves->count == 0) {
		wrong(USED_FREED, "truncation edits leaf table %d, which is free", t->leaves);
		return true;
	}
	u8 *leaf = &leaves->entries[t->page % config->entries[LEAVES]];
	t->frame = *leaf != 0 ? *leaf & (LEAF_COUNTED | LEAF_FRAME) : NONE;
	note("takes the leaf of page %d%s", t->page, t->took ? " in place, without a fence" : "");
	*leaf = 0;
	if (t->took) {
		if (!has(TRUNCATE_WITHOUT_TABLE_LOCK))
			leaves->lock = 0;
		t->at = TRUNCATE_SPACE_DONE;
	} else {
		begin_fence(s, t, TRUNCATE_SPACE_DONE);
	}
	return true;
}

bool step_truncate_space_done(struct state *s, struct thread *t)
{
	note("drops the frame, unlocks");
	if (t->frame != NONE)
		leaf_drop(s, t->frame);
	s->spaces[t->target].mapped &= ~(1u << t->page);
	s->spaces[t->target].listed &= ~(1u << t->page);
	space_unlock(s, t);
	t->middle = t->leaves = t->frame = t->took = 0;
	if (!has(TRUNCATE_WITHOUT_REFERENCE))
		return begin_put(t, t->target, TRUNCATE_NEXT_SPACE);
	t->target = 0;
	t->at = TRUNCATE_NEXT_SPACE;
	return true;
}
