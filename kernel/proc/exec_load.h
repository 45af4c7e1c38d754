/* SPDX-License-Identifier: MIT */
/* Program files into an address space that nobody runs in yet. */
#pragma once

#include "lib/compiler.h"
#include "lib/elf.h"
#include "lib/types.h"

struct aspace;
struct inode;

struct elf_image {
	struct elf_header header;
	struct elf_segment *segments; /* kmalloc'd */
	struct elf_layout layout;
	u64 bias; /* added to every address of the file; set by loading */
};

/*
 * Into @image, whose segments are NULL, read and check the headers of @inode, a regular file with a
 * page cache, whose first bytes are
 * @head. Returns 0; -ENOEXEC; -ENOMEM; -EIO. Whatever it returns, elf_image_fini() gives back what
 * it took.
 */
int elf_image_read(struct elf_image *image, struct inode *inode, const void *head,
		   size_t head_bytes) __must_check;
void elf_image_fini(struct elf_image *image);

/* Name of the interpreter, NUL-terminated, kmalloc'd, to *@out. -ENOEXEC, -ENOMEM, -EIO. */
int elf_image_interpreter(const struct elf_image *image, struct inode *inode, char **out)
	__must_check;

/*
 * Map the segments: a fixed program where it says, another at @base, or, with @base 0, where mmap
 * finds room. The bss is zeroed. Sets image->bias. Context: may sleep.  Returns 0 or
 * aspace_build()'s errors; the caller then drops the space.
 */
int elf_image_map(struct elf_image *image, struct inode *inode, struct aspace *as, uaddr_t base)
	__must_check;

static inline uaddr_t elf_image_entry(const struct elf_image *image)
{
	return image->header.e_entry + image->bias;
}
