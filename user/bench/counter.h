/* SPDX-License-Identifier: MIT */
/* What is counted: instructions if the machine's counter of them is to be had and exact, otherwise
 * time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum counter_unit { COUNTER_INSTRUCTIONS, COUNTER_NANOSECONDS };

extern enum counter_unit counter_unit;
/* Between two readings with nothing between them. */
extern uint64_t counter_overhead;

/* Find out which unit can be had. Returns: why not instructions, or NULL. */
const char *counter_probe(void);
/* Use @unit, which counter_probe() has found, and measure the overhead. */
void counter_use(enum counter_unit unit);

static inline uint64_t counter_read(void)
{
	uint64_t value;
	if (counter_unit == COUNTER_INSTRUCTIONS) {
		__asm__ volatile("rdinstret %0" : "=r"(value)::"memory");
	} else {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		value = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	}
	return value;
}

/*
 * Marks for tests/bench/profile_plugin.c, which has the same numbers: hints, which do nothing. What
 * lies between BEGIN and END is counted, and they do not; where several harts count, between the
 * first BEGIN and the last END. FORGET stands before each round, KEEP behind one that counts, WRITE
 * behind a row.
 */
enum counter_mark { MARK_BEGIN = 1, MARK_END, MARK_FORGET, MARK_KEEP, MARK_WRITE };
#define counter_mark(mark) __asm__ volatile("slti x0, x0, %0" ::"i"(mark) : "memory")

/* The readings around what is counted. */
static inline uint64_t counter_begin(void)
{
	counter_mark(MARK_BEGIN);
	return counter_read();
}

static inline uint64_t counter_end(void)
{
	const uint64_t value = counter_read();
	counter_mark(MARK_END);
	return value;
}

/* What lay between two readings. */
static inline uint64_t counter_between(uint64_t start, uint64_t end)
{
	return end - start > counter_overhead ? end - start - counter_overhead : 0;
}

/* What @times times @... take. So do the loop's two instructions each time. */
#define counter_loop(times, ...)                             \
	({                                                   \
		const uint64_t start_ = counter_begin();     \
		for (unsigned i_ = (times); i_ != 0; i_--) { \
			__VA_ARGS__;                         \
		}                                            \
		counter_between(start_, counter_end());      \
	})
