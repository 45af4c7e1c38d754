// SPDX-License-Identifier: MIT
/* One step of the model: which function makes it, and what those functions are made with. */
#include "tests/model/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	step_fn *step;     /* one outcome, or none while it has to wait */
	choice_fn *choose; /* several */
} places[PLACES] = {
	[AT_REST] = { .choose = choose_operation },
	[ACCESS] = { step_access },
	[LOCK_SPACE] = { step_lock_space },
	[FIND_REGION] = { step_find_region },
	[WALK_ROOT] = { step_walk_root },
	[WALK_MIDDLE] = { step_walk_middle },
	[AT_LEAF] = { step_leaf },
	[FENCING] = { .choose = choose_fenced_hart },
	[MINE_COUNT] = { step_mine_count },
	[MINE_ALLOC] = { step_mine_alloc },
	[MINE_LOCK] = { step_mine_lock },
	[MINE_COUNT_AGAIN] = { step_mine_count_again },
	[MINE_NEXT] = { step_mine_next },
	[MINE_MARK] = { step_mine_mark },
	[MINE_COUNT_UP] = { step_mine_count_up },
	[MINE_WRITE] = { step_mine_write },
	[MINE_COUNT_DOWN] = { step_mine_count_down },
	[MINE_UNLOCK] = { step_mine_unlock },
	[MINE_FREE] = { step_mine_free },
	[MINE_NAME] = { step_mine_name },
	[MINE_VALID] = { step_mine_valid },
	[OBJECT_LEAF] = { step_object_leaf },
	[COW_COPY] = { step_cow_copy },
	[COW_TAKE_LEAF] = { step_cow_take_leaf },
	[COW_NEW_LEAF] = { step_cow_new_leaf },
	[COW_DROP_OLD] = { step_cow_drop_old },
	[FAULT_DONE] = { step_fault_done },
	[UNMAP_DONE] = { step_unmap_done },
	[BLOCK_TAKE_ENTRY] = { step_block_take_entry },
	[BLOCK_DROP] = { step_block_drop },
	[BLOCK_DONE] = { step_block_done },
	[FORK_BEGIN] = { step_fork_begin },
	[FORK_FENCE_FIRST] = { step_fork_fence_first },
	[FORK_TAKE_VALID] = { step_fork_take_valid },
	[FORK_LIGHT_COPY] = { step_fork_light_copy },
	[FORK_COUNT_UP] = { .choose = choose_fork_outcome },
	[FORK_FENCE] = { step_fork_fence },
	[FORK_PUBLISH] = { step_fork_publish },
	[FORK_FENCED_LATE] = { step_fork_fenced_late },
	[FORK_FAILED] = { step_fork_failed },
	[EXIT_LEAVE_ROOT] = { step_exit_leave_root },
	[EXIT_THREAD] = { step_exit_thread },
	[PUT_SPACE] = { step_put_space },
	[PUT_ROOT] = { step_put_root },
	[PUT_TABLES] = { step_put_tables },
	[PUT_DONE] = { step_put_done },
	[TRUNCATE_NEXT_SPACE] = { step_truncate_next_space },
	[TRUNCATE_LOCK_SPACE] = { step_truncate_lock_space },
	[TRUNCATE_ROOT] = { step_truncate_root },
	[TRUNCATE_MIDDLE] = { step_truncate_middle },
	[TRUNCATE_LOCK_TABLE] = { step_truncate_lock_table },
	[TRUNCATE_LEAF] = { step_truncate_leaf },
	[TRUNCATE_SPACE_DONE] = { step_truncate_space_done },
};

/* What note() and wrong() are about. */
static struct successor *current;
static bool telling;

struct state *add_successor(struct successors *out, const struct state *from, unsigned hart)
{
	current = &out->list[out->count++];
	telling = out->telling;
	current->state = *from;
	current->by_hardware = false;
	current->verdict = HOLDS;
	current->story[0] = '\0';
	if (telling && from->threads[hart].space == NONE)
		note("hart %u:", hart);
	else if (telling)
		note("hart %u, space %d:", hart, from->threads[hart].space);
	return &current->state;
}

void note(const char *format, ...)
{
	if (!telling)
		return;
	const size_t used = strlen(current->story);
	if (used > 0 && used + 1 < sizeof current->story)
		strcat(current->story, current->story[used - 1] == ':' ? " " : "; ");
	const size_t at = strlen(current->story);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(current->story + at, sizeof current->story - at, format, arguments);
	va_end(arguments);
}

void wrong(enum verdict verdict, const char *format, ...)
{
	if (current->verdict != HOLDS)
		return;
	current->verdict = verdict;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(current->what, sizeof current->what, format, arguments);
	va_end(arguments);
}

/* A space without references is seen by nobody, except by mistake. */
static bool dead_space_is_private(void)
{
	return !has(EXIT_ON_OWN_ROOT) && !has(TRUNCATE_WITHOUT_REFERENCE);
}

/*
 * Joined to the step before, which took the lock or is covered by it. An entry that is shared may
 * be changed by nobody else either, but a table it names may get another count.
 */
bool step_is_private(const struct state *s, const struct thread *t)
{
	if (has(FAULTS_SHARE_THE_LOCK))
		return t->at == EXIT_LEAVE_ROOT;
	switch (t->at) {
	case FIND_REGION:
	case MINE_ALLOC:
	case MINE_COUNT_AGAIN:
	case FORK_BEGIN:
	case EXIT_LEAVE_ROOT:
		return true;
	case PUT_SPACE:
		return (config->operations & CAN(TRUNCATE)) == 0 && dead_space_is_private();
	case PUT_ROOT:
	case PUT_DONE:
		return dead_space_is_private();
	case MINE_MARK:
	case MINE_COUNT_UP:
	case MINE_WRITE:
		return !has(NO_TABLE_LOCK) && !has(TRUNCATE_WITHOUT_TABLE_LOCK);
	case WALK_ROOT:
		return (s->spaces[t->target].root & INNER_MINE) != 0;
	case WALK_MIDDLE: {
		const struct table *middle = &s->tables[MIDDLE][t->middle];
		return t->op != UNMAP_BLOCK && middle->count != 0 &&
		       (middle->entries[t->page / config->entries[LEAVES]] & INNER_MINE) != 0;
	}
	default:
		return false;
	}
}

/* Go on in the last successor as long as nobody could tell. */
static void go_on_in_private(struct successors *out, unsigned i, unsigned hart)
{
	struct successor *next = &out->list[i];
	struct thread *t = &next->state.threads[hart];
	current = next;
	while (next->verdict == HOLDS && step_is_private(&next->state, t))
		if (!places[t->at].step(&next->state, t))
			break;
}

void take_step(struct successors *out, const struct state *from, unsigned hart, bool speculate)
{
	const enum at at = from->threads[hart].at;
	unsigned first = out->count;
	if (speculate) {
		harts_speculate(out, from, hart);
		first = out->count;
	}
	if (at == GONE)
		return;
	if (places[at].choose != NULL) {
		places[at].choose(out, from, hart);
	} else {
		struct state *s = add_successor(out, from, hart);
		if (!places[at].step(s, &s->threads[hart]))
			out->count--;
	}
	for (unsigned i = first; i < out->count; i++)
		go_on_in_private(out, i, hart);
}

void begin_fence(struct state *s, struct thread *t, enum at then)
{
	if (t->space == t->target)
		hart_flush(t);
	t->unfenced = space_other_harts(s, t);
	t->then = t->unfenced != 0 ? then : 0;
	t->at = t->unfenced != 0 ? FENCING : then;
}

bool come_to_rest(struct thread *t)
{
	t->at = AT_REST;
	t->op = t->page = t->target = t->unfenced = t->then = t->middle = t->leaves = t->took = 0;
	t->level = t->table = t->fresh = t->index = t->entry = t->is_last = 0;
	t->frame = t->copy = t->child = t->fails = 0;
	return true;
}

bool end_operation(struct state *s, struct thread *t)
{
	space_unlock(s, t);
	return come_to_rest(t);
}

/* A hart hears an own interrupt in user mode only; the firmware reaches it everywhere. */
static bool can_be_fenced(const struct thread *t)
{
	return !has(FENCE_BY_OWN_INTERRUPT) || t->at == AT_REST || t->at == ACCESS || t->at == GONE;
}

void choose_fenced_hart(struct successors *out, const struct state *from, unsigned hart)
{
	for (unsigned h = 0; h < count_harts(); h++) {
		if ((from->threads[hart].unfenced & 1u << h) == 0 ||
		    !can_be_fenced(&from->threads[h]))
			continue;
		struct state *s = add_successor(out, from, hart);
		struct thread *t = &s->threads[hart];
		hart_flush(&s->threads[h]);
		note("hart %u is fenced", h);
		t->unfenced &= ~(1u << h);
		if (t->unfenced == 0) {
			t->at = t->then;
			t->then = 0;
		}
	}
}
