/* SPDX-License-Identifier: MIT */
/*
 * ELF64 program files of RISC-V: the structures as they lie in the file, and the checks that exec
 * makes before it believes any of them. Pure functions over memory that the caller has read.
 * (System V ABI, chapters 4 and 5; RISC-V ELF psABI, chapter 8.)
 */
#pragma once

#include "lib/abi/mman.h"
#include "lib/compiler.h"
#include "lib/types.h"

#define ELF_IDENT_BYTES 16

struct elf_header {
	u8 e_ident[ELF_IDENT_BYTES];
	u16 e_type; /* ET_* */
	u16 e_machine;
	u32 e_version;
	u64 e_entry;
	u64 e_phoff; /* offset of the program headers */
	u64 e_shoff;
	u32 e_flags;
	u16 e_ehsize;
	u16 e_phentsize;
	u16 e_phnum;
	u16 e_shentsize;
	u16 e_shnum;
	u16 e_shstrndx;
};
static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_segment {
	u32 p_type;  /* PT_* */
	u32 p_flags; /* PF_* */
	u64 p_offset;
	u64 p_vaddr;
	u64 p_paddr;
	u64 p_filesz;
	u64 p_memsz;
	u64 p_align;
};
static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");

#define ET_EXEC 2
#define ET_DYN  3 /* position-independent: static-PIE, or with an interpreter */

#define PT_NULL      0
#define PT_LOAD      1
#define PT_DYNAMIC   2
#define PT_INTERP    3
#define PT_NOTE      4
#define PT_PHDR      6
#define PT_TLS       7
#define PT_GNU_STACK 0x6474e551

#define PF_X 1
#define PF_W 2
#define PF_R 4

/* Program headers that we are ready to read; real programs have about ten. */
#define ELF_SEGMENTS_MAX 64

/* What elf_check_segments() found out. Addresses are as in the file: without a load bias. */
struct elf_layout {
	u64 start;      /* lowest address of all PT_LOAD, rounded down to a page */
	u64 end;        /* highest, rounded up */
	u64 brk_start;  /* highest, not rounded: where the heap may begin */
	u64 align;      /* largest p_align, at least a page: the load bias is a multiple of it */
	u64 phdr_vaddr; /* where the program headers are in memory, for AT_PHDR; 0: nowhere */
	const struct elf_segment *interp; /* NULL: none */
	bool wants_executable_stack;      /* PT_GNU_STACK says so */
};

/*
 * Copy the ELF header out of the first @len_bytes of a file (any alignment) to @h and check it.
 * Returns: 0; -ENOEXEC.
 */
__must_check int elf_check_header(const void *file_start, size_t len_bytes, struct elf_header *h);

/*
 * Bytes of the program headers, which begin at header->e_phoff: at most ELF_SEGMENTS_MAX of them.
 */
static inline size_t elf_segments_bytes(const struct elf_header *header)
{
	return header->e_phnum * sizeof(struct elf_segment);
}

/*
 * Check the program headers @segments of a file of @file_bytes: all in the file, ascending and
 * without overlap, below @va_limit with page offsets that can be mapped. Returns: 0; -ENOEXEC.
 */
__must_check int elf_check_segments(const struct elf_header *header,
				    const struct elf_segment *segments, u64 file_bytes,
				    u64 va_limit, struct elf_layout *out);

/* PROT_* of a segment. */
static inline u32 elf_segment_prot(const struct elf_segment *s)
{
	return ((s->p_flags & PF_R) != 0 ? PROT_READ : 0U) |
	       ((s->p_flags & PF_W) != 0 ? PROT_WRITE : 0U) |
	       ((s->p_flags & PF_X) != 0 ? PROT_EXEC : 0U);
}
