/* SPDX-License-Identifier: MIT */
/*
 * Page tables in stock: a table of zeros, or a root with the kernel half in place, costs no
 * clearing and no copying when it is taken, because that is how it came back.
 */
#pragma once

#include "mm/pmm/pmm.h"

/* A table of zeros that no entry names yet, count 1. NULL: no memory. */
struct page *ptable_alloc(void) __must_check;
/* @table, whose entries are all zero and which no hart's walker can reach any more. */
void ptable_free(struct page *table);

/* The same for roots: zeros are the entries of the user half. */
struct page *ptable_alloc_root(void) __must_check;
void ptable_free_root(struct page *root);

/* Give all stocked tables back to the frame allocator. Context: no spinlock held. */
void ptable_shrink(void);

void ptable_init(void);
