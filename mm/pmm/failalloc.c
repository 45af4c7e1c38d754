// SPDX-License-Identifier: MIT
/* Allocations that fail on purpose; see failalloc.h. */
#include "mm/pmm/failalloc.h"

static u64 total; /* atomic */

bool failalloc_count(void)
{
	struct arch_thread *t = arch_current();
	if (t->irq_depth != 0 || --t->fail_nth != 0)
		return false;
	t->failed_for_now = t->fails_for_now;
	(void)__atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
	return true;
}

u64 failalloc_total(void)
{
	return __atomic_load_n(&total, __ATOMIC_RELAXED);
}
