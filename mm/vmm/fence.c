// SPDX-License-Identifier: MIT
/*
 * Fences for one space (docs/fork.md H15). A hart that enters a space sets its bit in as->harts,
 * with acquire, and then loads satp; whoever takes an entry away stores it, then a full
 * barrier, then reads the bits. So either we see the bit, or that hart's walks see our store.
 */
#include "mm/vmm/fence.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/trace.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/events.h"

static u64 harts_after_stores(const struct aspace *as)
{
	/* Pairs with the bit's being set before satp is loaded (mmu_switch()). */
	barrier_full();
	return __atomic_load_n(&as->harts, __ATOMIC_RELAXED);
}

static void fence_harts(struct aspace *as, u64 harts)
{
	/* Before the lock is dropped. */
	DEBUG_ASSERT(aspace_is_mine(as));
	if (harts == 0)
		return;
	vmm_count(as, EVENT_FENCES, 1);
	trace(TRACE_FENCE, __builtin_popcountll(harts), harts, 0);
	tlb_flush_harts(harts);
}

void aspace_fence(struct aspace *as)
{
	fence_harts(as, harts_after_stores(as));
}

void aspace_fence_others(struct aspace *as)
{
	fence_harts(as, harts_after_stores(as) & ~BIT(cpu_index()));
}

void fence_code(void)
{
	const u64 harts = icache_flush_all();
	trace(TRACE_CODE, __builtin_popcountll(harts), harts, 0);
}
