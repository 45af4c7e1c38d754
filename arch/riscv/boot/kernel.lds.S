/* SPDX-License-Identifier: MIT */
/*
 * The image: linked at KERNEL_BASE, loaded anywhere on a 2 MiB boundary. Each range with rights of
 * its own begins on a page: text R-X, rodata R--, data and bss RW-. The built-in root file system
 * is reached through the linear map alone and goes back to the allocator once it is unpacked.
 */
#include "arch/riscv/cpu/layout.h"

OUTPUT_ARCH(riscv)
ENTRY(_start)

SECTIONS
{
	. = KERNEL_BASE;
	_text = .;
	.text : AT(ADDR(.text) - KERNEL_BASE + 0x80200000) {
		*(.head)
		_text_entry = .;
		*(.text.entry)
		_text_entry_end = .;
		*(.text .text.*)
		. = ALIGN(0x1000);
	}
	_text_end = .;
	.rodata : AT(ADDR(.rodata) - KERNEL_BASE + 0x80200000) {
		*(.rodata .rodata.* .srodata .srodata.*)
		. = ALIGN(8);
		drivers_start = .;
		KEEP(*(.drivers))
		drivers_end = .;
		. = ALIGN(8);
		extable_start = .;
		KEEP(*(.extable))
		extable_end = .;
		KEEP(*(.rodata_symbols))
		. = ALIGN(0x1000);
	}
	_rodata_end = .;
	.initramfs : AT(ADDR(.initramfs) - KERNEL_BASE + 0x80200000) {
		KEEP(*(.initramfs))
		. = ALIGN(0x1000);
	}
	_initramfs_section_end = .;
	.data : AT(ADDR(.data) - KERNEL_BASE + 0x80200000) {
		*(.data .data.* .sdata .sdata.*)
		. = ALIGN(8);
	}
	.bss (NOLOAD) : AT(ADDR(.bss) - KERNEL_BASE + 0x80200000) {
		. = ALIGN(64); /* cleared by so much at a time */
		bss_start = .;
		*(.bss .bss.* .sbss .sbss.* COMMON)
		. = ALIGN(0x1000);
		bss_end = .;
	}
	_end = .;
	image_size_bytes = _end - _text;

	ASSERT(_end - _text < KERNEL_SIZE - 0x400000, "the image outgrew its window")
	/DISCARD/ : { *(.note .note.* .comment .eh_frame .eh_frame_hdr .riscv.attributes) }
}
