/* SPDX-License-Identifier: MIT */
/*
 * The table behind bits_lowest(), and what the compiler calls for __builtin_ctz, __builtin_clz,
 * __builtin_popcount and __builtin_bswap, as the base instruction set has nothing for them and the
 * kernel is linked without the compiler's library.
 */
#include "lib/bits.h"

const u8 bits_shift_of[64] = {
	0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
	43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
	44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
};

#ifndef HOST_TEST

int __ctzdi2(u64 x);
int __clzdi2(u64 x);
int __popcountdi2(u64 x);
u64 __bswapdi2(u64 x);
u32 __bswapsi2(u32 x);

int __ctzdi2(u64 x)
{
	return (int)bits_lowest(x);
}

int __clzdi2(u64 x)
{
	return 63 - (int)bits_highest(x);
}

int __popcountdi2(u64 x)
{
	return (int)bits_count(x);
}

u64 __bswapdi2(u64 x)
{
	x = (x & 0x00ff00ff00ff00ffULL) << 8 | ((x >> 8) & 0x00ff00ff00ff00ffULL);
	x = (x & 0x0000ffff0000ffffULL) << 16 | ((x >> 16) & 0x0000ffff0000ffffULL);
	return x << 32 | x >> 32;
}

u32 __bswapsi2(u32 x)
{
	return x << 24 | (x & 0xff00U) << 8 | ((x >> 8) & 0xff00U) | x >> 24;
}

#endif
