// SPDX-License-Identifier: MIT
#include "tests/host/shim/devices.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch/riscv/cpu/mmio.h"
#include "kernel/core/printk.h"
#include "mm/pmm/kmap.h"

/* Registers are "mapped" here; nothing is, so an access that bypasses mmio.h crashes. */
#define WINDOW 0x100000000000UL

u64 (*shim_device_read)(paddr_t pa, unsigned width_bytes);
void (*shim_device_write)(paddr_t pa, u64 value, unsigned width_bytes);
char shim_log[4096];

void *kmap_device(paddr_t pa, size_t len_bytes)
{
	return (void *)(WINDOW + pa);
}

u64 shim_mmio_read(const volatile void *reg, unsigned width_bytes)
{
	return shim_device_read((paddr_t)reg - WINDOW, width_bytes);
}

void shim_mmio_write(volatile void *reg, u64 value, unsigned width_bytes)
{
	shim_device_write((paddr_t)reg - WINDOW, value, width_bytes);
}

void shim_log_clear(void)
{
	shim_log[0] = '\0';
}

void printk(enum log_level level, const char *format, ...)
{
	const size_t used = strlen(shim_log);
	va_list args;
	va_start(args, format);
	vsnprintf(shim_log + used, sizeof(shim_log) - used, format, args);
	va_end(args);
}
