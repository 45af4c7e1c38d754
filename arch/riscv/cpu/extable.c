// SPDX-License-Identifier: MIT
/*
 * Filled by usercopy.S through a linker section: pairs of 32-bit distances from the pair, so the
 * table is right wherever the image is linked. A handful of entries, searched in order, and only
 * after a fault.
 */
#include "arch/riscv/cpu/extable.h"

struct extable_entry {
	s32 instruction, recovery;
};
extern const struct extable_entry extable_start[], extable_end[];

u64 extable_find(u64 pc)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++)
		if ((u64)e + (u64)(s64)e->instruction == pc)
			return (u64)e + (u64)(s64)e->recovery;
	return 0;
}
