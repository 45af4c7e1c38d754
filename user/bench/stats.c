// SPDX-License-Identifier: MIT
/* Median and minimum. */
#include "user/bench/stats.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

struct stats stats_of(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	const uint64_t low = values[(count - 1) / 2], high = values[count / 2];
	return (struct stats){ .median = low + (high - low) / 2, .min = values[0] };
}

uint64_t stats_divide(uint64_t value, uint64_t by)
{
	return value / by + (value % by >= by - by / 2);
}
