/* SPDX-License-Identifier: MIT */
#include "fs/name_index.h"

#define KEY_HASH_BITS 30
#define KEY_SHIFT     32

u64 name_hash(const char *name, size_t len)
{
	u64 hash = NAME_HASH_START;
	for (size_t i = 0; i < len; i++)
		hash = name_hash_add(hash, name[i]);
	return hash;
}

/* The first key of all names with this hash. */
static u64 key_of(u64 hash)
{
	hash ^= hash >> 32;
	return ((hash & (BIT(KEY_HASH_BITS) - 1)) + 1) << KEY_SHIFT;
}

static struct name_entry *entry_of(struct rb_node *node)
{
	return node == NULL ? NULL : rb_entry(node, struct name_entry, node);
}

static inline struct name_entry *find_from(const struct name_index *n, u64 key)
{
	struct rb_node *node = n->root.node;
	struct rb_node *best = NULL;
	while (node != NULL) {
		const bool is_candidate = rb_entry(node, struct name_entry, node)->key >= key;
		if (is_candidate)
			best = node;
		node = is_candidate ? node->left : node->right;
	}
	return entry_of(best);
}

struct name_entry *name_index_from(const struct name_index *n, u64 key)
{
	return find_from(n, key);
}

struct name_entry *name_index_after(const struct name_entry *e)
{
	return entry_of(rb_next(&e->node));
}

static bool has_hash(const struct name_entry *e, u64 key)
{
	return e != NULL && e->key >> KEY_SHIFT == key >> KEY_SHIFT;
}

/* Names are short, and have the same hash already: memcmp() would cost more than it spares. */
static bool is_named(const struct name_entry *e, const char *name, size_t len)
{
	if (e->len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (e->name[i] != name[i])
			return false;
	return true;
}

struct name_entry *name_index_find(const struct name_index *n, const char *name, size_t len,
				   u64 hash)
{
	u64 key = key_of(hash);
	for (;;) {
		struct name_entry *e = find_from(n, key);
		if (!has_hash(e, key))
			return NULL;
		if (is_named(e, name, len))
			return e;
		key = e->key + 1;
	}
}

void name_index_insert(struct name_index *n, struct name_entry *e)
{
	e->key = key_of(name_hash(e->name, e->len));
	/* The first number free among the names of this hash. */
	const struct name_entry *other = name_index_from(n, e->key);
	while (has_hash(other, e->key) && other->key == e->key) {
		e->key++;
		other = name_index_after(other);
	}

	struct rb_node *parent = NULL;
	struct rb_node **link = &n->root.node;
	while (*link != NULL) {
		parent = *link;
		link = e->key < rb_entry(parent, struct name_entry, node)->key ? &parent->left :
										 &parent->right;
	}
	rb_insert(&n->root, parent, link, &e->node);
	n->count++;
}

void name_index_remove(struct name_index *n, struct name_entry *e)
{
	rb_remove(&n->root, &e->node);
	n->count--;
}
