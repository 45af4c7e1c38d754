/* SPDX-License-Identifier: MIT */
/*
 * Threads that take turns on one host thread, and who decides about the turns: a generator of
 * random numbers, or a search through all there is to decide.
 *
 * The search runs a program again and again from its beginning; of each run it remembers what was
 * decided, and the next run decides the last thing otherwise that was not yet decided in all ways.
 * It is cut in two ways: a run is allowed so many preemptions (switches away from a thread that
 * could go on), and a run that comes to where another was before ends there. Two runs are at the
 * same place if each thread made the same accesses, and each access found what the same accesses
 * before it had left: a thread's hash covers what it did and saw, an object's hash its last change.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define THREADS_MAX 8

/* The thread that runs, -1: the test itself. */
extern int explore_current;

/* ---- one run ---- */

/* Begin a run whose decisions are drawn from @seed. */
void explore_begin_random(u64 seed);
/* Begin the next run of the search that explore_search() set up; false: all were made. */
bool explore_begin_next(void);
/* @preemptions allowed per run; PREEMPTIONS_ALL: no limit. */
#define PREEMPTIONS_ALL 255
void explore_search(unsigned preemptions);

/* Let @body(id) be a thread of this run. */
void explore_start(unsigned id, void (*body)(unsigned id));
/* Let all threads run until they have ended. False: the run was cut off, and nothing that the
 * threads held was given back. */
bool explore_run(void);
/* From here on there is nothing to decide: one thread after the other. */
void explore_set_sequential(bool on);

/* ---- for threads ---- */

/* Another thread may run here. */
void explore_point(void);
/* Wait until @is_ready(@arg). @what for reports. */
void explore_wait(bool (*is_ready)(const void *arg), const void *arg, const char *what);
/* Decide: 0 .. @n - 1. */
unsigned explore_choose(unsigned n);
/* In random runs, a number below @n; only there. */
unsigned explore_random(unsigned n);
bool explore_is_random(void);

/* The running thread reads or changes @object, any address. */
void explore_read(const void *object);
void explore_write(const void *object);

/* Is @address on the running thread's stack? */
bool explore_owns_stack(const void *address);

/* ---- reports ---- */

struct explore_sums {
	u64 runs, cut_off, points, places;
};
extern struct explore_sums explore_sums;

/* Remember what the running thread does, for explore_print(). @format takes @name, @a, @b, in this
 * order; all must last. */
void explore_log(const char *format, const char *name, u64 a, u64 b);
/* What led here, and what each thread waits for. */
void explore_print(void);
