/* SPDX-License-Identifier: MIT */
/* Device registers in host tests: every access goes to the test's model of the device
 * (shim/devices.h). */
#pragma once

#include "arch/riscv/cpu/barrier.h"
#include "lib/types.h"

u64 shim_mmio_read(const volatile void *reg, unsigned width_bytes);
void shim_mmio_write(volatile void *reg, u64 value, unsigned width_bytes);

static inline u32 read32(const volatile void *reg)
{
	return (u32)shim_mmio_read(reg, 4);
}
static inline void write32(volatile void *reg, u32 value)
{
	shim_mmio_write(reg, value, 4);
}
static inline u8 read8(const volatile void *reg)
{
	return (u8)shim_mmio_read(reg, 1);
}
static inline void write8(volatile void *reg, u8 value)
{
	shim_mmio_write(reg, value, 1);
}
