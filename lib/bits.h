/* SPDX-License-Identifier: MIT */
/*
 * Bits of a 64-bit word. The harts we run on have no instructions for these, so they are written
 * out; the compiler's builtins end up here too (bits.c).
 */
#pragma once

#include "lib/types.h"

/* Number of bits set. */
static inline unsigned int bits_count(u64 x)
{
	/*
	 * Sums of 2, then 4, then 8 neighbouring bits; the product adds up the bytes in the top
	 * one.
	 */
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned int)((x * 0x0101010101010101ULL) >> 56);
}

/* A number whose every six bits in a row, zeros following, are another number: a power of two
 * times it has, on top, six bits that say which power. */
#define BITS_SEQUENCE 0x03f79d71b4cb0a89ULL
extern const u8 bits_shift_of[64]; /* by the top six bits of BITS_SEQUENCE << shift */

/* Number of the lowest bit set. @x is not 0. */
static inline unsigned int bits_lowest(u64 x)
{
	return bits_shift_of[((x & -x) * BITS_SEQUENCE) >> 58];
}

/* Number of the highest bit set: the logarithm, rounded down. @x is not 0. */
static inline unsigned int bits_highest(u64 x)
{
	unsigned int n = 0;

	for (unsigned int step = 32; step > 0; step /= 2) {
		if (x >> step != 0) {
			x >>= step;
			n += step;
		}
	}
	return n;
}

static inline bool is_power_of_two(u64 x)
{
	return x != 0 && (x & (x - 1)) == 0;
}
