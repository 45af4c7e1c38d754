/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls for __builtin_ctz, __builtin_clz, __builtin_popcount and __builtin_bswap,
 * as the base instruction set has nothing for them and the kernel is linked without the compiler's
 * library.
 */
#include "lib/bits.h"

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
