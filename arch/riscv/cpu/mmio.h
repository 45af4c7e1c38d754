/* SPDX-License-Identifier: MIT */
/* Device registers: one access of the width named, ordered against other device accesses and RAM.
 */
#pragma once

#include "arch/riscv/cpu/barrier.h"
#include "lib/types.h"

static inline u32 read32(const volatile void *reg)
{
	const u32 value = *(const volatile u32 *)reg;
	__asm__ volatile("fence i, ir" ::: "memory");
	return value;
}
static inline void write32(volatile void *reg, u32 value)
{
	__asm__ volatile("fence w, o" ::: "memory");
	*(volatile u32 *)reg = value;
}
static inline u8 read8(const volatile void *reg)
{
	const u8 value = *(const volatile u8 *)reg;
	__asm__ volatile("fence i, ir" ::: "memory");
	return value;
}
static inline void write8(volatile void *reg, u8 value)
{
	__asm__ volatile("fence w, o" ::: "memory");
	*(volatile u8 *)reg = value;
}
