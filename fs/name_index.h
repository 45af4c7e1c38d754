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

#include "lib/compiler.h"
#include "lib/rbtree.h"
#include "lib/types.h"

struct inode;

struct name_entry {
	struct rb_node node;
	u64 key;
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

/* Names are compared by words. */
typedef u64 __attribute__((may_alias)) name_word_t;
#define NAME_WORD            sizeof(name_word_t)
#define NAME_ROOM_BYTES(len) ALIGN_UP((size_t)(len) + 1, NAME_WORD) /* what @name needs */

/* NULL: no such name. */
struct name_entry *name_index_find(const struct name_index *n, const char *name, size_t len);
/* May this name of @owner's come, too? Not with more of its hash than come by accident. */
bool name_index_has_room(const struct name_index *n, const char *name, size_t len, u32 owner);
/* @e->name, len and owner are set, there is room, and the name is not there yet. */
void name_index_insert(struct name_index *n, struct name_entry *e);
void name_index_remove(struct name_index *n, struct name_entry *e);
/* The first entry whose key is at least @key; NULL: none. */
struct name_entry *name_index_from(const struct name_index *n, u64 key);
struct name_entry *name_index_after(const struct name_entry *e);
