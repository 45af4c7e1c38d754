// SPDX-License-Identifier: MIT
/* What must hold in every state of the model, and what when everybody is gone. */
#include "tests/model/model.h"

#include <stdio.h>
#include <string.h>

enum { WHAT = 80 };

/* V = 1 in @e, an entry that names tables of @level: the table has no other name. */
static enum verdict check_valid(const struct state *s, u8 e, unsigned level, char what[WHAT])
{
	const char *kind = level == MIDDLE ? "middle" : "leaf";
	const unsigned count = s->tables[level][e & INNER_TABLE].count;
	if (count == 1)
		return HOLDS;
	snprintf(what, WHAT, "V = 1, but the count of %s table %d is %u", kind, e & INNER_TABLE,
		 count);
	return count == 0 ? USED_FREED : TWO_NAMES;
}

static enum verdict check_invariant(const struct state *s, char what[WHAT])
{
	enum verdict verdict = HOLDS;
	for (unsigned a = 0; a < config->spaces && verdict == HOLDS; a++) {
		const u8 root = s->spaces[a].root;
		if (root & INNER_MINE)
			verdict = check_valid(s, root, MIDDLE, what);
	}
	for (unsigned n = 0; n < config->tables[MIDDLE]; n++) {
		const struct table *t = &s->tables[MIDDLE][n];
		for (unsigned i = 0; i < config->entries[MIDDLE] && verdict == HOLDS; i++)
			if (t->count != 0 && (t->entries[i] & INNER_MINE))
				verdict = check_valid(s, t->entries[i], LEAVES, what);
	}
	return verdict;
}

/* Nobody is inside the kernel, except before a lock. */
static bool is_at_rest(const struct state *s)
{
	for (unsigned h = 0; h < count_harts(); h++) {
		const u8 at = s->threads[h].at;
		if (at != GONE && at != AT_REST && at != ACCESS && at != LOCK_SPACE)
			return false;
	}
	return true;
}

struct names {
	u8 of_table[LEVELS][MAX_TABLES];
	u8 of_frame[MAX_FRAMES]; /* that count */
	u8 of_object;            /* that do not */
};

static void count_names(const struct state *s, struct names *names)
{
	memset(names, 0, sizeof *names);
	for (unsigned a = 0; a < config->spaces; a++)
		if (s->spaces[a].root != 0)
			names->of_table[MIDDLE][s->spaces[a].root & INNER_TABLE]++;
	for (unsigned level = 0; level < LEVELS; level++) {
		for (unsigned n = 0; n < config->tables[level]; n++) {
			const struct table *t = &s->tables[level][n];
			for (unsigned i = 0; i < config->entries[level] && t->count != 0; i++) {
				if (t->entries[i] == 0)
					continue;
				if (level == MIDDLE)
					names->of_table[LEAVES][t->entries[i] & INNER_TABLE]++;
				else if (t->entries[i] & LEAF_COUNTED)
					names->of_frame[t->entries[i] & LEAF_FRAME]++;
				else
					names->of_object++;
			}
		}
	}
	if (s->object_lives)
		names->of_frame[object_frame()]++;
}

static enum verdict check_counts(const struct state *s, char what[WHAT])
{
	struct names names;
	count_names(s, &names);
	for (unsigned level = 0; level < LEVELS; level++) {
		for (unsigned n = 0; n < config->tables[level]; n++) {
			const unsigned count = s->tables[level][n].count;
			if (count == names.of_table[level][n])
				continue;
			snprintf(what, WHAT, "%s table %u: count %u, named by %d",
				 level == MIDDLE ? "middle" : "leaf", n, count,
				 names.of_table[level][n]);
			return WRONG_COUNT;
		}
	}
	for (unsigned f = 0; f < config->frames; f++) {
		if (s->frames[f].count == names.of_frame[f])
			continue;
		snprintf(what, WHAT, "frame %u: count %d, named by %d", f, s->frames[f].count,
			 names.of_frame[f]);
		return WRONG_COUNT;
	}
	return HOLDS;
}

/* At rest: leaves of a page that the object has not any more. */
static enum verdict check_object(const struct state *s, char what[WHAT])
{
	struct names names;
	count_names(s, &names);
	if (s->object_lives || names.of_object == 0)
		return HOLDS;
	snprintf(what, WHAT, "a leaf names the object's page, which is gone");
	return USED_FREED;
}

enum verdict check_state(const struct state *s, char what[WHAT])
{
	enum verdict verdict = check_invariant(s, what);
	if (verdict == HOLDS && is_at_rest(s))
		verdict = check_counts(s, what);
	if (verdict == HOLDS && is_at_rest(s))
		verdict = check_object(s, what);
	return verdict;
}

enum verdict check_end(const struct state *s, char what[WHAT])
{
	for (unsigned h = 0; h < count_harts(); h++) {
		if (s->threads[h].at != GONE) {
			snprintf(what, WHAT, "nobody can go on");
			return STUCK;
		}
	}
	for (unsigned level = 0; level < LEVELS; level++) {
		for (unsigned n = 0; n < config->tables[level]; n++) {
			if (s->tables[level][n].count != 0) {
				snprintf(what, WHAT, "a table is left at the end");
				return LEFT_OVER;
			}
		}
	}
	for (unsigned f = 0; f < config->frames; f++) {
		if (s->frames[f].count != (s->object_lives && f == object_frame())) {
			snprintf(what, WHAT, "frame %u is left at the end", f);
			return LEFT_OVER;
		}
	}
	return HOLDS;
}
