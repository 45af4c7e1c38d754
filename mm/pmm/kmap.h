/* SPDX-License-Identifier: MIT */
/*
 * Kernel mappings besides the linear map: device registers, and kernel stacks with a guard below.
 * Mappings are made seldom and stacks are kept for reuse, since to take one away fences all harts.
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "lib/compiler.h"
#include "lib/types.h"

/* Registers at @pa, uncached by the platform's rules, readable and writable, never executable (rule
 * T11). NULL: no memory, or @pa is RAM. Never unmapped. */
void *kmap_device(paddr_t pa, size_t len_bytes);

/* A stack of KSTACK_SIZE in a slot of twice that; returns the TOP (what sp starts at), 0: no
 * memory. */
vaddr_t kstack_alloc(void);
void kstack_free(vaddr_t top);
/* atomic: how many fresh stacks there have been; counted after a stack's entries were stored */
extern u64 kstacks_mapped;
/* @cpu, this hart, is about to change stacks, perhaps to a fresh one. The caller learned of it
 * under a lock, which orders the look at the count; interrupts are off. */
static inline void kstack_sync(struct cpu *cpu)
{
	const u64 mapped = READ_ONCE(kstacks_mapped);
	if (likely(cpu->stacks_known == mapped))
		return;
	cpu->stacks_known = mapped;
	tlb_flush_local();
}
/* Give stocked stacks back (their slots stay mapped to nothing). */
void kstack_shrink(void);

/* In the half of a stack's slot that is never mapped? */
bool kstack_is_guard(vaddr_t va);
/* How deep the stack with the top @top has been since it was handed out: the words that changed.
 * Debug builds; 0 otherwise. */
size_t kstack_used_bytes(vaddr_t top);

void kmap_init(void);
