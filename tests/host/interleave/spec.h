/* SPDX-License-Identifier: MIT */
/*
 * What the memory of processes should be, and accesses to it that are compared with that. While a
 * call changes a page, it may be what it was or what it will be.
 */
#pragma once

#include "mm/vmm/aspace.h"
#include "mm/vmm/object.h"
#include "tests/host/interleave/machine.h"

#define PROCESSES_MAX 6
#define SEEN_MAX      24

/* What a page may be, as bits: more than one while a call is changing it. */
enum { UNMAPPED = 1, READ_ONLY = 2, WRITABLE = 4 };
/* What an access may come to, as bits. */
enum { DONE = 1, NO_REGION = 2, FORBIDDEN = 4, PAST_END = 8 };

struct page_spec {
	u8 states, states_before;
	u8 changing;      /* calls that change them now: one at most */
	u8 dropping;      /* of MADV_DONTNEED */
	bool may_be_zero; /* it is what value says, or dropped */
	u32 writes;
	u64 value;
};

struct process {
	struct aspace *as;
	bool is_alive;
	unsigned threads;
	struct page_spec pages[PAGES_MAX];
};
extern struct process processes[PROCESSES_MAX];
extern unsigned process_count;

/* The shared object, of one page. */
struct file {
	struct vm_object object;
	struct page *page;
	bool is_cut;
	/* what it should be */
	u8 states; /* DONE, PAST_END */
	bool is_changing;
	u64 value;
};
extern struct file file;

struct user {
	bool exists;
	unsigned process;
	const char *script; /* NULL: drawn at random */
	unsigned ops_left;
	/* of the access under way */
	int access_process, access_page; /* -1: none */
	bool is_write;
	u8 outcomes;
	unsigned seen_count;
	u64 seen[SEEN_MAX];
	/* of the fork under way */
	int child; /* -1: none */
	bool is_published, is_over;
};
extern struct user users[THREADS_MAX];

/* The running thread. */
struct user *me(void);

/* No value is written twice. */
extern u64 last_value;

/* ---- spec.c ---- */

bool is_shared(unsigned page);
/* What an access may come to now. */
u8 outcomes_of(unsigned process, unsigned page, bool is_write);
/* May an access find @value? */
bool is_value(const struct page_spec *s, unsigned page, u64 value);
/* A page may be more now: accesses under way may come to that. */
void note_change(unsigned process, unsigned page);
void note_file_change(void);
/* An access found, and left, @value. */
void note_read(unsigned process, unsigned page, u64 value);
void note_write(unsigned process, unsigned page, u64 value);
/* "page 0" */
const char *page_name(unsigned page);

/* ---- access.c ---- */

/* The running thread's program reads or writes a page, through what its hart remembers. */
void user_access(unsigned page, bool is_write);
/* It reads another process' page, through the kernel. */
void peek(unsigned page);
