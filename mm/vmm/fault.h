/* SPDX-License-Identifier: MIT */
/* Page faults: making the page table follow the regions. The case table stands in fault.c. */
#pragma once

#include "arch/riscv/cpu/pte.h"
#include "mm/vmm/aspace.h"

/*
 * What aspace_fault() does, for who holds as->lock: make @va accessible and return its leaf. No
 * local fence: whoever runs in this space and meets a stale entry faults once more. The lock may
 * be dropped and taken again in between (waiting for a page): look up regions again.
 */
__must_check int fault_serve(struct aspace *as, uaddr_t va, enum access access, pte_t *leaf);

/* Leaves that were found without A or D, and got them. Atomic; 0, unless somebody writes where he
 * should not. */
extern u64 fault_entries_mended;

void fault_init(void);
