// SPDX-License-Identifier: MIT
/*
 * Address to name by binary search. symbols_offsets ascends; an address belongs to the last symbol
 * at or below it. The first of the two links has an empty table: nothing then has a name, and
 * nothing else differs.
 */
#include "kernel/core/symbols.h"

#include "arch/riscv/cpu/sections.h"
#include "lib/format.h"

/* generated/symbols.S */
extern const u32 symbols_count;
extern const u32 symbols_offsets[]; /* address - _text */
extern const u32 symbols_name_at[]; /* where in symbols_names */
extern const char symbols_names[];

bool symbols_lookup(u64 address, const char **name, u64 *offset)
{
	if (address < (u64)_text || address >= (u64)_text_end)
		return false;
	const u64 wanted = address - (u64)_text;

	/* Invariant: offsets before low are <= wanted, those from high on are > wanted. */
	u32 low = 0, high = symbols_count;
	while (low < high) {
		const u32 middle = low + (high - low) / 2;
		if (symbols_offsets[middle] <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	*name = &symbols_names[symbols_name_at[low - 1]];
	*offset = wanted - symbols_offsets[low - 1];
	return true;
}

void symbols_format(char *buf, size_t size, u64 return_address)
{
	const char *name;
	u64 offset;
	/* A call that is its function's last instruction returns into the next function. */
	if (symbols_lookup(return_address - 1, &name, &offset))
		snprintf(buf, size, "%s+0x%lx", name, offset + 1);
	else
		snprintf(buf, size, "0x%lx", return_address);
}

void symbols_format_pc(char *buf, size_t size, u64 pc)
{
	const char *name;
	u64 offset;
	if (symbols_lookup(pc, &name, &offset))
		snprintf(buf, size, "%s+0x%lx", name, offset);
	else
		snprintf(buf, size, "0x%lx", pc);
}
