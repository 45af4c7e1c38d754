/* SPDX-License-Identifier: MIT */
/* What the tests of mm/vmm share: a machine, a file, and a program that reads and writes through
 * the page table. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "mm/pmm/pmm.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/object.h"
#include "tests/host/shim/machine.h"

#define RW      (PROT_READ | PROT_WRITE)
#define RX      (PROT_READ | PROT_EXEC)
#define AT      0x40000000UL
#define PAGE(n) (AT + (n)*PAGE_SIZE)

/* cmocka's setup and teardown; the teardown wants every frame, object and lock back. */
int vmm_setup(void **state);
int vmm_teardown(void **state);
/* The same with an empty space and @file; the teardown wants all in order, and drops both. */
struct fake_file;
struct aspace *vmm_setup_space(void **state, struct fake_file *file);
int vmm_teardown_space(void **state, struct aspace *as, struct fake_file *file);

/* The leaf of @va as a hart's walker would find it; none if a table is missing. */
pte_t leaf_at(struct aspace *as, uaddr_t va);
struct page *frame_at(struct aspace *as, uaddr_t va);

/* A user's access to one word: follows the table, faults as often as a hart would. 0 or the fault's
 * errno. */
int user_load(struct aspace *as, uaddr_t va, u64 *value);
int user_store(struct aspace *as, uaddr_t va, u64 value);
int user_fetch(struct aspace *as, uaddr_t va);
/* The same where nothing can go wrong. */
u64 load(struct aspace *as, uaddr_t va);
void store(struct aspace *as, uaddr_t va, u64 value);

/* Map @pages pages at PAGE(@first), private or shared. */
void map_anon(struct aspace *as, u64 first, u64 pages, u32 prot, u32 flags);
void map_file(struct aspace *as, u64 first, u64 pages, u32 prot, u32 flags, struct vm_object *o,
	      u64 offset_pages);

/* A file of pages whose first word is FILE_WORD(index). */
#define FILE_WORD(index) (0xf11e0000UL + (index))
#define FAKE_FILE_PAGES  16
struct fake_file {
	struct vm_object object;
	struct page *pages[FAKE_FILE_PAGES];
	u64 size_pages;
	bool must_wait;        /* get_page says -EAGAIN until wait_page ran */
	bool tells;            /* get_pages says which are in memory */
	void (*on_wait)(void); /* called by wait_page */
	unsigned reads, writes, waits;
	bool destroyed;
};
void fake_file_init(struct fake_file *f);
/* The owner's part of ending it: drop the pages and its reference. */
void fake_file_fini(struct fake_file *f);

/* Frames freed when the last remote fence began; set it up with fence_watch(). */
extern unsigned frames_freed_at_fence;
void fence_watch(void);
