// SPDX-License-Identifier: MIT
/*
 * The texts of /proc/N and /proc/N/task/N that are numbers: fields and their order as proc(5) has
 * them, because ps, top and pidof parse them. What Heifer does not count is 0.
 */
#include "kernel/proc/procinfo.h"

#include "arch/riscv/cpu/layout.h"
#include "fs/fs.h"
#include "kernel/proc/snapshot.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/string.h"

/* What proc(5) calls the kernel's own scale of priorities: 20 is nice 0. */
#define PRIORITY_OF_NICE_0 20

struct memory {
	u64 mapped_pages, mapped_peak, resident_pages, resident_peak, data_pages;
	u64 locked_pages;
	u64 file_pages; /* of the resident ones */
	u64 stack_pages, text_pages, library_pages;
	uaddr_t text_start, text_end;
	const struct vm_object *program; /* only compared */
	uaddr_t stack_top, arg_start, arg_end, env_start, env_end, brk_start;
	u64 limit_bytes;
};

/* Code is what is executable; the program's own is told from its libraries by the file. */
static void count_region(const struct region_info *r, void *arg)
{
	struct memory *m = arg;
	const u64 pages = (r->end - r->start) >> PAGE_SHIFT;
	if ((r->flags & MAP_GROWSDOWN) != 0)
		m->stack_pages += pages;
	if ((r->prot & PROT_EXEC) == 0)
		return;
	if (r->object == NULL || r->object != m->program) {
		m->library_pages += pages;
		return;
	}
	if (m->text_pages == 0)
		m->text_start = r->start;
	m->text_end = r->end;
	m->text_pages += pages;
}

static void memory_of(struct process *p, struct memory *m)
{
	*m = (struct memory){ 0 };
	struct aspace *as = process_aspace_lookup(p);
	if (as == NULL)
		return;
	struct inode *exe = process_inode_lookup(p, PROCESS_EXE);
	m->program = exe != NULL ? exe->object : NULL;
	aspace_for_each_region(as, count_region, m);
	struct leaf_sum present;
	mutex_lock(&as->lock);
	aspace_sum_leaves_locked(as, 0, USER_MAX, 1, &present);
	m->file_pages = present.file_pages;
	m->resident_pages = aspace_resident_locked(as);
	m->resident_peak = as->resident_peak;
	m->mapped_pages = as->mapped_pages;
	m->mapped_peak = as->mapped_peak;
	m->locked_pages = as->locked_pages;
	m->data_pages = as->data_pages;
	m->stack_top = as->stack_top;
	m->arg_start = as->arg_start;
	m->arg_end = as->arg_end;
	m->env_start = as->env_start;
	m->env_end = as->env_end;
	m->brk_start = as->brk_start;
	mutex_unlock(&as->lock);
	inode_put(exe);
	aspace_put(as);
}

static u64 ticks(nsec_t time)
{
	return time / PROCINFO_TICK_NS;
}

static void write_stat(struct seq *s, struct process *p, const struct process_snapshot *n)
{
	struct memory m;
	memory_of(p, &m);
	const struct signal_masks *masks = &n->masks;
	/* 1-9: pid (comm) state ppid pgrp session tty_nr tpgid flags */
	seq_printf(s, "%u (%s) %c %u %u %u %u %d 0 ", n->tid, n->name, n->state, n->ppid, n->pgid,
		   n->sid, n->tty_device, n->tty_foreground);
	/* 10-17: faults; utime stime cutime cstime */
	seq_printf(s, "0 0 0 0 %lu %lu %lu %lu ", ticks(n->user), ticks(n->kernel),
		   ticks(n->children_user), ticks(n->children_kernel));
	/* 18-25: priority nice num_threads itrealvalue starttime vsize rss rsslim */
	seq_printf(s, "%d %d %u 0 %lu %lu %lu %lu ", PRIORITY_OF_NICE_0 + n->nice, n->nice,
		   n->threads, ticks(n->start), m.mapped_pages << PAGE_SHIFT, m.resident_pages,
		   p->limits[RLIMIT_RSS].soft);
	/* 26-30: startcode endcode startstack kstkesp kstkeip */
	seq_printf(s, "%lu %lu %lu 0 0 ", m.text_start, m.text_end, m.stack_top);
	/* 31-37: signal blocked sigignore sigcatch wchan nswap cnswap (31 signals: old format) */
	seq_printf(s, "%lu %lu %lu %lu 0 0 0 ", masks->pending & INT32_MAX,
		   masks->blocked & INT32_MAX, masks->ignored & INT32_MAX,
		   masks->caught & INT32_MAX);
	/* 38-44: exit_signal processor rt_priority policy blkio guest cguest */
	seq_printf(s, "%u %u 0 0 0 0 0 ", p->exit_signal, n->cpu);
	/* 45-52: start_data end_data start_brk arg_start arg_end env_start env_end exit_code */
	seq_printf(s, "0 0 %lu %lu %lu %lu %lu %u\n", m.brk_start, m.arg_start, m.arg_end,
		   m.env_start, m.env_end, n->exit_status);
}

int procinfo_stat(u32 pid, u32 tid, struct seq *s)
{
	struct process *p;
	struct process_snapshot snapshot;
	const int error = process_snapshot_take(pid, tid, &p, &snapshot);
	if (error != 0)
		return error;
	write_stat(s, p, &snapshot);
	process_put(p);
	return 0;
}

/* In words, where Linux has the name of a function: "0" for one that runs or is not ours to look
 * at. */
int procinfo_wchan(u32 pid, u32 tid, struct seq *s)
{
	struct process *p;
	struct process_snapshot snapshot;
	const int error = process_snapshot_take(pid, tid, &p, &snapshot);
	if (error != 0)
		return error;
	const char *reason = process_may_be_looked_at(p) ? snapshot.wait_reason : NULL;
	seq_printf(s, "%s", reason != NULL ? reason : "0");
	process_put(p);
	return 0;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	default:
		return "zombie";
	}
}

static void write_status_identity(struct seq *s, const struct process_snapshot *n)
{
	const struct cred *c = &n->cred;
	seq_printf(s, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", n->name, n->umask, n->state,
		   state_name(n->state));
	seq_printf(s, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", n->pid, n->tid,
		   n->ppid);
	/* The fourth is the file system's id, always the effective one here. */
	seq_printf(s, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->euid);
	seq_printf(s, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid, c->egid);
	seq_printf(s, "FDSize:\t64\nGroups:\t");
	for (u32 i = 0; i < c->group_count && i < CRED_GROUPS_MAX; i++)
		seq_printf(s, "%u ", c->groups[i]);
	seq_printf(s, "\n");
}

static void write_status_memory(struct seq *s, struct process *p)
{
	struct memory m;
	memory_of(p, &m);
	if (m.mapped_pages == 0) /* a zombie: Linux has no Vm lines then */
		return;
	const unsigned kib_shift = PAGE_SHIFT - 10;
	const u64 size = m.mapped_pages << kib_shift;
	const u64 resident = m.resident_pages << kib_shift;
	seq_printf(s, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t%8u kB\n",
		   m.mapped_peak << kib_shift, size, m.locked_pages << kib_shift, 0);
	seq_printf(s, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", m.resident_peak << kib_shift, resident);
	const u64 file = m.file_pages << kib_shift;
	seq_printf(s, "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nRssShmem:\t%8u kB\n",
		   resident > file ? resident - file : 0, file, 0);
	seq_printf(s, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\n", m.data_pages << kib_shift,
		   m.stack_pages << kib_shift);
	seq_printf(s, "VmExe:\t%8lu kB\nVmLib:\t%8lu kB\nVmSwap:\t%8u kB\n",
		   m.text_pages << kib_shift, m.library_pages << kib_shift, 0);
}

int procinfo_status(u32 pid, u32 tid, struct seq *s)
{
	struct process *p;
	struct process_snapshot n;
	const int error = process_snapshot_take(pid, tid, &p, &n);
	if (error != 0)
		return error;
	write_status_identity(s, &n);
	write_status_memory(s, p);
	const struct signal_masks *masks = &n.masks;
	seq_printf(s, "Threads:\t%u\nSigQ:\t%u/%u\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", n.threads,
		   masks->queued_count, SIGNAL_QUEUE_MAX, masks->pending, masks->shared_pending);
	seq_printf(s, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", masks->blocked,
		   masks->ignored, masks->caught);
	seq_printf(s, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		   n.switches_voluntary, n.switches_forced);
	process_put(p);
	return 0;
}

int procinfo_statm(u32 pid, u32 tid, struct seq *s)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	struct memory m;
	memory_of(p, &m);
	process_put(p);
	/* size resident shared text lib data dt */
	seq_printf(s, "%lu %lu %lu %lu 0 %lu 0\n", m.mapped_pages, m.resident_pages, m.file_pages,
		   m.text_pages, m.data_pages + m.stack_pages);
	return 0;
}

void procinfo_show_events(struct seq *s, const struct vmm_events *events)
{
	for (unsigned i = 0; i < VMM_EVENTS; i++)
		seq_printf(s, "%s %lu\n", vmm_event_name((enum vmm_event)i), events->n[i]);
}

/* What sharing memory with parents and children has cost; nothing of a zombie and of the kernel's
 * own. */
int procinfo_forkstat(u32 pid, u32 tid, struct seq *s)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	struct aspace *as = process_aspace_lookup(p);
	process_put(p);
	if (as == NULL)
		return 0;
	mutex_lock(&as->lock);
	const struct vmm_events events = as->events;
	mutex_unlock(&as->lock);
	aspace_put(as);
	procinfo_show_events(s, &events);
	return 0;
}

int procinfo_comm(u32 pid, u32 tid, struct seq *s)
{
	struct process *p;
	struct process_snapshot n;
	const int error = process_snapshot_take(pid, tid, &p, &n);
	if (error != 0)
		return error;
	process_put(p);
	seq_printf(s, "%s\n", n.name);
	return 0;
}

static const struct {
	const char *name, *unit;
} limit_names[RLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void write_limit(struct seq *s, u64 limit)
{
	if (limit == RLIM_INFINITY)
		seq_printf(s, "%-20s ", "unlimited");
	else
		seq_printf(s, "%-20lu ", limit);
}

int procinfo_limits(u32 pid, u32 tid, struct seq *s)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	seq_printf(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (size_t i = 0; i < RLIMITS; i++) {
		seq_printf(s, "%-25s ", limit_names[i].name);
		write_limit(s, p->limits[i].soft);
		write_limit(s, p->limits[i].hard);
		seq_printf(s, "%-10s\n", limit_names[i].unit);
	}
	process_put(p);
	return 0;
}
