// SPDX-License-Identifier: MIT
/* sources: lib/elf.c kernel/proc/exec_load.c lib/string.c tests/host/shim/heap.c
 * tests/host/shim/machine.c tests/host/shim/panic.c tests/fuzz/replay.c */
/*
 * A program file: what exec reads of it, believes of it and asks of the address space. The space is
 * played here: it takes what it is asked for if that is sound.
 */
#include "arch/riscv/cpu/layout.h"
#include "fs/filemap.h"
#include "fs/inode.h"
#include "fs/uio.h"
#include "kernel/proc/exec_load.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/aspace.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/shim/machine.h"

#define HEAD_BYTES 256
#define FREE_SPACE 0x2000000000UL /* where the space finds room */

static const uint8_t *file;
static size_t file_bytes;

bool shim_should_fail(void)
{
	return false;
}

/* ---- the file --------------------------------------------------------------------------- */

u64 filemap_size(const struct vm_object *o)
{
	return file_bytes;
}

ssize_t filemap_read(struct vm_object *o, struct uio uio, u64 pos, u64 size_bytes)
{
	const size_t left = pos < file_bytes ? file_bytes - pos : 0;
	const size_t n = MIN(left, uio.left);
	if (n != 0)
		memcpy(uio_parts(uio)->kernel, file + pos, n);
	return (ssize_t)n;
}

/* ---- the space -------------------------------------------------------------------------- */

static bool is_inside_user_space(u64 addr, u64 len)
{
	return len != 0 && addr <= USER_MAX && len <= USER_MAX - addr;
}

int aspace_find_room(struct aspace *as, u64 len_bytes, uaddr_t *start)
{
	FUZZ_CHECK(len_bytes != 0);
	*start = FREE_SPACE;
	return len_bytes > USER_MAX - FREE_SPACE ? -ENOMEM : 0;
}

int aspace_build(struct aspace *as, const struct map_args *args)
{
	FUZZ_CHECK(args->len_bytes != 0);
	FUZZ_CHECK(page_offset(args->addr) == 0 && page_offset(args->len_bytes) == 0);
	FUZZ_CHECK(page_offset(args->offset_bytes) == 0);
	if (!is_inside_user_space(args->addr, args->len_bytes))
		return -ENOMEM;
	/* A page of the file that is mapped begins in the file. */
	if (args->object != NULL)
		FUZZ_CHECK(args->offset_bytes < file_bytes &&
			   args->len_bytes <= page_align_up(file_bytes) - args->offset_bytes);
	return 0;
}

int aspace_clear_tail(struct aspace *as, uaddr_t from)
{
	FUZZ_CHECK(is_inside_user_space(from, 1) && page_offset(from) != 0);
	return 0;
}

/* ---- checks ----------------------------------------------------------------------------- */

static void check_layout(const struct elf_image *image)
{
	const struct elf_layout *l = &image->layout;
	u64 end = 0;
	FUZZ_CHECK(l->start < l->end && l->end <= USER_MAX && l->brk_start <= l->end);
	FUZZ_CHECK((l->align & (l->align - 1)) == 0 && l->align >= PAGE_SIZE);
	for (u32 i = 0; i < image->header.e_phnum; i++) {
		const struct elf_segment *s = &image->segments[i];
		if (s->p_type != PT_LOAD || s->p_memsz == 0)
			continue;
		FUZZ_CHECK(s->p_filesz <= file_bytes && s->p_offset <= file_bytes - s->p_filesz);
		FUZZ_CHECK(s->p_vaddr >= end && s->p_vaddr >= l->start);
		FUZZ_CHECK(s->p_memsz <= l->end - s->p_vaddr && s->p_filesz <= s->p_memsz);
		end = s->p_vaddr + s->p_memsz;
	}
	FUZZ_CHECK(end == l->brk_start);
}

static void load(struct elf_image *image, struct inode *inode)
{
	char *name = NULL;
	check_layout(image);
	if (image->layout.interp != NULL && elf_image_interpreter(image, inode, &name) == 0) {
		FUZZ_CHECK(name[0] == '\0' || strlen(name) < image->layout.interp->p_filesz);
		kfree(name);
	}
	const int error = elf_image_map(image, inode, NULL, 0);
	FUZZ_CHECK(error == 0 || error == -ENOMEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct inode inode;
	static struct vm_object *const some_object = (struct vm_object *)&inode;
	struct elf_image image = { .bias = 0 };
	uint8_t head[HEAD_BYTES] = { 0 };
	uint8_t *copy = fuzz_copy(data, size);
	file = copy;
	file_bytes = size;
	mutex_init(&inode.lock, "inode", RANK_INODE);
	inode.object = some_object;
	memcpy(head, data, MIN(size, sizeof(head)));
	const int error = elf_image_read(&image, &inode, head, MIN(size, sizeof(head)));
	FUZZ_CHECK(error == 0 || error == -ENOEXEC);
	if (error == 0)
		load(&image, &inode);
	elf_image_fini(&image);
	FUZZ_CHECK(shim_objects_used() == 0 && shim_locks_held == 0);
	free(copy);
	return 0;
}
