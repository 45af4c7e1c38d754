/* SPDX-License-Identifier: MIT */
/*
 * System calls about the running process' memory: what their arguments may be; mm/vmm/mapping.c
 * does the work and knows Linux's errors for ranges.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/file.h"
#include "fs/filemap.h"
#include "fs/fs.h"
#include "kernel/proc/process.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/sys_fs.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/abi/mount.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"
#include "mm/vmm/object.h"

/* riscv_flush_icache: only the calling thread's hart. */
#define FLUSH_ICACHE_LOCAL 1UL
/* mincore: pages asked about at a time. */
#define INCORE_CHUNK 256

static struct aspace *own_aspace(void)
{
	return process_current()->aspace;
}

s64 sys_brk(u64 end)
{
	return (s64)aspace_brk(own_aspace(), end);
}

/* ---- mmap ------------------------------------------------------------------------------- */

static bool is_shared(u32 flags)
{
	const u32 type = flags & MAP_TYPE;
	return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

/* May @f be mapped so? What it allows, now and by mprotect later, goes to args->max_prot. */
static int check_file(const struct file *f, struct map_args *args)
{
	if (file_is_path(f))
		return -EBADF;
	if (!f->readable)
		return -EACCES;
	args->max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
	if (is_shared(args->flags) && !f->writable) {
		if ((args->prot & PROT_WRITE) != 0)
			return -EACCES;
		args->max_prot &= ~(u32)PROT_WRITE;
	}
	if (f->inode != NULL && f->inode->fs != NULL && (f->inode->fs->flags & MS_NOEXEC) != 0) {
		if ((args->prot & PROT_EXEC) != 0)
			return -EPERM;
		args->max_prot &= ~(u32)PROT_EXEC;
	}
	return 0;
}

static s64 map_file(struct file *f, struct map_args *args)
{
	int error = check_file(f, args);
	if (error != 0)
		return error;
	const bool shared_writable = is_shared(args->flags) && f->writable;
	struct vm_object *object;
	error = file_mmap(f, shared_writable, &object);
	if (error != 0)
		return error;
	if (object == NULL) { /* /dev/zero: memory like any other */
		args->flags |= MAP_ANONYMOUS;
		return aspace_map(own_aspace(), args);
	}
	if (f->inode != NULL && f->inode->object == object)
		file_name_mapping(f, task_paths().root);
	args->object = object;
	const s64 result = aspace_map(own_aspace(), args);
	vm_object_put(object);
	return result;
}

s64 sys_mmap(u64 addr, u64 length, u64 prot, u64 flags, u64 fd, u64 offset)
{
	struct map_args args = { .addr = addr,
				 .len_bytes = length,
				 .prot = (u32)prot,
				 .flags = (u32)flags,
				 .offset_bytes = offset };
	if (page_offset(offset) != 0)
		return -EINVAL;
	if ((args.flags & MAP_ANONYMOUS) != 0) {
		args.offset_bytes = 0;
		return aspace_map(own_aspace(), &args);
	}
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = length == 0 ? -EINVAL : map_file(f, &args);
	file_done(f);
	return result;
}

s64 sys_munmap(u64 addr, u64 length)
{
	return aspace_unmap(own_aspace(), addr, length);
}

s64 sys_mprotect(u64 addr, u64 length, u64 prot)
{
	if (prot > UINT32_MAX)
		return -EINVAL;
	return aspace_protect(own_aspace(), addr, length, (u32)prot);
}

s64 sys_madvise(u64 addr, u64 length, u64 advice)
{
	return aspace_advise(own_aspace(), addr, length, (int)advice);
}

s64 sys_mremap(u64 addr, u64 old_length, u64 new_length, u64 flags, u64 new_addr)
{
	if (flags > UINT32_MAX)
		return -EINVAL;
	const struct remap_args args = { .addr = addr,
					 .new_addr = new_addr,
					 .old_len_bytes = old_length,
					 .new_len_bytes = new_length,
					 .flags = (u32)flags };
	return aspace_remap(own_aspace(), &args);
}

/* The page cache is the file: there is nothing to write back. */
s64 sys_msync(u64 addr, u64 length, u64 flags)
{
	if ((flags & ~(u64)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || page_offset(addr) != 0)
		return -EINVAL;
	if ((flags & MS_ASYNC) != 0 && (flags & MS_SYNC) != 0)
		return -EINVAL;
	return aspace_sync(own_aspace(), addr, length, (flags & MS_INVALIDATE) != 0);
}

s64 sys_mincore(u64 addr, u64 length, u64 vec)
{
	u8 answers[INCORE_CHUNK];
	if (page_offset(addr) != 0)
		return -EINVAL;
	if (!user_range_is_valid(addr, length))
		return -ENOMEM;
	u64 pages = page_align_up(length) >> PAGE_SHIFT;
	if (!user_range_is_valid(vec, pages))
		return -EFAULT;
	while (pages != 0) {
		const u64 n = MIN(pages, (u64)INCORE_CHUNK);
		const int error = aspace_incore(own_aspace(), addr, n, answers);
		if (error != 0)
			return error;
		if (copy_to_user(vec, answers, n) != 0)
			return -EFAULT;
		addr += n << PAGE_SHIFT;
		vec += n;
		pages -= n;
		sched_point();
		if (signal_will_end())
			return -EINTR; /* nobody sees it */
	}
	return 0;
}

/* ---- locking ---------------------------------------------------------------------------- */

s64 sys_mlock(u64 addr, u64 length)
{
	return aspace_lock(own_aspace(), addr, length, false);
}

s64 sys_mlock2(u64 addr, u64 length, u64 flags)
{
	if ((flags & ~(u64)MLOCK_ONFAULT) != 0)
		return -EINVAL;
	return aspace_lock(own_aspace(), addr, length, flags != 0);
}

s64 sys_munlock(u64 addr, u64 length)
{
	return aspace_unlock(own_aspace(), addr, length);
}

s64 sys_mlockall(u64 flags)
{
	return aspace_lock_all(own_aspace(), (u32)flags);
}

s64 sys_munlockall(void)
{
	aspace_unlock_all(own_aspace());
	return 0;
}

/* The range does not matter: fence.i is for all of a hart. */
s64 sys_riscv_flush_icache(u64 start, u64 end, u64 flags)
{
	(void)start, (void)end;
	if ((flags & ~FLUSH_ICACHE_LOCAL) != 0)
		return -EINVAL;
	fence_code();
	return 0;
}
