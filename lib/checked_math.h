/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on numbers that come from outside. Each returns false, and leaves @out, on overflow.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

__must_check static inline bool checked_add(u64 a, u64 b, u64 *out)
{
	u64 sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

__must_check static inline bool checked_sub(u64 a, u64 b, u64 *out)
{
	if (b > a)
		return false;
	*out = a - b;
	return true;
}

__must_check static inline bool checked_mul(u64 a, u64 b, u64 *out)
{
	u64 product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

/* @x rounded up to a multiple of @align, a power of two. */
__must_check static inline bool checked_align_up(u64 x, u64 align, u64 *out)
{
	u64 sum;

	if (!checked_add(x, align - 1, &sum))
		return false;
	*out = sum & ~(align - 1);
	return true;
}

/* Does [@start, @start + @len) lie within [0, @limit)? */
static inline bool range_is_below(u64 start, u64 len, u64 limit)
{
	return len <= limit && start <= limit - len;
}

/* Do [@a, @a + @a_len) and [@b, @b + @b_len) have a byte in common? Neither wraps around. */
static inline bool ranges_overlap(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a_len != 0 && b_len != 0 && (a < b ? b - a < a_len : a - b < b_len);
}
