// SPDX-License-Identifier: MIT
/*
 * The order of boot: one line per step, with what works from there on (docs/boot.md tells the
 * story). Everything up to the last step runs on the boot hart with interrupts off.
 */
#include "kernel/main.h"

#include "arch/riscv/boot/boot_report.h"
#include "arch/riscv/boot/boot_tree.h"
#include "arch/riscv/boot/early_map.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu_scan.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/sections.h"
#include "arch/riscv/cpu/smp.h"
#include "arch/riscv/cpu/smp_boot.h"
#include "arch/riscv/entry/trap.h"
#include "drivers/base/irq.h"
#include "drivers/drivers.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "fs/random.h"
#include "fs/tmpfs.h"
#include "generated/version.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/failinfo.h"
#include "kernel/proc/leakcheck.h"
#include "kernel/proc/process.h"
#include "kernel/proc/procinfo.h"
#include "kernel/proc/provoke.h"
#include "kernel/proc/report.h"
#include "kernel/proc/shutdown.h"
#include "kernel/proc/strace.h"
#include "kernel/proc/sysrq.h"
#include "kernel/proc/traceinfo.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "kernel/syscall/dispatch.h"
#include "kernel/tty/tty.h"
#include "lib/check.h"
#include "lib/parse.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/memblock.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/aspace.h"

/* The built-in root file system: reached through the linear map, since it goes back to the
 * allocator. */
extern const char initramfs_start[], initramfs_end[];

static void start_log(void)
{
	u64 level, nth;
	/* Debug builds: the nth allocation of boot fails. */
	if (cmdline_get_u64("failalloc", &nth))
		arch_current()->fail_nth = (u32)MIN(nth, (u64)INT32_MAX);
	if (cmdline_get_u64("loglevel", &level))
		log_set_level((int)level);
	pr_info("Heifer %s (%s)\n", HEIFER_VERSION, CONFIG_BOARD_NAME);
}

static u32 start_harts_and_clock(u32 hartid)
{
	u32 timebase_hz;
	if (cpu_scan(&boot_tree, hartid, &timebase_hz) != 0)
		boot_stop("the device tree has no /cpus with a timebase-frequency");
	clock_init(timebase_hz);
	return timebase_hz;
}

static void start_memory(void)
{
	char text[32];
	u64 limit;
	limit = ~0UL;
	if (cmdline_get("mem", text, sizeof(text)) && parse_size(text, &limit) != 0)
		pr_warn("mem=%s is not a size\n", text);
	if (limit < 8 * MEGAPAGE_SIZE)
		boot_stop("mem=%s is too little", text);
	const paddr_t base = kernel_image_base - MEGAPAGE_SIZE;
	boot_tree_memory(limit < LINEAR_SIZE - base ? base + limit : LINEAR_SIZE);
	early_map_linear();
	pmm_init();
	slab_init();
	kmap_init();
}

/* No board clock: time begins at the build's (SOURCE_DATE_EPOCH), and settimeofday(2) moves it. */
static void start_real_time(void)
{
	realtime_offset_ns = (u64)HEIFER_BUILD_EPOCH * 1000000000UL;
}

static void seed_random(void)
{
	size_t len;
	const void *seed = boot_tree_rng_seed(&len);
	if (seed != NULL)
		random_seed(seed, len);
}

/* Unpack [@start, @end) of physical memory into the root file system and give its frames away. */
static void unpack_and_release(const char *what, paddr_t start, paddr_t end)
{
	if (start == end)
		return;
	if (initramfs_unpack(phys_to_virt(start), end - start) != 0)
		pr_err("the %s initramfs is damaged; going on with what was unpacked\n", what);
	pmm_release_range(start, end);
}

static void fill_root(void)
{
	paddr_t start, end;
	unpack_and_release("built-in", kernel_image_phys(initramfs_start),
			   kernel_image_phys(initramfs_end));
	boot_tree_initrd(&start, &end);
	unpack_and_release("boot loader's", start, end);
	/* What was unpacked is its own affair; what programs write has a limit, as in any tmpfs. */
	tmpfs_set_unlimited(fs_root()->fs, false);
}

/* Devices are there before init, which needs /dev/console to speak. */
static void mount_devices(void)
{
	static const struct cred root_cred;
	const struct path_ctx paths = { .root = fs_root(), .cwd = fs_root(), .cred = &root_cred };
	struct inode *at;
	if (path_lookup(&paths, NULL, "/dev", true, &at) != 0) {
		pr_warn("the root file system has no /dev, so there will be no console\n");
		return;
	}
	if (fs_mount("devtmpfs", "devtmpfs", at, "/dev", 0) != 0)
		pr_warn("devtmpfs cannot be mounted on /dev\n");
	inode_put(at);
}

/* Runs as a thread, so that it may sleep. */
static void start_user_world(void *unused)
{
	(void)unused;
	process_init();     /* processes, signals */
	exec_init();        /* the vDSO */
	report_init();      /* a panic names the process */
	if (fs_init() != 0) /* an empty root file system */
		panic("no memory for the root file system");
	tty_init();      /* /dev/console */
	strace_init();   /* /dev/strace */
	procinfo_init(); /* /proc */
	syscall_init();  /* system calls can be traced */
	sysrq_init();
	traceinfo_init();
	failinfo_init();
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && IS_ENABLED(CONFIG_DEBUG_LOCKS))
		provoke_init();
	shutdown_init();
	leakcheck_baseline(); /* what comes from here on has to be gone at the end */
	fill_root();
	mount_devices();
	process_start_init(); /* PID 1 */
}

/* Where another hart begins. */
static void secondary_main(void)
{
	trap_init_hart();
	sched_init_hart();
	irq_init_hart();
	sched_idle_loop();
}

static struct arch_thread *make_idle(u32 cpu)
{
	struct thread *t = sched_create_idle(cpu);
	return t != NULL ? &t->arch : NULL;
}

static void start_other_harts(void)
{
	u64 limit = CONFIG_NR_CPUS;
	(void)cmdline_get_u64("maxcpus", &limit);
	const u32 running = smp_start_others(limit > CONFIG_NR_CPUS ? CONFIG_NR_CPUS : (u32)limit,
					     kernel_image_phys(smp_entry), make_idle,
					     secondary_main);
	pr_info("%u of %u harts run\n", running, cpu_count);
}

void kernel_main(u64 hartid, paddr_t fdt)
{
	(void)fdt; /* early_map() has looked at it */
	check_failed = panic;
	trap_init_hart(); /* a trap is reported */
	sbi_init();       /* the firmware's console, timer, fences */
	boot_tree_open(); /* the device tree */
	cmdline_init(boot_tree_command_line());
	start_log();                        /* printk at the level asked for */
	trace_init();                       /* events are recorded */
	start_harts_and_clock((u32)hartid); /* time; cpus[] */
	boot_report((u32)hartid);           /* who and where we are */
	start_memory();                     /* pages, kmalloc, kernel mappings */
	sched_init();                       /* threads, timers, waiting */
	mutex_checks_init();
	vmm_init(); /* address spaces */
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		kernel_table_check(); /* rules T1, T2, T9, T11 */
	drivers_init(&boot_tree);     /* interrupts, serial ports */
	start_other_harts();          /* everything below may run anywhere */
	workqueue_init();             /* deferred work */
	seed_random();
	start_real_time();
	clock_measure_cycles(); /* user and kernel time are told apart */

	struct thread *t = thread_create("start", start_user_world, NULL);
	if (t == NULL)
		panic("no memory for the first thread");
	thread_start(t);
	sched_idle_loop(); /* this hart is the boot thread no more */
}
