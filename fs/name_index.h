/* SPDX-License-Identifier: MIT */
/*
 * The names of one directory, by hash, in an order that readdir can resume in whatever came and
 * went meanwhile: an entry keeps its key for life, and positions are keys.
 *
 * Key: 30 bits of hash plus one, then 32 bits that tell names of one hash apart (twins). So keys
 * are above DIR_POS_FIRST and fit the signed 64 bits of d_off. The lock and the memory are the
 * owner's.
 */
#pragma once

#include "fs/name.h"
#include "lib/rbtree.h"

struct inode;

struct name_entry {
	struct rb_node node;
	u64 key;          /* before it is inserted: struct name.key */
	const char *name; /* aligned to a word, and zeros up to the next one behind it */
	u32 len;
	u32 owner;           /* uid of whose file it is, or was when the name came */
	struct inode *inode; /* what it names, counted by the owner */
};

struct name_index {
	struct rb_root root;
	u64 count;
};

/*
 * So many names of one owner in a directory may have one hash. It has no secret (positions would
 * tell it), so names can be made to collide; to find one among those is linear in their number, and
 * done under a lock that all who change names wait for. Others' names do not count: nobody keeps a
 * name from another.
 */
#define NAME_TWINS_MAX 16

/* The first entry whose key is at least @key; NULL: none. */
static inline struct name_entry *name_index_from(const struct name_index *n, u64 key)
{
	struct rb_node *node = n->root.node, *best = NULL;
	while (node != NULL) {
		const bool is_candidate = rb_entry(node, struct name_entry, node)->key >= key;
		if (is_candidate)
			best = node;
		node = is_candidate ? node->left : node->right;
	}
	return best == NULL ? NULL : rb_entry(best, struct name_entry, node);
}
struct name_entry *name_index_after(const struct name_entry *e);

static inline bool name_entry_is(const struct name_entry *e, const struct name *name)
{
	const name_word_t *const own = (const name_word_t *)e->name;
	const size_t words = name->len / NAME_WORD;
	return e->len == name->len && own[words] == name->last &&
	       name_begins_with(name, own, words);
}
/* NULL: no such name. */
struct name_entry *name_index_find(const struct name_index *n, const struct name *name);
/* May this name of @owner's come, too? Not with more of its hash than come by accident. */
bool name_index_has_room(const struct name_index *n, const struct name *name, u32 owner);
/* @e->key, name, len and owner are set, there is room, and the name is not there yet. */
void name_index_insert(struct name_index *n, struct name_entry *e);
void name_index_remove(struct name_index *n, struct name_entry *e);
