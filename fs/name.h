/* SPDX-License-Identifier: MIT */
/*
 * A name in a directory as it stands in a path: anywhere, and not terminated. With it goes what
 * tells it from other names, found in the one pass that finds its end: everybody who looks for it
 * afterwards, in whatever directory, uses that.
 *
 * Texts are read by words at their alignment, and only words of which some byte is the text's or
 * its end's: so nobody need leave room before or behind.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/string.h"
#include "lib/types.h"

typedef u64 __attribute__((may_alias)) name_word_t;
#define NAME_MAX_BYTES 255
#define NAME_WORD      sizeof(name_word_t)
/* What an entry of @len bytes needs, with zeros behind. */
#define NAME_ROOM_BYTES(len) ALIGN_UP((size_t)(len) + 1, NAME_WORD)

struct name {
	const char *text;
	size_t len;
	u64 last; /* the bytes behind the last whole word of it, the first lowest, zeros above */
	u64 key;  /* in a directory, if it is the only one with its hash (fs/name_index.h) */
};

#define NAME_KEY_SHIFT   32
#define NAME_HASH_BITS   30
#define NAME_HASH_FACTOR 0x9e3779b97f4a7c15ULL
#define NAME_EACH_BYTE   (~0ULL / 0xff)        /* times a byte: a word of it */
#define NAME_COUNT_BYTES 0x0001020304050608ULL /* times 1 << 8n, less itself: n in the highest */

/*
 * All whole words, then the rest, even if it is empty. Only the highest bits are used, which depend
 * on all that are multiplied.
 */
static __always_inline u64 name_hash(u64 hash, u64 word)
{
	return (hash ^ word) * NAME_HASH_FACTOR;
}

static __always_inline u64 name_key(u64 hash)
{
	return ((hash >> (64 - NAME_HASH_BITS)) + 1) << NAME_KEY_SHIFT;
}

/* 0x80 in every byte of @word that ends a component; above the lowest of them it may be there
 * wrongly. A slash has no bit 0x80: what has it after the subtraction and not before was 0. */
static __always_inline u64 name_ends(u64 word)
{
	const u64 slash_is_0 = word ^ NAME_EACH_BYTE * '/';
	return ((word - NAME_EACH_BYTE) | (slash_is_0 - NAME_EACH_BYTE)) & ~word &
	       NAME_EACH_BYTE * 0x80;
}

/* The 8 bytes of a text @skip_bits behind @at, if the text or its end is in at[1], too. */
static __always_inline __reads_whole_words u64 name_word(const name_word_t *at, u64 skip_bits)
{
	return at[0] >> skip_bits | at[1] << 1 << (63 - skip_bits);
}

/*
 * The component that begins at @path and ends at a slash or NUL. Its length may be 0. What comes
 * behind @path + len is not looked at.
 */
static inline __reads_whole_words void name_scan(struct name *name, const char *path)
{
	const u64 skip_bits = (uintptr_t)path % NAME_WORD * 8;
	const name_word_t *at = (const name_word_t *)((uintptr_t)path & ~(NAME_WORD - 1));
	u64 hash = 0, word, ends;
	size_t len = 0;
	for (;;) {
		word = *at >> skip_bits;
		ends = name_ends(word);
		/* What was shifted in looks like an end. None before it: it goes on in at[1]. */
		if (ends << skip_bits == 0) {
			word = name_word(at, skip_bits);
			ends = name_ends(word);
		}
		if (ends != 0)
			break;
		hash = name_hash(hash, word);
		len += NAME_WORD;
		at++;
	}
	const u64 before = ((ends - 1) & ~ends) >> 7; /* all bits of the bytes before the end */
	name->text = path;
	name->len = len + (before * NAME_COUNT_BYTES >> 56);
	name->last = word & before;
	name->key = name_key(name_hash(hash, name->last));
}

/* Are the first @words words of @name, which it has, those at @own? */
static inline __reads_whole_words bool name_begins_with(const struct name *name,
							const name_word_t *own, size_t words)
{
	const u64 skip_bits = (uintptr_t)name->text % NAME_WORD * 8;
	const name_word_t *at = (const name_word_t *)((uintptr_t)name->text & ~(NAME_WORD - 1));
	for (size_t i = 0; i < words; i++)
		if (name_word(&at[i], skip_bits) != own[i])
			return false;
	return true;
}

/* The name @text, which is terminated and has no slash. */
static inline struct name name_of(const char *text)
{
	struct name name;
	name_scan(&name, text);
	return name;
}
static inline bool name_is(const struct name *name, const char *text)
{
	return strlen(text) == name->len && memcmp(name->text, text, name->len) == 0;
}
