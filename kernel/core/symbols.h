/* SPDX-License-Identifier: MIT */
/*
 * Names of the kernel's functions, for reports. The table is generated from the first link
 * (scripts/gen_symbols.py) and read-only. Context: any.
 */
#pragma once

#include "lib/types.h"

/*
 * The function that @address lies in: true, its name and how far in. False outside the kernel's
 * text, or if the table is empty.
 */
bool symbols_lookup(u64 address, const char **name, u64 *offset);

/* The source line of @address: true in debug builds, for the kernel's text. */
bool symbols_line(u64 address, const char **file, u32 *line);

#define SYMBOL_TEXT_MAX 128
/*
 * Write "name+0x12 (kernel/core/panic.c:34)" for a return address, looked up by the call before it;
 * without the line where it is not known, and the bare number outside the kernel.
 */
void symbols_format(char *buf, size_t size, u64 return_address);
/* The same for the address of an instruction, not of the one behind a call. */
void symbols_format_pc(char *buf, size_t size, u64 pc);
