/* SPDX-License-Identifier: MIT */
/* What is said about many measurements of one thing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct stats {
	uint64_t median; /* of an even number the mean of the two in the middle, rounded down */
	uint64_t min;
};

/* Sorts @values, of which there is at least one. */
struct stats stats_of(uint64_t *values, size_t count);

/* @value / @by, to the nearest, halves up. */
uint64_t stats_divide(uint64_t value, uint64_t by);
