/* SPDX-License-Identifier: MIT */
/*
 * Whatever passes here can be mapped without further questions: no sum overflows, nothing lies
 * outside the file or the user's addresses, and no segment covers another.
 */
#include "lib/elf.h"

#include "lib/abi/errno.h"
#include "lib/abi/limits.h"
#include "lib/bits.h"
#include "lib/checked_math.h"
#include "lib/string.h"

/* e_ident */
#define IDENT_CLASS     4
#define IDENT_DATA      5
#define IDENT_VERSION   6
#define CLASS_64        2
#define DATA_LITTLE     1
#define VERSION_CURRENT 1

#define MACHINE_RISCV 243
#define FLAG_RVE      0x0008 /* 16 registers: another ABI */

#define PAGE_BYTES 4096ULL

int elf_check_header(const void *file_start, size_t len_bytes, struct elf_header *h)
{
	if (len_bytes < sizeof(*h))
		return -ENOEXEC;
	memcpy(h, file_start, sizeof(*h));
	if (h->e_ident[0] != '\x7f' || h->e_ident[1] != 'E' || h->e_ident[2] != 'L' ||
	    h->e_ident[3] != 'F')
		return -ENOEXEC;
	if (h->e_ident[IDENT_CLASS] != CLASS_64 || h->e_ident[IDENT_DATA] != DATA_LITTLE ||
	    h->e_ident[IDENT_VERSION] != VERSION_CURRENT)
		return -ENOEXEC;
	if (h->e_machine != MACHINE_RISCV || h->e_version != VERSION_CURRENT ||
	    (h->e_flags & FLAG_RVE) != 0)
		return -ENOEXEC;
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(struct elf_segment) || h->e_phnum == 0 ||
	    h->e_phnum > ELF_SEGMENTS_MAX)
		return -ENOEXEC;
	return 0;
}

/* Of a PT_LOAD. @previous_end is where the one before it ended. */
static bool load_is_sound(const struct elf_segment *s, u64 file_bytes, u64 va_limit,
			  u64 previous_end)
{
	if (s->p_filesz > s->p_memsz || !range_is_below(s->p_offset, s->p_filesz, file_bytes))
		return false;
	if (s->p_vaddr < previous_end || !range_is_below(s->p_vaddr, s->p_memsz, va_limit))
		return false;
	if (s->p_align > 1 && !is_power_of_two(s->p_align))
		return false;
	/* A page of the file can only be mapped as a page. */
	return (s->p_vaddr - s->p_offset) % PAGE_BYTES == 0;
}

static bool interp_is_sound(const struct elf_segment *s, u64 file_bytes)
{
	/* At least one character and the NUL. */
	return s->p_filesz >= 2 && s->p_filesz <= PATH_MAX &&
	       range_is_below(s->p_offset, s->p_filesz, file_bytes);
}

static void note_load(const struct elf_header *header, const struct elf_segment *s,
		      struct elf_layout *l)
{
	const u64 phdr_bytes = elf_segments_bytes(header);

	l->start = MIN(l->start, ALIGN_DOWN(s->p_vaddr, PAGE_BYTES));
	l->brk_start = s->p_vaddr + s->p_memsz;
	l->end = ALIGN_UP(l->brk_start, PAGE_BYTES);
	l->align = MAX(l->align, s->p_align);
	if (header->e_phoff >= s->p_offset &&
	    range_is_below(header->e_phoff - s->p_offset, phdr_bytes, s->p_filesz))
		l->phdr_vaddr = header->e_phoff - s->p_offset + s->p_vaddr;
}

int elf_check_segments(const struct elf_header *header, const struct elf_segment *segments,
		       u64 file_bytes, u64 va_limit, struct elf_layout *out)
{
	struct elf_layout l = { .start = UINT64_MAX, .align = PAGE_BYTES };

	for (u32 i = 0; i < header->e_phnum; i++) {
		const struct elf_segment *const s = &segments[i];

		if (s->p_type == PT_LOAD) {
			if (!load_is_sound(s, file_bytes, va_limit & ~(PAGE_BYTES - 1),
					   l.brk_start))
				return -ENOEXEC;
			if (s->p_memsz != 0)
				note_load(header, s, &l);
		} else if (s->p_type == PT_INTERP && l.interp == NULL) {
			if (!interp_is_sound(s, file_bytes))
				return -ENOEXEC;
			l.interp = s;
		} else if (s->p_type == PT_GNU_STACK) {
			l.wants_executable_stack = (s->p_flags & PF_X) != 0;
		}
	}
	/* Nothing to load, or too much for any bias. */
	if (l.end == 0 || l.align > va_limit)
		return -ENOEXEC;
	*out = l;
	return 0;
}
