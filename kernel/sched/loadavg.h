/* SPDX-License-Identifier: MIT */
/*
 * Load averages: running and waiting threads, averaged with weights that fall off by e in 1, 5 and
 * 15 minutes. Pure arithmetic.
 */
#pragma once

#include "lib/types.h"

/* Binary places of loads in /proc/loadavg and sysinfo. */
#define LOAD_SHIFT     11
#define LOAD_ONE       (1UL << LOAD_SHIFT)
#define LOAD_PERIOD_NS 5000000000ULL /* between samples */

struct loadavg {
	u64 fine[3]; /* more binary places, or the rounding of each step would add up */
};

/* Fold in @periods samples of @active (LOAD_SHIFT binary places). */
void loadavg_fold(struct loadavg *l, u64 active, u64 periods);
/* The averages over 1, 5 and 15 minutes, with LOAD_SHIFT binary places. */
void loadavg_read(const struct loadavg *l, u64 out[3]);
