// SPDX-License-Identifier: MIT
/*
 * Fences of this hart and of others. All are full (rules T3 to T5). Others are reached through SBI:
 * its handler runs in M-mode, so a hart that spins with interrupts off still answers, and no
 * interrupt of ours can deadlock against a lock (docs/fork.md H10).
 */
#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sbi.h"

/*
 * Call @remote with masks of hart ids that cover the cpus of @harts but this one. An SBI mask spans
 * 64 ids from a base: one call for each 64 that have any, wherever the boot hart stands among them.
 */
static void on_other_harts(u64 harts, void (*remote)(u64 mask, u64 base))
{
	u64 left = harts & ~BIT(cpu_index());
	while (left != 0) {
		const u64 base = ALIGN_DOWN((u64)cpus[__builtin_ctzll(left)].hartid, 64UL);
		u64 mask = 0;
		for (u64 rest = left; rest != 0; rest &= rest - 1) {
			const u32 index = (u32)__builtin_ctzll(rest);
			const u64 distance = cpus[index].hartid - base;
			if (distance < 64) {
				mask |= BIT(distance);
				left &= ~BIT(index);
			}
		}
		remote(mask, base);
	}
}

static u64 online_mask(void)
{
	u64 mask = 0;
	for (u32 i = 0; i < cpu_count; i++)
		if (__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE))
			mask |= BIT(i);
	return mask;
}

void tlb_flush_harts(u64 harts)
{
	tlb_flush_local();
	on_other_harts(harts, sbi_remote_sfence_all);
}

void tlb_flush_all(void)
{
	/* The entries before the fences on other harts: pairs with the walkers there. */
	barrier_full();
	tlb_flush_harts(online_mask());
}

u64 icache_flush_all(void)
{
	barrier_full();
	icache_flush_local();
	/* At once rather than lazily: a thread that migrates then needs nothing (rule T23). */
	const u64 harts = online_mask();
	on_other_harts(harts, sbi_remote_fence_i);
	return harts;
}
