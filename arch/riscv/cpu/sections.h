/* SPDX-License-Identifier: MIT */
/* Marks of the linker script (arch/riscv/boot/kernel.lds.S). Addresses only; there is nothing to
 * read. */
#pragma once

extern const char _text[], _text_entry[], _text_entry_end[], _text_end[], _rodata_end[],
	_initramfs_section_end[], _end[];
