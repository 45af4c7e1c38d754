/* SPDX-License-Identifier: MIT */
/* What the calls about ranges of a space share: mapping.c, remap.c, advise.c. */
#pragma once

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/pte.h"
#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/types.h"

struct aspace;

/* The end of [@addr, @addr + @len_bytes) rounded up to pages, if the range is within user space. */
static inline bool range_end(uaddr_t addr, u64 len_bytes, uaddr_t *end)
{
	*end = page_align_up(addr + len_bytes);
	return addr <= USER_MAX && len_bytes <= USER_MAX - addr;
}

/*
 * Remove regions and leaves of [@start, @end). Regions that end go to @dead, for
 * region_destroy_list() once the lock is dropped. 0; -ENOMEM with nothing changed.
 * Locks: as->lock.
 */
__must_check int range_clear(struct aspace *as, uaddr_t start, uaddr_t end, struct list *dead);

/* What is filled in: as a first touch would (a write where that gives a private frame), or asking
 * for one access, where the region must allow it. */
enum populate { POPULATE_TOUCH, POPULATE_READ, POPULATE_WRITE };

/*
 * Fault in what [@start, @end) maps; stops at the first page that cannot be had. 0; -EFAULT:
 * nothing mapped there; -EACCES; -EIO: past the object's end; -ENOMEM; -EINTR: the process
 * is to end. Context: may sleep; takes as->lock page by page.
 */
int range_populate(struct aspace *as, uaddr_t start, uaddr_t end, enum populate how);
