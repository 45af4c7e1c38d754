// SPDX-License-Identifier: MIT
/*
 * /proc/meminfo and its neighbours: about the system as a whole, in Linux's formats, which free,
 * top, uptime and others parse. What there is none of (swap, buffers) is 0.
 */
#include "kernel/proc/procinfo.h"

#include "fs/fs.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/proc/process.h"
#include "kernel/proc/utsname.h"
#include "lib/bits.h"
#include "lib/abi/time.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"

#define KIB_SHIFT (PAGE_SHIFT - 10)

static void write_kib(struct seq *s, const char *name, u64 pages)
{
	seq_printf(s, "%-16s%8lu kB\n", name, pages << KIB_SHIFT);
}

static int show_meminfo(struct seq *s)
{
	struct pmm_stats m;
	pmm_stats(&m);
	const u64 *kinds = m.kind_pages;
	write_kib(s, "MemTotal:", m.total_pages);
	write_kib(s, "MemFree:", m.free_pages);
	/* The page cache is the only home of tmpfs' files: none of it can be given up. */
	write_kib(s, "MemAvailable:", m.free_pages);
	write_kib(s, "Buffers:", 0);
	write_kib(s, "Cached:", kinds[PAGE_FILE]);
	write_kib(s, "SwapCached:", 0);
	write_kib(s, "Active:", kinds[PAGE_ANON] + kinds[PAGE_FILE]);
	write_kib(s, "Inactive:", 0);
	write_kib(s, "SwapTotal:", 0);
	write_kib(s, "SwapFree:", 0);
	write_kib(s, "Dirty:", 0);
	write_kib(s, "Writeback:", 0);
	write_kib(s, "AnonPages:", kinds[PAGE_ANON]);
	write_kib(s, "Mapped:", 0);
	write_kib(s, "Shmem:", kinds[PAGE_FILE]);
	write_kib(s, "KReclaimable:", 0);
	write_kib(s, "Slab:", kinds[PAGE_SLAB]);
	write_kib(s, "SReclaimable:", 0);
	write_kib(s, "SUnreclaim:", kinds[PAGE_SLAB]);
	write_kib(s, "KernelStack:", kinds[PAGE_STACK]);
	write_kib(s, "PageTables:", kinds[PAGE_TABLE]);
	return 0;
}

/* For the harts that run: maxcpus= may have left some out, and some may not have come up. */
#define for_each_hart(cpu, left)                                                 \
	for (u64 left = sched_hart_mask(), cpu = 0; left != 0; left &= left - 1) \
		if ((cpu = bits_lowest(left)), true)

static nsec_t idle_time(void)
{
	nsec_t idle = 0;
	for_each_hart(cpu, left) idle += sched_hart_times((u32)cpu).idle;
	return idle;
}

static void write_hundredths(struct seq *s, nsec_t time, const char *behind)
{
	const u64 hundredths = time / PROCINFO_TICK_NS;
	seq_printf(s, "%lu.%02lu%s", hundredths / 100, hundredths % 100, behind);
}

static int show_uptime(struct seq *s)
{
	write_hundredths(s, clock_now(), " ");
	write_hundredths(s, idle_time(), "\n");
	return 0;
}

/* user nice system idle iowait irq softirq steal guest guest_nice: nice programs are not told from
 * others, and interrupts count as what they interrupt. */
static void write_cpu_times(struct seq *s, const struct hart_times *t)
{
	seq_printf(s, "%lu 0 %lu %lu 0 0 0 0 0 0\n", t->user / PROCINFO_TICK_NS,
		   t->kernel / PROCINFO_TICK_NS, t->idle / PROCINFO_TICK_NS);
}

static int show_stat(struct seq *s)
{
	struct hart_times each[CONFIG_NR_CPUS] = { 0 }, sum = { 0 };
	for_each_hart(cpu, left)
	{
		each[cpu] = sched_hart_times((u32)cpu);
		sum.user += each[cpu].user;
		sum.kernel += each[cpu].kernel;
		sum.idle += each[cpu].idle;
	}
	seq_printf(s, "cpu  ");
	write_cpu_times(s, &sum);
	for_each_hart(cpu, left)
	{
		seq_printf(s, "cpu%lu ", cpu);
		write_cpu_times(s, &each[cpu]);
	}
	seq_printf(s, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\n", sched_switch_count(),
		   (u64)(realtime_offset_ns / NSEC_PER_SEC), process_fork_count());
	seq_printf(s, "procs_running %u\nprocs_blocked 0\n", sched_running_count());
	return 0;
}

static int show_loadavg(struct seq *s)
{
	u64 load[3];
	sched_load_average(load);
	for (size_t i = 0; i < ARRAY_SIZE(load); i++) {
		/* 11 bits behind the point; half a hundredth up, so that it rounds. */
		const u64 rounded = load[i] + (1 << 11) / 200;
		seq_printf(s, "%lu.%02lu ", rounded >> 11, ((rounded & 2047) * 100) >> 11);
	}
	seq_printf(s, "%u/%u %u\n", sched_running_count(), process_count(), process_last_pid());
	return 0;
}

static int show_cpuinfo(struct seq *s)
{
	for_each_hart(cpu, left)
		seq_printf(s, "processor\t: %lu\nhart\t\t: %u\nisa\t\t: %s\nmmu\t\t: sv39\n\n", cpu,
			   cpus[cpu].hartid, cpu_isa_string());
	return 0;
}

static int show_version(struct seq *s)
{
	struct kutsname names;
	utsname_get(&names);
	seq_printf(s, "Linux version %s (Heifer) %s\n", names.release, names.version);
	return 0;
}

static int show_cmdline(struct seq *s)
{
	seq_printf(s, "%s\n", cmdline_text());
	return 0;
}

static int show_vmstat(struct seq *s)
{
	struct pmm_stats m;
	pmm_stats(&m);
	seq_printf(s, "nr_free_pages %lu\nnr_anon_pages %lu\nnr_file_pages %lu\nnr_shmem %lu\n",
		   m.free_pages, m.kind_pages[PAGE_ANON], m.kind_pages[PAGE_FILE],
		   m.kind_pages[PAGE_FILE]);
	seq_printf(s, "nr_page_table_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n",
		   m.kind_pages[PAGE_TABLE]);
	const struct vmm_events events = vmm_events_total();
	procinfo_show_events(s, &events);
	return 0;
}

/* ---- /sys/devices/system/cpu ---------------------------------------------------------------- */

/* "0-3", "0,2-3": the harts that run; others never will. */
static int show_harts(struct seq *s)
{
	const u64 mask = sched_hart_mask();
	const char *before = "";
	for (u32 cpu = 0; cpu < CONFIG_NR_CPUS; cpu++) {
		if ((mask & BIT(cpu)) == 0)
			continue;
		seq_printf(s, "%s%u", before, cpu);
		const u32 first = cpu;
		while (cpu + 1 < CONFIG_NR_CPUS && (mask & BIT(cpu + 1)) != 0)
			cpu++;
		if (cpu != first)
			seq_printf(s, "-%u", cpu);
		before = ",";
	}
	seq_write(s, "\n", 1);
	return 0;
}

/* ---- /proc/sys: what programs read of it ------------------------------------------------- */

static int show_pid_max(struct seq *s)
{
	seq_printf(s, "%d\n", PID_MAX);
	return 0;
}

static int show_threads_max(struct seq *s)
{
	seq_printf(s, "%u\n", process_task_limit());
	return 0;
}

/* A line of /proc/sys/kernel that is one of uname's. */
#define SHOW_NAME(member)                            \
	static int show_##member(struct seq *s)      \
	{                                            \
		struct kutsname names;               \
		utsname_get(&names);                 \
		seq_printf(s, "%s\n", names.member); \
		return 0;                            \
	}
SHOW_NAME(sysname)
SHOW_NAME(release)
SHOW_NAME(nodename)
SHOW_NAME(domainname)

/* Without the newline that echo writes. */
static size_t line_length(const char *text, size_t len)
{
	const char *end = strchr(text, '\n');
	return end != NULL ? (size_t)(end - text) : len;
}

static int store_nodename(const char *text, size_t len)
{
	return utsname_set(UTSNAME_NODE, text, line_length(text, len));
}

static int store_domainname(const char *text, size_t len)
{
	return utsname_set(UTSNAME_DOMAIN, text, line_length(text, len));
}

/*
 * What is always so. overcommit_memory: mmap promises more than there is, and the out-of-memory
 * killer settles it.
 */
static int show_one(struct seq *s)
{
	seq_printf(s, "1\n");
	return 0;
}

static const struct {
	const char *name;
	int (*show)(struct seq *s);
} files[] = {
	{ "meminfo", show_meminfo },
	{ "uptime", show_uptime },
	{ "stat", show_stat },
	{ "loadavg", show_loadavg },
	{ "cpuinfo", show_cpuinfo },
	{ "version", show_version },
	{ "cmdline", show_cmdline },
	{ "vmstat", show_vmstat },
	{ "sys/kernel/pid_max", show_pid_max },
	{ "sys/kernel/threads-max", show_threads_max },
	{ "sys/kernel/ostype", show_sysname },
	{ "sys/kernel/osrelease", show_release },
	{ "sys/vm/overcommit_memory", show_one },
	{ "sys/fs/protected_hardlinks", show_one },
	{ "sys/fs/protected_symlinks", show_one },
};

static const char *const hart_lists[] = {
	"devices/system/cpu/online",
	"devices/system/cpu/possible",
	"devices/system/cpu/present",
};

void procinfo_system_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (procfs_register(files[i].name, files[i].show) != 0)
			pr_warn("proc: no memory for /proc/%s\n", files[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hart_lists); i++) {
		if (sysfs_register(hart_lists[i], show_harts) != 0)
			pr_warn("proc: no memory for /sys/%s\n", hart_lists[i]);
	}
	if (procfs_register_control("sys/kernel/hostname", show_nodename, store_nodename) != 0 ||
	    procfs_register_control("sys/kernel/domainname", show_domainname, store_domainname) !=
		    0)
		pr_warn("proc: no memory for the system's names\n");
}
