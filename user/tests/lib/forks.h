/* SPDX-License-Identifier: MIT */
/*
 * What tests of fork have in common: memory in whole page tables, words in it that tell where they
 * belong, gates to wait at, and threads.
 *
 * Memory is marked in many pages per table: where a table holds few, fork may copy it at once
 * rather than share it, and nothing of what is to be tested would happen.
 */
#pragma once

#include "lib/test.h"

#include <pthread.h>
#include <stdatomic.h>

/* What one table of leaves maps, and what the table above it. */
#define TABLE_PAGES  512UL
#define TABLE_BYTES  (TABLE_PAGES * PAGE)
#define MIDDLE_BYTES (512 * TABLE_BYTES)

/* Anonymous private memory for @tables whole tables. */
char *map_tables(size_t tables);

/* Mark @pages pages from @p on: the first and the last word of page i become @seed + i. */
void mark_pages(void *p, size_t pages, unsigned long seed);
/* They still are. */
void check_pages(const void *p, size_t pages, unsigned long seed);
/* All bytes of them are 0. */
void check_zero(const void *p, size_t pages);

/* Where processes wait until another lets them through. */
struct gate {
	int ends[2];
};
void gate_init(struct gate *g);
/* Let @count through, now or when they come. */
void gate_open(struct gate *g, int count);
void gate_wait(struct gate *g);
void gate_close(struct gate *g);

/* Fork copies all pages at once here, so that nothing is common after it: Heifer's fork=copy. */
bool fork_copies_pages(void);

/* Memory that a fork does not copy: one page, zeros. */
void *map_shared_page(void);

/* Threads 0 to @n - 1 of @fn, which gets its number. Only in a child: a check that fails in a
 * thread ends the process. */
void start_threads(pthread_t threads[], int n, void *(*fn)(void *));
void join_threads(pthread_t threads[], int n);

/* A number from @state, which it moves on: the same ones from the same seed. */
unsigned long random_next(unsigned long *state);
