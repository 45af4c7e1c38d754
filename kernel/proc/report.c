// SPDX-License-Identifier: MIT
/*
 * The running process for reports: who it is and what it has mapped. No lock is taken and nothing
 * allocated: this runs in a panic, and in an interrupt when the console asks.
 */
#include "kernel/proc/report.h"

#include "fs/file.h"
#include "fs/filemap.h"
#include "fs/inode.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/proc/process.h"
#include "lib/abi/mman.h"
#include "lib/format.h"
#include "mm/vmm/object.h"

#define REGIONS_MAX 64

static const char *kind_of(const struct aspace *as, const struct region_info *r)
{
	if (r->object != NULL)
		return "inode";
	if (r->start == as->vdso)
		return "[vdso]";
	if (r->end == as->stack_top)
		return "[stack]";
	return r->start < as->brk_end && r->end > as->brk_start ? "[heap]" : "";
}

static void print_region(const struct region_info *r, void *arg)
{
	const struct aspace *as = arg;
	char inode[24] = "";
	if (r->object != NULL)
		(void)snprintf(inode, sizeof(inode), " %lu", r->object->inode_number);
	pr_emerg("  %012lx-%012lx %c%c%c%c %08lx %s%s", r->start, r->end,
		 (r->prot & PROT_READ) != 0 ? 'r' : '-', (r->prot & PROT_WRITE) != 0 ? 'w' : '-',
		 (r->prot & PROT_EXEC) != 0 ? 'x' : '-', (r->flags & MAP_SHARED) != 0 ? 's' : 'p',
		 r->offset_bytes, kind_of(as, r), inode);
}

void report_process(const struct process *p)
{
	struct aspace *as = READ_ONCE(p->aspace);
	/* As it was called when it was mapped first: there is no looking for its name now. */
	const char *name = p->exe != NULL ? filemap_path(p->exe->inode->object) : NULL;
	pr_emerg("Process %u (%s), %s; its memory:", p->pid, p->leader->thread->name,
		 name != NULL ? name : "no program");
	if (as != NULL)
		aspace_visit_regions_unlocked(as, REGIONS_MAX, print_region, as);
}

static void report_running(void)
{
	const struct process *p = process_current();
	if (p != NULL)
		report_process(p);
	else
		pr_emerg("Kernel thread %s", thread_current()->name);
}

void report_init(void)
{
	panic_register_dumper(report_running);
}
