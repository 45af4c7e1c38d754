/* SPDX-License-Identifier: MIT */
/* Whole words at a time; first and last word are cut to the range by mask(). */
#include "lib/bitmap.h"

#include "lib/bits.h"

#define WORD_BITS 64

/* Ones for the bits of word @word that are in [@first, @end). The word has at least one of them. */
static u64 mask(size_t word, size_t first, size_t end)
{
	const size_t base = word * WORD_BITS;
	u64 m = ~0ULL;

	if (first > base)
		m &= ~0ULL << (first - base);
	if (end < base + WORD_BITS)
		m &= ~0ULL >> (base + WORD_BITS - end);
	return m;
}

void bitmap_set_range(u64 *map, size_t first, size_t count)
{
	for (size_t w = first / WORD_BITS; w * WORD_BITS < first + count; w++)
		map[w] |= mask(w, first, first + count);
}

void bitmap_clear_range(u64 *map, size_t first, size_t count)
{
	for (size_t w = first / WORD_BITS; w * WORD_BITS < first + count; w++)
		map[w] &= ~mask(w, first, first + count);
}

/* @flip is all ones to look for clear bits, 0 for set ones. */
static size_t find(const u64 *map, size_t bits, size_t from, u64 flip)
{
	if (from >= bits)
		return bits;
	for (size_t w = from / WORD_BITS; w * WORD_BITS < bits; w++) {
		const u64 hits = (map[w] ^ flip) & mask(w, from, bits);

		if (hits != 0)
			return w * WORD_BITS + bits_lowest(hits);
	}
	return bits;
}

size_t bitmap_find_set(const u64 *map, size_t bits, size_t from)
{
	return find(map, bits, from, 0);
}

size_t bitmap_find_clear(const u64 *map, size_t bits, size_t from)
{
	return find(map, bits, from, ~0ULL);
}

size_t bitmap_count(const u64 *map, size_t bits)
{
	size_t count = 0;

	for (size_t w = 0; w * WORD_BITS < bits; w++)
		count += bits_count(map[w] & mask(w, 0, bits));
	return count;
}
