/* SPDX-License-Identifier: MIT */
#include "fs/name_index.h"

#define KEY_HASH_BITS 30
#define KEY_SHIFT     32
#define HASH_FACTOR   0x9e3779b97f4a7c15ULL

/* The @n bytes from @p on, 1 to 8, the first lowest, zeros behind. Only words they are in are read,
 * at their alignment. */
static inline __reads_whole_words u64 name_word(const char *p, size_t n)
{
	const size_t skip = (uintptr_t)p % NAME_WORD;
	const name_word_t *const at = (const name_word_t *)(p - skip);
	u64 word = at[0] >> 8 * skip;
	if (skip + n > NAME_WORD)
		word |= at[1] << 8 * (NAME_WORD - skip);
	return word & ~0ULL >> (-8 * n) % 64;
}

/* The first key of all names with the hash of this one, which is not empty. @last: its last word.
 */
static inline u64 key_of(const char *name, size_t len, u64 *last)
{
	u64 hash = 0;
	for (; len > NAME_WORD; len -= NAME_WORD, name += NAME_WORD)
		hash = (hash ^ name_word(name, NAME_WORD)) * HASH_FACTOR;
	*last = name_word(name, len);
	hash = (hash ^ *last) * HASH_FACTOR;
	hash = (hash ^ hash >> 32) * HASH_FACTOR;
	return ((hash >> (64 - KEY_HASH_BITS)) + 1) << KEY_SHIFT;
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

static inline bool is_named(const struct name_entry *e, const char *name, size_t len, u64 last)
{
	const name_word_t *own = (const name_word_t *)e->name;
	if (e->len != len || own[(len - 1) / NAME_WORD] != last)
		return false;
	for (; len > NAME_WORD; len -= NAME_WORD, name += NAME_WORD)
		if (name_word(name, NAME_WORD) != *own++)
			return false;
	return true;
}

/* Among the names behind @e, which has the same hash and is not it. */
static __noinline struct name_entry *find_twin(const struct name_entry *e, const char *name,
					       size_t len, u64 last)
{
	const u64 key = e->key;
	struct name_entry *twin = name_index_after(e);
	while (has_hash(twin, key) && !is_named(twin, name, len, last))
		twin = name_index_after(twin);
	return has_hash(twin, key) ? twin : NULL;
}

struct name_entry *name_index_find(const struct name_index *n, const char *name, size_t len)
{
	u64 last;
	const u64 key = key_of(name, len, &last);
	struct name_entry *e = find_from(n, key);
	if (!has_hash(e, key))
		return NULL;
	return likely(is_named(e, name, len, last)) ? e : find_twin(e, name, len, last);
}

bool name_index_has_room(const struct name_index *n, const char *name, size_t len, u32 owner)
{
	u64 last;
	const u64 key = key_of(name, len, &last);
	const struct name_entry *e = find_from(n, key);
	u32 twins = 0;
	for (; has_hash(e, key) && twins < NAME_TWINS_MAX; e = name_index_after(e))
		twins += e->owner == owner;
	return twins < NAME_TWINS_MAX;
}

void name_index_insert(struct name_index *n, struct name_entry *e)
{
	u64 last;
	e->key = key_of(e->name, e->len, &last);
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
