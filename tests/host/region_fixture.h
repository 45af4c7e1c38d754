/* SPDX-License-Identifier: MIT */
/* What the tests of sets of regions share: a space, and regions for it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mm/vmm/object.h"
#include "mm/vmm/region.h"
#include "tests/host/shim/machine.h"

#define BASE 0x10000000UL
#define P(n) (BASE + (n)*PAGE_SIZE)
/* So many regions a space may have without a tree. */
#define FEW 10

extern struct aspace space;
extern struct list dead;

/* cmocka's setup and teardown; the teardown wants every frame, object and lock back. */
int region_setup(void **state);
int region_teardown(void **state);

/* What a private region of pages [@from, @to) from BASE on is like. */
struct region private_pages(u64 from, u64 to, u32 prot);
/* Alone, whatever its neighbours are. */
struct region *insert(const struct region *like);
struct region *add(u64 from, u64 to, u32 prot, struct vm_object *object, u64 offset_pages);

/* If there is a tree, all regions are in it, in order. */
void check_tree(const struct aspace *as);
