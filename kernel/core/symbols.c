// SPDX-License-Identifier: MIT
/*
 * Address to name, and to source line, by binary search. The offsets ascend; an address belongs to
 * the last one at or below it. The first of the two links has empty tables: nothing then has a
 * name, and nothing else differs. Lines are there with CONFIG_LINE_NUMBERS alone.
 */
#include "kernel/core/symbols.h"

#include "arch/riscv/cpu/sections.h"
#include "lib/format.h"

/* generated/symbols.S */
extern const u32 symbols_count;
extern const u32 symbols_offsets[]; /* address - _text */
extern const u32 symbols_name_at[]; /* where in symbols_names */
extern const char symbols_names[];
extern const u32 lines_count;
extern const u32 lines_offsets[]; /* address - _text */
extern const u32 lines_at[];      /* number of the file << 16 | line; 0: none */
extern const u32 lines_files[];   /* where in lines_names */
extern const char lines_names[];

/* How many of the ascending @offsets are <= @wanted. */
static u32 count_up_to(const u32 *offsets, u32 count, u64 wanted)
{
	/* Invariant: offsets before low are <= wanted, those from high on are > wanted. */
	u32 low = 0, high = count;
	while (low < high) {
		const u32 middle = low + (high - low) / 2;
		if (offsets[middle] <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool symbols_lookup(u64 address, const char **name, u64 *offset)
{
	if (address < (u64)_text || address >= (u64)_text_end)
		return false;
	const u64 wanted = address - (u64)_text;
	const u32 low = count_up_to(symbols_offsets, symbols_count, wanted);
	if (low == 0)
		return false;
	*name = &symbols_names[symbols_name_at[low - 1]];
	*offset = wanted - symbols_offsets[low - 1];
	return true;
}

bool symbols_line(u64 address, const char **file, u32 *line)
{
	if (address < (u64)_text || address >= (u64)_text_end)
		return false;
	const u32 low = count_up_to(lines_offsets, lines_count, address - (u64)_text);
	if (low == 0 || lines_at[low - 1] == 0)
		return false;
	*file = &lines_names[lines_files[lines_at[low - 1] >> 16]];
	*line = lines_at[low - 1] & 0xffff;
	return true;
}

static void format_line(char *buf, size_t size, u64 address)
{
	const char *file;
	u32 line;
	if (symbols_line(address, &file, &line))
		(void)format_buf(buf, size, " (%s:%u)", file, line);
}

void symbols_format(char *buf, size_t size, u64 return_address)
{
	const char *name;
	u64 offset;
	size_t len;
	/* A call that is its function's last instruction returns into the next function. */
	if (symbols_lookup(return_address - 1, &name, &offset))
		len = format_buf(buf, size, "%s+0x%lx", name, offset + 1);
	else
		len = format_buf(buf, size, "0x%lx", return_address);
	format_line(buf + len, size - len, return_address - 1);
}

void symbols_format_pc(char *buf, size_t size, u64 pc)
{
	const char *name;
	u64 offset;
	size_t len;
	if (symbols_lookup(pc, &name, &offset))
		len = format_buf(buf, size, "%s+0x%lx", name, offset);
	else
		len = format_buf(buf, size, "0x%lx", pc);
	format_line(buf + len, size - len, pc);
}
