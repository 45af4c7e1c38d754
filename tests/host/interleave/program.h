/* SPDX-License-Identifier: MIT */
/*
 * Processes whose threads read and write their memory and change their mappings, and what their
 * memory should be: a copy is made of it when a fork publishes its child, and every access is
 * compared with it.
 *
 * What a thread does is a text, an operation a letter and a digit:
 *	r0 w0	read, write page 0		u0 m0	munmap, mmap page 0
 *	d0	MADV_DONTNEED on page 0		p0 P0	mprotect page 0 to read-only, back
 *	U0	munmap of block 0, 2 MiB	t0	truncate the shared object
 *	f0	fork; the child does children[0]	g0	let the object grow again
 *	F0	the same of a process whose code and stack are in block 0
 *	c0	read page 0 of another process, as /proc/N/mem does
 *	n2	of what it allocates from now on, the third fails
 *	x0	end the thread
 */
#pragma once

#include "mm/vmm/aspace.h"
#include "tests/host/interleave/machine.h"

#define SCRIPTS_MAX 4

struct program {
	const char *name;
	const char *before; /* done by thread 0 before the others begin */
	const char *threads[SCRIPTS_MAX];
	const char *children[SCRIPTS_MAX];
	unsigned preemptions; /* how far the search goes */
};

/* What runs next. @p NULL: drawn at random. Forks are made in @mode and, as they see it, at @place.
 */
void program_set_up(const struct program *p, enum fork_mode mode, const struct fork_place *place);
/* The threads' turn; true if the run was not cut off. */
bool program_run(void);
/* All processes look at all their memory and end; nothing is left. */
void program_end(void);
