/* SPDX-License-Identifier: MIT */
/*
 * Arrays of bits in words of 64; bit n is bit n % 64 of word n / 64. Not atomic: the lock is the
 * owner's. Bits past the given number may hold anything and are never looked at.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, size_t bit)
{
	return (map[bit / 64] & BIT(bit % 64)) != 0;
}

static inline void bitmap_set(u64 *map, size_t bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, size_t bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

/* @count bits from @first on. */
void bitmap_set_range(u64 *map, size_t first, size_t count);
void bitmap_clear_range(u64 *map, size_t first, size_t count);

/* The first set (clear) bit of number >= @from and < @bits; @bits if there is none. */
size_t bitmap_find_set(const u64 *map, size_t bits, size_t from);
size_t bitmap_find_clear(const u64 *map, size_t bits, size_t from);

/* How many of the first @bits are set. */
size_t bitmap_count(const u64 *map, size_t bits);
