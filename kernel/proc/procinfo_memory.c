// SPDX-License-Identifier: MIT
/*
 * The texts of /proc/N that come out of its memory: arguments, environment, regions; and the memory
 * itself. Read through a counted reference to the space, so an exit meanwhile only makes them
 * short.
 */
#include "kernel/proc/procinfo.h"

#include "fs/fs.h"
#include "kernel/proc/process.h"
#include "kernel/proc/snapshot.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/object.h"
#include "mm/vmm/region.h"

/* Linux pads a line of maps so that names begin in one column. */
#define MAPS_NAME_COLUMN 73
#define NAME_BYTES       256

/* ---- strings ---------------------------------------------------------------------------- */

enum strings { ARGUMENTS, ENVIRONMENT };

static void strings_range(struct aspace *as, enum strings which, uaddr_t *start, uaddr_t *end)
{
	mutex_lock(&as->lock);
	*start = which == ARGUMENTS ? as->arg_start : as->env_start;
	*end = which == ARGUMENTS ? as->arg_end : as->env_end;
	mutex_unlock(&as->lock);
}

static int write_strings(struct aspace *as, enum strings which, struct seq *s)
{
	uaddr_t at;
	uaddr_t end;
	strings_range(as, which, &at, &end);
	char *buf = kmalloc(PAGE_SIZE);
	if (buf == NULL)
		return -ENOMEM;
	while (at < end && !s->failed) {
		const size_t want = MIN(end - at, PAGE_SIZE);
		const size_t got = aspace_read(as, at, buf, want);
		seq_write(s, buf, got);
		if (got < want)
			break;
		at += got;
	}
	kfree(buf);
	return 0;
}

static int show_strings(u32 pid, enum strings which, struct seq *s)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	const bool is_public = which == ARGUMENTS;
	struct aspace *as = is_public ? process_aspace_lookup(p) : process_aspace_look_at(p);
	/* A zombie's are empty. */
	const int nothing = is_public || process_may_be_looked_at(p) ? 0 : -EACCES;
	process_put(p);
	if (as == NULL)
		return nothing;
	const int error = write_strings(as, which, s);
	aspace_put(as);
	return error;
}

int procinfo_cmdline(u32 pid, u32 tid, struct seq *s)
{
	return show_strings(pid, ARGUMENTS, s);
}

int procinfo_environ(u32 pid, u32 tid, struct seq *s)
{
	return show_strings(pid, ENVIRONMENT, s);
}

/* ---- regions ---------------------------------------------------------------------------- */

struct maps {
	struct seq *s;
	const struct aspace *as; /* locked while it is visited */
	char *name;              /* NAME_BYTES */
};

static void region_name(struct maps *m, const struct region_info *r)
{
	const struct aspace *as = m->as;
	const char *fixed = "";
	m->name[0] = '\0';
	if (r->object != NULL && r->object->ops->describe != NULL) {
		r->object->ops->describe(r->object, m->name, NAME_BYTES);
		return;
	}
	if (r->start == as->vdso)
		fixed = "[vdso]";
	else if (r->end == as->stack_top)
		fixed = "[stack]";
	else if (r->object == NULL && r->start < as->brk_end && r->end > as->brk_start)
		fixed = "[heap]";
	(void)strlcpy(m->name, fixed, NAME_BYTES); /* fits */
}

static void write_region(const struct region_info *r, void *arg)
{
	struct maps *m = arg;
	if (m->s->failed)
		return;
	region_name(m, r);
	char line[MAPS_NAME_COLUMN + 32];
	const size_t len = format_buf(line, sizeof(line), "%08lx-%08lx %c%c%c%c %08lx 00:00 %lu ",
				      r->start, r->end, (r->prot & PROT_READ) != 0 ? 'r' : '-',
				      (r->prot & PROT_WRITE) != 0 ? 'w' : '-',
				      (r->prot & PROT_EXEC) != 0 ? 'x' : '-',
				      (r->flags & MAP_SHARED) != 0 ? 's' : 'p', r->offset_bytes,
				      r->object != NULL ? r->object->inode_number : 0UL);
	seq_write(m->s, line, len);
	if (m->name[0] != '\0')
		seq_printf(m->s, "%*s%s",
			   (int)(len < MAPS_NAME_COLUMN ? MAPS_NAME_COLUMN - len : 0), "", m->name);
	seq_write(m->s, "\n", 1);
}

static void write_kib(struct seq *s, const char *name, u64 bytes)
{
	seq_printf(s, "%-16s%8lu kB\n", name, bytes >> 10);
}

static void write_vm_flags(struct seq *s, const struct region_info *r)
{
	seq_printf(s, "VmFlags:%s%s%s%s%s%s%s%s\n", (r->prot & PROT_READ) != 0 ? " rd" : "",
		   (r->prot & PROT_WRITE) != 0 ? " wr" : "",
		   (r->prot & PROT_EXEC) != 0 ? " ex" : "",
		   (r->flags & MAP_SHARED) != 0 ? " sh" : "",
		   (r->flags & MAP_GROWSDOWN) != 0 ? " gd" : "",
		   (r->flags & REGION_LOCKED) != 0 ? " lo" : "",
		   (r->flags & REGION_DONT_FORK) != 0 ? " dc" : "",
		   (r->flags & REGION_WIPE_ON_FORK) != 0 ? " wf" : "");
}

/* What Linux shows and there is none of (huge pages, swap) is 0; which pages were looked at last
 * nobody keeps, so all were. */
static void write_region_and_sizes(const struct region_info *r, void *arg)
{
	const struct maps *m = arg;
	struct seq *s = m->s;
	struct leaf_sum sum;
	if (s->failed)
		return;
	const u64 first = r->offset_bytes >> PAGE_SHIFT;
	const u64 pages = (r->end - r->start) >> PAGE_SHIFT;
	write_region(r, arg);
	aspace_sum_leaves_locked(
		m->as, r->start, r->end,
		r->object != NULL ? vm_object_count_mappers(r->object, first, first + pages) : 1,
		&sum);
	const struct {
		const char *name;
		u64 bytes;
	} lines[] = {
		{ "Size:", r->end - r->start },
		{ "KernelPageSize:", PAGE_SIZE },
		{ "MMUPageSize:", PAGE_SIZE },
		{ "Rss:", sum.pages << PAGE_SHIFT },
		{ "Pss:", sum.share_bytes },
		{ "Shared_Clean:", sum.shared_clean << PAGE_SHIFT },
		{ "Shared_Dirty:", sum.shared_dirty << PAGE_SHIFT },
		{ "Private_Clean:", sum.private_clean << PAGE_SHIFT },
		{ "Private_Dirty:", sum.private_dirty << PAGE_SHIFT },
		{ "Referenced:", sum.pages << PAGE_SHIFT },
		{ "Anonymous:", (sum.pages - sum.file_pages) << PAGE_SHIFT },
		{ "LazyFree:", 0 },
		{ "AnonHugePages:", 0 },
		{ "ShmemPmdMapped:", 0 },
		{ "FilePmdMapped:", 0 },
		{ "Shared_Hugetlb:", 0 },
		{ "Private_Hugetlb:", 0 },
		{ "Swap:", 0 },
		{ "SwapPss:", 0 },
		{ "Locked:", (r->flags & REGION_LOCKED) != 0 ? sum.share_bytes : 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		write_kib(s, lines[i].name, lines[i].bytes);
	seq_printf(s, "THPeligible:    0\n");
	write_vm_flags(s, r);
}

/* Counted memory of @pid, NULL: a zombie's; -ESRCH, -EACCES. */
static int look_at_memory(u32 pid, struct aspace **out)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	*out = process_aspace_look_at(p);
	const int error = *out != NULL || process_may_be_looked_at(p) ? 0 : -EACCES;
	process_put(p);
	return error;
}

static int show_regions(u32 pid, struct seq *s,
			void (*write)(const struct region_info *r, void *maps))
{
	struct aspace *as;
	const int error = look_at_memory(pid, &as);
	if (error != 0 || as == NULL)
		return error;
	struct maps m = { .s = s, .as = as, .name = kmalloc(NAME_BYTES) };
	if (m.name != NULL)
		aspace_for_each_region(as, write, &m);
	aspace_put(as);
	kfree(m.name);
	return m.name != NULL ? 0 : -ENOMEM;
}

int procinfo_maps(u32 pid, u32 tid, struct seq *s)
{
	return show_regions(pid, s, write_region);
}

int procinfo_smaps(u32 pid, u32 tid, struct seq *s)
{
	return show_regions(pid, s, write_region_and_sizes);
}

/* ---- mem -------------------------------------------------------------------------------- */

int procinfo_memory_id(u32 pid, u64 *id)
{
	struct aspace *as;
	const int error = look_at_memory(pid, &as);
	if (error != 0)
		return error;
	*id = as != NULL ? as->id : 0;
	if (as != NULL)
		aspace_put(as);
	return 0;
}

/*
 * Of the memory that was opened, and no other's: a program with more rights, which exec has put in
 * its place since, would else write into itself what its caller wants, by a descriptor it
 * inherited.
 */
ssize_t procinfo_move_memory(u32 pid, u64 id, u64 at, void *buf, size_t len, bool is_write)
{
	struct aspace *as;
	const int error = look_at_memory(pid, &as);
	if (error != 0 || as == NULL)
		return error == -ESRCH ? 0 : error;
	size_t moved = 0;
	const bool is_same = as->id == id;
	if (is_same)
		moved = is_write ? aspace_write(as, at, buf, len) : aspace_read(as, at, buf, len);
	aspace_put(as);
	return moved != 0 ? (ssize_t)moved : is_same ? -EIO : 0;
}
