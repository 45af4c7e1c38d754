/* SPDX-License-Identifier: MIT */
#include "fs/name_index.h"

static struct name_entry *entry_of(struct rb_node *node)
{
	return node == NULL ? NULL : rb_entry(node, struct name_entry, node);
}

struct name_entry *name_index_after(const struct name_entry *e)
{
	return entry_of(rb_next(&e->node));
}

static bool has_hash(const struct name_entry *e, u64 key)
{
	return e != NULL && e->key >> NAME_KEY_SHIFT == key >> NAME_KEY_SHIFT;
}

struct name_entry *name_index_find(const struct name_index *n, const struct name *name)
{
	struct name_entry *e = name_index_from(n, name->key);
	while (has_hash(e, name->key) && !name_entry_is(e, name))
		e = name_index_after(e);
	return has_hash(e, name->key) ? e : NULL;
}

bool name_index_has_room(const struct name_index *n, const struct name *name, u32 owner)
{
	const struct name_entry *e = name_index_from(n, name->key);
	u32 twins = 0;
	for (; has_hash(e, name->key) && twins < NAME_TWINS_MAX; e = name_index_after(e))
		twins += e->owner == owner;
	return twins < NAME_TWINS_MAX;
}

void name_index_insert(struct name_index *n, struct name_entry *e)
{
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
