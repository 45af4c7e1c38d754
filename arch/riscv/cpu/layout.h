/* SPDX-License-Identifier: MIT */
/*
 * The virtual address space under Sv39, one line per range.
 *
 * The kernel half is the same in every root table. Its root entries are all made at boot and never
 * change, so a new address space copies them once and never hears of kernel mappings again.
 * Read by assembly and the linker script too, hence plain numbers.
 */
#pragma once

/* User: page 0 stays empty; the last page below the top is never mapped. */
#define USER_MIN 0x1000
#define USER_MAX 0x3ffffff000

/* All RAM at a fixed offset: virtual = LINEAR_BASE + physical. RAM from LINEAR_SIZE up is left
 * alone. */
#define LINEAR_BASE 0xffffffc000000000
#define LINEAR_SIZE 0x0000002000000000
/* struct page of frame n stands at PAGEMAP_BASE + 16 n. */
#define PAGEMAP_BASE 0xffffffe000000000
#define PAGEMAP_SIZE 0x0000000040000000
/* Devices and kernel stacks. */
#define KMAP_BASE 0xffffffe040000000
#define KMAP_SIZE 0x0000000040000000
/* The kernel image, wherever in RAM it was loaded. */
#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_SIZE 0x0000000040000000
/* The last 2 MiB of that window: the firmware's device tree, read-only, wherever it lies. */
#define FDT_WINDOW      0xffffffffbfe00000
#define FDT_WINDOW_SIZE 0x200000

/* A kernel stack: a slot of twice its size, the lower half never mapped. A stack pointer whose
 * KSTACK_SIZE bit is clear has run into the guard (arch/riscv/entry/trap_entry.S tests that bit).
 */
#define KSTACK_SHIFT 14
#define KSTACK_SIZE  0x4000
