// SPDX-License-Identifier: MIT
/*
 * What a thread does with its own memory: access, fault, make_mine, copy-on-write, unmap. All of it
 * holds the space's lock alone, as mm/vmm/fault.c and mm/vmm/mapping.c do.
 */
#include "tests/model/model.h"

static bool page_is_mapped(const struct state *s, const struct thread *t)
{
	return (s->spaces[t->target].mapped & 1u << t->page) != 0;
}

static bool is_edit(const struct thread *t)
{
	return t->op == UNMAP_PAGE || t->op == UNMAP_BLOCK;
}

u8 *middle_entry(struct state *s, const struct thread *t)
{
	return &s->tables[MIDDLE][t->middle].entries[t->page / config->entries[LEAVES]];
}

static u8 *leaf_entry(struct state *s, const struct thread *t)
{
	return &s->tables[LEAVES][t->leaves].entries[t->page % config->entries[LEAVES]];
}

/* ---- in user mode ---- */

static void begin(struct successors *out, const struct state *from, unsigned hart, unsigned op,
		  unsigned page)
{
	static const char *const names[OPERATIONS] = { "read",   "write",    "unmap", "unmap block",
						       "fork()", "truncate", "exit()" };
	struct state *s = add_successor(out, from, hart);
	struct thread *t = &s->threads[hart];
	t->op = op;
	t->page = page;
	t->target = t->space;
	if (op == EXIT) {
		t->at = EXIT_LEAVE_ROOT;
	} else {
		t->ops--;
		t->at = op == READ || op == WRITE ? ACCESS : LOCK_SPACE;
	}
	if (op == TRUNCATE) {
		/* From here on the object gives its page to nobody. */
		s->truncated = 1;
		if (has(CUT_BEFORE_LEAVES))
			frame_drop(s, object_frame());
		t->target = 0;
		t->at = TRUNCATE_NEXT_SPACE;
	}
	if (op == FORK || op == EXIT)
		note("%s", names[op]);
	else
		note("%s page %u", names[op], page);
}

static bool fork_is_possible(const struct state *s)
{
	for (unsigned a = 1; a < config->spaces; a++)
		if (s->spaces[a].phase == UNUSED)
			return s->forks < config->forks;
	return false;
}

void choose_operation(struct successors *out, const struct state *from, unsigned hart)
{
	begin(out, from, hart, EXIT, 0);
	if (from->threads[hart].ops == 0)
		return;
	for (unsigned page = 0; page < count_pages(); page++)
		for (unsigned op = READ; op <= UNMAP_PAGE; op++)
			if (config->operations & CAN(op))
				begin(out, from, hart, op, page);
	if (config->operations & CAN(UNMAP_BLOCK))
		for (unsigned i = 0; i < config->entries[MIDDLE]; i++)
			begin(out, from, hart, UNMAP_BLOCK, i * config->entries[LEAVES]);
	if ((config->operations & CAN(FORK)) && fork_is_possible(from))
		begin(out, from, hart, FORK, 0);
	if ((config->operations & CAN(TRUNCATE)) && !from->truncated)
		begin(out, from, hart, TRUNCATE, object_page());
}

/* A read or write that the TLB lets through. */
static bool use_frame(struct state *s, struct thread *t, u8 number)
{
	struct frame *frame = &s->frames[number];
	u8 *expected = space_expected(s, t->space, t->page);
	note("%s frame %d", t->op == READ ? "reads" : "writes", number);
	if (frame->count == 0)
		wrong(USED_FREED, "space %d uses frame %d, which is free", t->space, number);
	else if (!page_is_mapped(s, t))
		wrong(WRONG_DATA, "space %d can use page %d, which is unmapped", t->space, t->page);
	else if (frame->data != *expected)
		wrong(WRONG_DATA, "space %d finds %d in page %d, which must hold %d", t->space,
		      frame->data, t->page, *expected);
	if (t->op == WRITE) {
		/* Another than now, and another than other spaces write. */
		const u8 mine = 2 * t->space + 1;
		*expected = frame->data = *expected == mine ? mine + 1 : mine;
	}
	return come_to_rest(t);
}

bool step_access(struct state *s, struct thread *t)
{
	const u8 cached = t->tlb[t->page];
	if (cached != 0 && (t->op == READ || (cached & LEAF_W)))
		return use_frame(s, t, cached & LEAF_FRAME);
	if (cached == 0) {
		t->tlb[t->page] = hart_walk(s, t, t->page) & TLB_BITS;
		if (t->tlb[t->page] != 0) {
			note("walks to frame %d%s", t->tlb[t->page] & LEAF_FRAME,
			     t->tlb[t->page] & LEAF_W ? ", W" : "");
			return true;
		}
	}
	note("page fault");
	t->at = LOCK_SPACE;
	return true;
}

/* ---- the way to the leaf ---- */

bool step_lock_space(struct state *s, struct thread *t)
{
	struct space *space = &s->spaces[t->target];
	const unsigned hart = (unsigned)(t - s->threads);
	if (space->lock != 0)
		return false;
	if (has(FAULTS_SHARE_THE_LOCK) && (t->op == READ || t->op == WRITE)) {
		space->readers |= 1u << hart;
	} else {
		if (space->readers != 0)
			return false;
		space->lock = hart + 1;
	}
	note("locks the space");
	t->at = t->op == FORK ? FORK_BEGIN : FIND_REGION;
	return true;
}

bool step_find_region(struct state *s, struct thread *t)
{
	if (t->op != UNMAP_BLOCK && !page_is_mapped(s, t)) {
		note("no region");
		return end_operation(s, t);
	}
	t->at = WALK_ROOT;
	return true;
}

bool out_of_memory(struct state *s, struct thread *t)
{
	note("no memory");
	return end_operation(s, t);
}

static bool nothing_to_unmap(struct thread *t)
{
	note("nothing there");
	t->frame = NONE;
	t->at = UNMAP_DONE;
	return true;
}

/* A table at @level for the empty entry @entry. Returns whether there was one. */
static bool add_table(struct state *s, struct thread *t, unsigned level, u8 *entry)
{
	const u8 table = table_alloc(s, level);
	if (table == NONE) {
		(void)out_of_memory(s, t);
		return false;
	}
	note("new %s table %d", level == MIDDLE ? "middle" : "leaf", table);
	*entry = INNER_MINE | table;
	return true;
}

bool step_walk_root(struct state *s, struct thread *t)
{
	u8 *root = &s->spaces[t->target].root;
	if (*root & INNER_SHARED)
		return begin_mine(t, MIDDLE, *root);
	if (*root == 0) {
		if (is_edit(t))
			return nothing_to_unmap(t);
		if (!add_table(s, t, MIDDLE, root))
			return true;
	}
	t->middle = *root & INNER_TABLE;
	t->at = WALK_MIDDLE;
	return true;
}

static void end_of_mapping(struct state *s, struct thread *t)
{
	if (has(UNMAP_IS_DONTNEED))
		s->spaces[t->target].expected[t->page] = 0;
	else
		s->spaces[t->target].mapped &= ~(1u << t->page);
	s->spaces[t->target].listed &= s->spaces[t->target].mapped;
}

bool step_walk_middle(struct state *s, struct thread *t)
{
	if (s->tables[MIDDLE][t->middle].count == 0) {
		wrong(USED_FREED, "the kernel walks middle table %d, which is free", t->middle);
		return true;
	}
	if (t->op == UNMAP_BLOCK) {
		t->at = BLOCK_TAKE_ENTRY;
		return true;
	}
	u8 *entry = middle_entry(s, t);
	if ((*entry & INNER_SHARED) && is_edit(t) && has(EDIT_PASSES_SHARED)) {
		note("passes a shared table by");
		end_of_mapping(s, t);
		return end_operation(s, t);
	}
	if (*entry & INNER_SHARED)
		return begin_mine(t, LEAVES, *entry);
	if (*entry == 0) {
		if (is_edit(t))
			return nothing_to_unmap(t);
		if (!add_table(s, t, LEAVES, entry))
			return true;
	}
	t->leaves = *entry & INNER_TABLE;
	t->at = AT_LEAF;
	return true;
}

/* ---- at the leaf ---- */

static bool unmap_leaf(struct state *s, struct thread *t, u8 *leaf)
{
	note("takes the leaf");
	t->frame = *leaf != 0 ? *leaf & (LEAF_COUNTED | LEAF_FRAME) : NONE;
	*leaf = 0;
	if (has(UNLIST_BEFORE_FENCE))
		s->spaces[t->target].listed &= ~(1u << t->page);
	if (has(FREE_BEFORE_FENCE)) {
		if (t->frame != NONE)
			leaf_drop(s, t->frame);
		t->frame = NONE;
		begin_fence(s, t, UNMAP_DONE);
	} else if (t->frame == NONE) {
		t->at = UNMAP_DONE;
	} else {
		begin_fence(s, t, UNMAP_DONE);
	}
	return true;
}

/* The first access to the page. */
static bool new_leaf(struct state *s, struct thread *t, u8 *leaf)
{
	if (t->page == object_page()) {
		note(s->truncated ? "past the object's end" : "finds the object's page");
		t->at = OBJECT_LEAF;
		return s->truncated ? end_operation(s, t) : true;
	}
	const u8 frame = frame_alloc(s);
	if (frame == NONE)
		return out_of_memory(s, t);
	*leaf = LEAF_V | LEAF_W | LEAF_COUNTED | frame;
	note("first touch, frame %d", *leaf & LEAF_FRAME);
	t->at = FAULT_DONE;
	return true;
}

/* A leaf for the object's page, found in the step before, which nobody counts. Truncation may have
 * begun since. */
bool step_object_leaf(struct state *s, struct thread *t)
{
	u8 *leaf = leaf_entry(s, t);
	if (!config->maps_privately) {
		*leaf = LEAF_V | LEAF_W | object_frame();
	} else if (t->op == READ) {
		*leaf = LEAF_V | LEAF_COW | object_frame();
	} else {
		const u8 frame = frame_alloc(s);
		if (frame == NONE)
			return out_of_memory(s, t);
		s->frames[frame].data = s->frames[object_frame()].data;
		*leaf = LEAF_V | LEAF_W | LEAF_COUNTED | frame;
	}
	note("first touch, frame %d", *leaf & LEAF_FRAME);
	t->at = FAULT_DONE;
	return true;
}

bool step_leaf(struct state *s, struct thread *t)
{
	if (s->tables[LEAVES][t->leaves].count == 0) {
		wrong(USED_FREED, "a leaf is edited in table %d, which is free", t->leaves);
		return true;
	}
	u8 *leaf = leaf_entry(s, t);
	if (t->op == UNMAP_PAGE)
		return unmap_leaf(s, t, leaf);
	if (*leaf == 0)
		return new_leaf(s, t, leaf);
	t->at = FAULT_DONE;
	if (t->op == READ || (*leaf & LEAF_W)) {
		note("the leaf allows it");
		return true;
	}
	const u8 frame = *leaf & LEAF_FRAME;
	const bool is_own = (*leaf & LEAF_COUNTED) || has(OBJECT_PAGE_TAKEN_OVER);
	if (is_own && s->frames[frame].count == 1) {
		note("takes frame %d over", frame);
		*leaf = (*leaf & ~LEAF_COW) | LEAF_W;
		return true;
	}
	note("frame %d has count %d", frame, s->frames[frame].count);
	t->frame = *leaf & (LEAF_COUNTED | LEAF_FRAME);
	t->at = COW_COPY;
	return true;
}

bool step_cow_copy(struct state *s, struct thread *t)
{
	t->copy = frame_alloc(s);
	if (t->copy == NONE)
		return out_of_memory(s, t);
	note("copies frame %d to frame %d", t->frame & LEAF_FRAME, t->copy);
	s->frames[t->copy].data = s->frames[t->frame & LEAF_FRAME].data;
	t->at = COW_TAKE_LEAF;
	return true;
}

bool step_cow_take_leaf(struct state *s, struct thread *t)
{
	u8 *leaf = leaf_entry(s, t);
	if (has(COW_WITHOUT_FENCE) || has(COW_IN_ONE_STORE)) {
		note("leaf: frame %d, W", t->copy);
		*leaf = LEAF_V | LEAF_W | LEAF_COUNTED | t->copy;
		if (has(COW_IN_ONE_STORE)) {
			begin_fence(s, t, COW_DROP_OLD);
		} else {
			hart_flush(t);
			t->at = COW_DROP_OLD;
		}
		return true;
	}
	note("leaf: none");
	*leaf = 0;
	begin_fence(s, t, COW_NEW_LEAF);
	return true;
}

bool step_cow_new_leaf(struct state *s, struct thread *t)
{
	note("leaf: frame %d, W", t->copy);
	*leaf_entry(s, t) = LEAF_V | LEAF_W | LEAF_COUNTED | t->copy;
	t->at = COW_DROP_OLD;
	return true;
}

bool step_cow_drop_old(struct state *s, struct thread *t)
{
	note("lets go of frame %d", t->frame & LEAF_FRAME);
	leaf_drop(s, t->frame);
	t->frame = t->copy = 0;
	t->at = FAULT_DONE;
	return true;
}

bool step_fault_done(struct state *s, struct thread *t)
{
	note("local fence, unlocks, tries again");
	hart_flush(t);
	space_unlock(s, t);
	t->middle = t->leaves = 0;
	t->at = ACCESS;
	return true;
}

/* ---- unmap ---- */

bool step_unmap_done(struct state *s, struct thread *t)
{
	note("unmapped");
	if (t->frame != NONE)
		leaf_drop(s, t->frame);
	end_of_mapping(s, t);
	return end_operation(s, t);
}

static u8 pages_of_block(const struct thread *t)
{
	return ((1u << config->entries[LEAVES]) - 1) << t->page;
}

/* No region is left below the entry: it goes, whether mine or shared, and nothing is made mine. */
bool step_block_take_entry(struct state *s, struct thread *t)
{
	u8 *entry = middle_entry(s, t);
	const u8 old = *entry;
	note("takes the entry");
	*entry = 0;
	if (has(UNLIST_BEFORE_FENCE))
		s->spaces[t->target].listed &= ~pages_of_block(t);
	t->table = old & INNER_TABLE;
	if (old == 0) {
		t->at = BLOCK_DONE;
	} else if (old & INNER_SHARED) {
		t->at = BLOCK_DROP; /* nobody remembers anything through it */
	} else if (has(FREE_BEFORE_FENCE)) {
		table_drop(s, LEAVES, t->table);
		begin_fence(s, t, BLOCK_DONE);
	} else {
		begin_fence(s, t, BLOCK_DROP);
	}
	return true;
}

bool step_block_drop(struct state *s, struct thread *t)
{
	note("drops leaf table %d", t->table);
	table_drop(s, LEAVES, t->table);
	t->at = BLOCK_DONE;
	return true;
}

bool step_block_done(struct state *s, struct thread *t)
{
	note("block unmapped");
	s->spaces[t->target].mapped &= ~pages_of_block(t);
	s->spaces[t->target].listed &= ~pages_of_block(t);
	return end_operation(s, t);
}
