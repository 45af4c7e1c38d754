// SPDX-License-Identifier: MIT
/*
 * Loading ELF: each PT_LOAD becomes a private mapping of the file's page cache, and anonymous
 * memory behind it where the program wants more than the file has. lib/elf.c has checked that no
 * two overlap and that nothing overflows; what may still go wrong is memory.
 *
 * Locks: the inode's for reading; the space's inside aspace_build() and aspace_clear_tail().
 */
#include "kernel/proc/exec_load.h"

#include "arch/riscv/cpu/layout.h"
#include "fs/filemap.h"
#include "fs/inode.h"
#include "fs/uio.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/checked_math.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/aspace.h"

/* All of it, or -ENOEXEC when the file is too short. */
static int read_exactly(struct inode *inode, void *buf, size_t len_bytes, u64 pos)
{
	struct uio_parts parts;
	const struct uio u = uio_of_kernel(&parts, buf, len_bytes);
	mutex_lock(&inode->lock);
	const ssize_t n = filemap_read(inode->object, u, pos, inode->size_bytes);
	mutex_unlock(&inode->lock);
	if (n < 0)
		return (int)n;
	return (size_t)n == len_bytes ? 0 : -ENOEXEC;
}

int elf_image_read(struct elf_image *image, struct inode *inode, const void *head,
		   size_t head_bytes)
{
	int error = elf_check_header(head, head_bytes, &image->header);
	if (error != 0)
		return error;
	const size_t bytes = elf_segments_bytes(&image->header);
	image->segments = kmalloc(bytes);
	if (image->segments == NULL)
		return -ENOMEM;
	if (range_is_below(image->header.e_phoff, bytes, head_bytes))
		memcpy(image->segments, (const u8 *)head + image->header.e_phoff, bytes);
	else
		error = read_exactly(inode, image->segments, bytes, image->header.e_phoff);
	if (error != 0)
		return error;
	return elf_check_segments(&image->header, image->segments, filemap_size(inode->object),
				  USER_MAX, &image->layout);
}

void elf_image_fini(struct elf_image *image)
{
	kfree(image->segments);
	image->segments = NULL;
}

int elf_image_interpreter(const struct elf_image *image, struct inode *inode, char **out)
{
	const struct elf_segment *s = image->layout.interp;
	char *name = kmalloc(s->p_filesz);
	if (name == NULL)
		return -ENOMEM;
	int error = read_exactly(inode, name, s->p_filesz, s->p_offset);
	if (error == 0 && name[s->p_filesz - 1] != '\0')
		error = -ENOEXEC;
	if (error != 0) {
		kfree(name);
		return error;
	}
	*out = name;
	return 0;
}

/* ---- mapping ---------------------------------------------------------------------------- */

/* The rest of the page that the file's part of a segment ends in: zeros, not what follows in the
 * file. */
static int clear_page_tail(struct aspace *as, uaddr_t from)
{
	return page_offset(from) == 0 || aspace_clear_tail(as, from) == 0 ? 0 : -ENOMEM;
}

static int map_segment(const struct elf_segment *s, u64 bias, struct inode *inode,
		       struct aspace *as)
{
	const u32 prot = elf_segment_prot(s);
	const uaddr_t start = page_align_down(s->p_vaddr) + bias;
	const uaddr_t file_end = s->p_vaddr + s->p_filesz + bias;
	const uaddr_t mem_end = s->p_vaddr + s->p_memsz + bias;
	uaddr_t anonymous = start; /* from here on the file has nothing */
	if (s->p_filesz != 0) {
		anonymous = page_align_up(file_end);
		const struct map_args file = { .addr = start,
					       .len_bytes = anonymous - start,
					       .prot = prot,
					       .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
					       .object = inode->object,
					       .offset_bytes = page_align_down(s->p_offset) };
		int error = aspace_build(as, &file);
		/* A bss that its program cannot write need not be zeros: nobody made it so on
		 * purpose. */
		if (error == 0 && mem_end > file_end && (prot & PROT_WRITE) != 0)
			error = clear_page_tail(as, file_end);
		if (error != 0)
			return error;
	}
	if (page_align_up(mem_end) <= anonymous)
		return 0;
	const struct map_args bss = { .addr = anonymous,
				      .len_bytes = page_align_up(mem_end) - anonymous,
				      .prot = prot };
	return aspace_build(as, &bss);
}

int elf_image_map(struct elf_image *image, struct inode *inode, struct aspace *as, uaddr_t base)
{
	const struct elf_layout *l = &image->layout;
	const u64 low = ALIGN_DOWN(l->start, l->align);
	image->bias = 0;
	if (image->header.e_type == ET_DYN) {
		/* Room for the program wherever in it an aligned address turns up. */
		const u64 len = l->end - low + l->align - PAGE_SIZE;
		const int error = base == 0 ? aspace_find_room(as, len, &base) : 0;
		if (error != 0)
			return error;
		image->bias = ALIGN_UP(base, l->align) - low;
		if (len > USER_MAX || base > USER_MAX - len)
			return -ENOMEM;
	}
	for (u32 i = 0; i < image->header.e_phnum; i++) {
		const struct elf_segment *s = &image->segments[i];
		if (s->p_type != PT_LOAD || s->p_memsz == 0)
			continue;
		const int error = map_segment(s, image->bias, inode, as);
		if (error != 0)
			return error;
	}
	return 0;
}
