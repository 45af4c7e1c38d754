/* SPDX-License-Identifier: MIT */
/*
 * The names of one directory, by hash, in an order that readdir can resume in whatever came and
 * went meanwhile: an entry keeps its key for life, and positions are keys.
 *
 * Key: 30 bits of hash plus one, then 32 bits that tell names of one hash apart. So keys are above
 * DIR_POS_FIRST and fit the signed 64 bits of d_off. The lock and the memory are the owner's.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/rbtree.h"
#include "lib/types.h"

struct inode;

struct name_entry {
	struct rb_node node;
	u64 key;
	const char *name; /* need not be terminated */
	size_t len;
	struct inode *inode; /* what it names, counted by the owner */
};

struct name_index {
	struct rb_root root;
	u64 count;
};

/*
 * FNV-1a: names are short. It has no secret, so names can be made to collide; finding one of those
 * is linear in their number, at everybody's expense if it is done under a lock that all share.
 */
#define NAME_HASH_START 0xcbf29ce484222325ULL
static inline u64 name_hash_add(u64 hash, char c)
{
	return (hash ^ (u8)c) * 0x100000001b3ULL;
}
u64 name_hash(const char *name, size_t len);

/* @hash: that of the whole name. NULL: no such name. */
struct name_entry *name_index_find(const struct name_index *n, const char *name, size_t len,
				   u64 hash);
/* @e->name and @e->len are set, and the name is not there yet. */
void name_index_insert(struct name_index *n, struct name_entry *e);
void name_index_remove(struct name_index *n, struct name_entry *e);
/* The first entry whose key is at least @key; NULL: none. */
struct name_entry *name_index_from(const struct name_index *n, u64 key);
struct name_entry *name_index_after(const struct name_entry *e);
