/* SPDX-License-Identifier: MIT */
#include "fs/name_index.h"

#include "lib/string.h"

#define KEY_HASH_BITS 30
#define KEY_SHIFT     32

/* FNV-1a: names are short, and nobody gains by making them collide but his own directory. */
#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

/* The first key of all names with this one's hash. */
static u64 key_of(const char *name, size_t len)
{
	u64 hash = FNV_BASIS;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (u8)name[i]) * FNV_PRIME;
	hash ^= hash >> 32;
	return ((hash & (BIT(KEY_HASH_BITS) - 1)) + 1) << KEY_SHIFT;
}

static struct name_entry *entry_of(struct rb_node *node)
{
	return node == NULL ? NULL : rb_entry(node, struct name_entry, node);
}

struct name_entry *name_index_from(const struct name_index *n, u64 key)
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

struct name_entry *name_index_after(const struct name_entry *e)
{
	return entry_of(rb_next(&e->node));
}

static bool has_hash(const struct name_entry *e, u64 key)
{
	return e != NULL && e->key >> KEY_SHIFT == key >> KEY_SHIFT;
}

struct name_entry *name_index_find(const struct name_index *n, const char *name, size_t len)
{
	const u64 key = key_of(name, len);
	struct name_entry *e = name_index_from(n, key);
	while (has_hash(e, key)) {
		if (e->len == len && memcmp(e->name, name, len) == 0)
			return e;
		e = name_index_after(e);
	}
	return NULL;
}

void name_index_insert(struct name_index *n, struct name_entry *e)
{
	e->key = key_of(e->name, e->len);
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
