// SPDX-License-Identifier: MIT
/*
 * The commands of the console's help key (sysrq.h). They run in the interrupt that brought the
 * letter, so that they work when no thread does any more: nothing here waits, and
 * process_tree_lock, which the interrupted thread may hold, is only tried. What has to wait (send
 * signals, look at memory) is left to the worker thread and is marked so in the table.
 */
#include "kernel/proc/sysrq.h"

#include "arch/riscv/cpu/clock.h"
#include "drivers/power/reset.h"
#include "drivers/serial/console.h"
#include "fs/fs.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/hart_report.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/oom.h"
#include "kernel/proc/process.h"
#include "kernel/proc/report.h"
#include "kernel/proc/snapshot.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "lib/abi/errno.h"
#include "mm/pmm/pmm.h"

/* How long to try for the process tree: enough for whoever is only passing through, on a hart that
 * QEMU runs on a busy machine, too. */
#define TREE_PATIENCE_NS 1000000000ULL

/* Its holder may be the thread that was interrupted, or a hart that stands still. */
static bool try_tree(void)
{
	const nsec_t deadline = clock_now() + TREE_PATIENCE_NS;
	while (!spin_try_lock(&process_tree_lock)) {
		if (clock_now() > deadline) {
			pr_emerg("the process tree stays locked: l and d tell by whom");
			return false;
		}
		cpu_relax();
	}
	return true;
}

static void print_task(const struct process *p, const struct task *t, char state)
{
	const struct thread *thread = t->thread;
	const char *reason = READ_ONCE(thread->wait_reason);
	pr_emerg("%5u %5u %5u %5u %c %4u %-16s %s", t->tid, p->pid,
		 p->parent != NULL ? p->parent->pid : 0, p->pgid, state,
		 READ_ONCE(thread->arch.cpu)->index, thread->name,
		 state != 'Z' && reason != NULL ? reason : "");
}

static void print_tasks(bool only_stuck)
{
	if (!try_tree())
		return;
	pr_emerg("  TID   PID  PPID  PGID S HART NAME             WAITS FOR");
	for (const struct process *p = process_next_locked(1); p != NULL;
	     p = process_next_locked(p->pid + 1))
		list_for_each(t, &p->tasks, struct task, node) {
			const char state = task_state_letter(t);
			if (!only_stuck || state == 'D')
				print_task(p, t, state);
		}
	spin_unlock(&process_tree_lock);
}

static void show_tasks(void)
{
	print_tasks(false);
}

static void show_stuck_tasks(void)
{
	print_tasks(true);
}

static void show_memory(void)
{
	static const char *const kinds[PAGE_KINDS] = {
		[PAGE_KERNEL] = "kernel", [PAGE_ANON] = "anonymous", [PAGE_FILE] = "files",
		[PAGE_TABLE] = "tables",  [PAGE_SLAB] = "slabs",     [PAGE_STACK] = "stacks",
	};
	const unsigned kib_shift = PAGE_SHIFT - 10;
	struct pmm_stats m;
	pmm_stats(&m);
	pr_emerg("memory: %lu KiB, free %lu KiB", m.total_pages << kib_shift,
		 m.free_pages << kib_shift);
	for (u32 i = 0; i < PAGE_KINDS; i++)
		if (kinds[i] != NULL)
			pr_emerg("  %-10s %8lu KiB", kinds[i], m.kind_pages[i] << kib_shift);
}

static void show_locks(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_LOCKS))
		pr_emerg("locks held are known to debug builds alone (make DEBUG=1)");
	sched_print_harts();
}

static void show_backtraces(void)
{
	for (u64 left = sched_hart_mask(); left != 0; left &= left - 1)
		hart_report((u32)__builtin_ctzll(left), LOG_EMERGENCY);
}

static void show_trace(void)
{
	trace_print_last();
}

/* Counted: the leader of the group that the terminal is at; NULL: none. */
static struct process *foreground_lookup(void)
{
	spin_lock(&process_tree_lock);
	struct process *found = NULL;
	for (struct process *p = process_next_locked(1); p != NULL && found == NULL;
	     p = process_next_locked(p->pid + 1)) {
		u32 device, foreground = 0;
		if (p->tty != NULL && procinfo_tty_hook != NULL)
			procinfo_tty_hook(p->tty, &device, &foreground);
		if (foreground != 0 && foreground == p->pid)
			found = p;
	}
	if (found != NULL)
		process_get(found);
	spin_unlock(&process_tree_lock);
	return found;
}

static void show_regions(void)
{
	struct process *p = foreground_lookup();
	struct aspace *as = p != NULL ? process_aspace_lookup(p) : NULL;
	if (as == NULL) {
		pr_emerg("nobody is in the foreground");
	} else {
		/* The reference keeps it, the lock keeps it still. */
		mutex_lock(&as->lock);
		report_process(p);
		mutex_unlock(&as->lock);
		aspace_put(as);
	}
	process_put(p);
}

static void signal_all(int sig)
{
	spin_lock(&process_tree_lock);
	for (struct process *p = process_next_locked(PID_INIT + 1); p != NULL;
	     p = process_next_locked(p->pid + 1))
		(void)signal_send(p, sig, NULL); /* without siginfo nothing is refused */
	spin_unlock(&process_tree_lock);
}

static void end_all(void)
{
	signal_all(SIGTERM);
	signal_all(SIGCONT);
}

static void kill_all(void)
{
	signal_all(SIGKILL);
}

static void crash(void)
{
	/* A fault, as a mistake of ours would be one: its report has the registers. */
	__asm__ volatile("sd zero, 0(zero)" ::: "memory");
}

static void sync_files(void)
{
	pr_emerg("no file is anywhere but in memory: nothing to write");
}

static void show_help(void);

static const struct command {
	char letter;
	bool needs_thread; /* it waits: for the worker */
	const char *what;
	void (*run)(void);
} commands[] = {
	{ 'b', false, "reboot at once", power_reboot },
	{ 'c', false, "crash, to see the report", crash },
	{ 'd', false, "locks held", show_locks },
	{ 'e', true, "SIGTERM to all but init", end_all },
	{ 'f', true, "end the largest process", oom_kill_largest },
	{ 'h', false, "this help", show_help },
	{ 'i', true, "SIGKILL to all but init", kill_all },
	{ 'l', false, "backtraces of all harts", show_backtraces },
	{ 'm', false, "memory", show_memory },
	{ 'o', false, "switch off at once", power_off },
	{ 'r', true, "regions of the foreground process", show_regions },
	{ 's', false, "write files back", sync_files },
	{ 't', false, "tasks", show_tasks },
	{ 'w', false, "tasks that cannot be interrupted", show_stuck_tasks },
	{ 'z', false, "last events of the trace", show_trace },
};

static void show_help(void)
{
	pr_emerg("sysrq: Ctrl-O and a letter; Ctrl-O twice is one Ctrl-O");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		pr_emerg("  %c  %s", commands[i].letter, commands[i].what);
	pr_emerg("  0-9  level of what the log shows here");
}

static const struct command *for_worker; /* atomic: taken by the worker */

static void work_run(struct work *w)
{
	(void)w;
	const struct command *c = __atomic_exchange_n(&for_worker, NULL, __ATOMIC_ACQUIRE);
	if (c != NULL)
		c->run();
}

static struct work work;

/* Any context. False: no such letter. */
static bool run_letter(char letter)
{
	if (letter >= '0' && letter <= '9') {
		pr_emerg("sysrq: log level %c", letter);
		log_set_level(letter - '0');
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		if (c->letter != letter)
			continue;
		pr_emerg("sysrq: %s", c->what);
		if (c->needs_thread) {
			__atomic_store_n(&for_worker, c, __ATOMIC_RELEASE);
			work_queue(&work);
		} else {
			c->run();
		}
		return true;
	}
	return false;
}

/* From the console's interrupt. */
static void key_pressed(u8 letter)
{
	if (!run_letter((char)letter))
		show_help();
}

static int store(const char *text, size_t len)
{
	if (len != 0 && run_letter(text[0]))
		return 0;
	show_help();
	return -EINVAL;
}

void sysrq_init(void)
{
	u64 is_wanted = 1;
	work_init(&work, work_run);
	(void)cmdline_get_u64("sysrq", &is_wanted);
	if (serial_console() != NULL && is_wanted != 0)
		serial_set_attention(serial_console(), key_pressed);
	if (procfs_register_trigger("sysrq-trigger", store) != 0)
		pr_warn("sysrq: no room in /proc\n");
}
