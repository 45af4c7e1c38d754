/* SPDX-License-Identifier: MIT */
/*
 * Fences for one space: which harts may remember its translations, and making them forget. When
 * one is due says the table in DESIGN section 7; in short: V, W or a frame taken away -> every
 * hart, before the lock is dropped and before anything is freed; V or W given -> this hart, at
 * the end.
 */
#pragma once

#include "lib/types.h"

struct aspace;

/* Every hart that may remember something of @as forgets it. The entries were changed before. */
void aspace_fence(struct aspace *as);
/* The same for all harts but this one, where tlb_flush_local() follows once the new entry
 * stands. */
void aspace_fence_others(struct aspace *as);
/* Code was stored just now, by us or by the program: every hart fetches it anew, whichever comes to
 * run it, so that nobody has to remember at a migration (T23). */
void fence_code(void);
