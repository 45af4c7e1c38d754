// SPDX-License-Identifier: MIT
/*
 * An average a and a sample s become a * k + s * (1 - k), k = e^(-5 s / T). Over n equal samples
 * that is the same with k^n, so a long silence costs no more than a short one.
 */
#include "kernel/sched/loadavg.h"

/* Binary places of averages and powers in here. A load of 2^19 threads still fits. */
#define FINE_SHIFT 22

/* e^(-5/60), e^(-5/300), e^(-5/900) */
static const u64 decay[3] = { 3858946, 4124978, 4171067 };

/* @x^@n; x <= 1. */
static u64 power(u64 x, u64 n)
{
	u64 result = 1UL << FINE_SHIFT;
	for (; n != 0; n >>= 1) {
		if (n & 1)
			result = result * x >> FINE_SHIFT;
		x = x * x >> FINE_SHIFT;
	}
	return result;
}

void loadavg_fold(struct loadavg *l, u64 active, u64 periods)
{
	const u64 one = 1UL << FINE_SHIFT;
	const u64 sample = active << (FINE_SHIFT - LOAD_SHIFT);
	for (unsigned i = 0; i < 3; i++) {
		const u64 k = power(decay[i], periods);
		l->fine[i] = (l->fine[i] * k + sample * (one - k)) >> FINE_SHIFT;
	}
}

void loadavg_read(const struct loadavg *l, u64 out[3])
{
	const unsigned shift = FINE_SHIFT - LOAD_SHIFT;
	for (unsigned i = 0; i < 3; i++)
		out[i] = (l->fine[i] + (1UL << (shift - 1))) >> shift;
}
