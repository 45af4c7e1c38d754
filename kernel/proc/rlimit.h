/* SPDX-License-Identifier: MIT */
/* Limits on resources: asking, changing, and telling the address space about its own. */
#pragma once

#include "kernel/proc/process.h"
#include "lib/compiler.h"

/* What @limits say about memory, into @as, which nobody else uses yet or whose lock the caller
 * holds. */
void rlimit_apply(struct aspace *as, const struct rlimit64 limits[RLIMITS]);

/*
 * prlimit64 of @p by the running process: @old and @new may be NULL. 0; -EINVAL: no such limit, or
 * soft above hard; -EPERM: hard raised without being root, or a process of somebody else. Context:
 * may sleep.
 */
int rlimit_change(struct process *p, u32 resource, const struct rlimit64 *new_limit,
		  struct rlimit64 *old) __must_check;
