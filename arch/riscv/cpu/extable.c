// SPDX-License-Identifier: MIT
/*
 * Filled by guarded.inc through a linker section: pairs of 32-bit distances from the pair, so the
 * table is right wherever the image is linked. The linker lays out instructions and entries in the
 * same order; scripts/check_binary.py sees to it that this stays so, for the search halves.
 */
#include "arch/riscv/cpu/extable.h"

struct extable_entry {
	s32 instruction, recovery;
};
extern const struct extable_entry extable_start[], extable_end[];

u64 extable_find(u64 pc)
{
	const struct extable_entry *low = extable_start, *high = extable_end;
	while (low < high) {
		const struct extable_entry *e = low + (high - low) / 2;
		const u64 instruction = (u64)e + (u64)(s64)e->instruction;
		if (instruction == pc)
			return (u64)e + (u64)(s64)e->recovery;
		if (instruction < pc)
			low = e + 1;
		else
			high = e;
	}
	return 0;
}
