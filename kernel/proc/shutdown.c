// SPDX-License-Identifier: MIT
/*
 * Switching off. A kernel thread made at boot does it, because whoever asks is a process that has
 * to go too.
 *
 *  1. asked: by reboot(2) or by the end of PID 1. The first one counts.
 *  2. no process can be created any more; all but PID 1 are killed, and buried if their parents
 *     do not. PID 1 must be the last: it inherits what the others leave behind.
 *  3. PID 1 is killed, or goes on with the end it began, and is buried.
 *  4. file systems go, leaks are counted, power off.
 *
 * Bounded: a process that does not end in time is named, and the machine is switched off all the
 * same, without the count, for which nothing may be in use.
 */
#include "kernel/proc/shutdown.h"

#include "drivers/power/reset.h"
#include "fs/fs.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/leakcheck.h"
#include "kernel/proc/process.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/wait.h"

#define END_TIMEOUT_NS 30000000000UL
#define SWEEP_PAUSE_NS 5000000UL

static struct waitq changed = WAITQ_INIT(changed, "power off"); /* of the flags below */

static u32 is_asked;          /* atomic: exchanged by the first who asks */
static enum shutdown_how how; /* written by that one before is_requested */
static bool is_requested;
static bool others_are_gone;

static void ask(enum shutdown_how wanted)
{
	if (__atomic_exchange_n(&is_asked, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	how = wanted;
	__atomic_store_n(&is_requested, true, __ATOMIC_RELEASE);
	waitq_wake_all(&changed);
}

__noreturn void system_shutdown(enum shutdown_how wanted)
{
	ask(wanted);
	process_exit(wait_status_signaled(SIGKILL, false));
}

static void describe_end_of_init(u32 status)
{
	const u32 sig = status & 0x7fU;
	if (sig != 0)
		pr_err("init (PID 1) was ended by signal %u: the system ends with it\n", sig);
	else
		pr_err("init (PID 1) exited with status %u: the system ends with it\n",
		       status >> 8);
}

/* process_init_end_hook */
static void end_with_init(u32 wait_status)
{
	if (__atomic_load_n(&is_asked, __ATOMIC_ACQUIRE) == 0)
		describe_end_of_init(wait_status);
	ask(SHUTDOWN_POWER_OFF);
	wait_event(&changed, __atomic_load_n(&others_are_gone, __ATOMIC_ACQUIRE));
}

/*
 * Kill everybody (but PID 1 unless @also_init) and take zombies out of the tree. Returns how many
 * of those meant are still there.
 */
static u32 sweep(bool also_init)
{
	u32 left = 0;
	struct list dead;
	list_init(&dead);
	spin_lock(&process_tree_lock);
	struct process *next;
	for (struct process *p = process_next_locked(PID_INIT); p != NULL; p = next) {
		next = process_next_locked(p->pid + 1);
		if (p == process_init_process && !also_init)
			continue;
		if (p->state == PROCESS_ZOMBIE) {
			process_reap_locked(p);
			list_push_back(&dead, &p->sibling);
		} else {
			signal_kill(p);
			left++;
		}
	}
	spin_unlock(&process_tree_lock);
	list_for_each_safe(p, &dead, struct process, sibling) {
		list_remove(&p->sibling);
		process_put(p);
	}
	return left;
}

static void pause_between_sweeps(void)
{
	(void)sleep_until(clock_now() + SWEEP_PAUSE_NS); /* kernel threads are not interrupted */
}

/* False if some will not end. */
static bool end_processes(bool also_init, nsec_t deadline)
{
	while (sweep(also_init) != 0) {
		if (clock_now() >= deadline)
			return false;
		pause_between_sweeps();
	}
	return true;
}

static void name_survivors(void)
{
	spin_lock(&process_tree_lock);
	for (struct process *p = process_next_locked(PID_INIT); p != NULL;
	     p = process_next_locked(p->pid + 1)) {
		const struct thread *t = p->leader->thread;
		const char *reason = READ_ONCE(t->wait_reason);
		pr_err("process %u (%s) does not end: %s\n", p->pid, t->name,
		       reason != NULL ? reason : "no wait reason");
	}
	spin_unlock(&process_tree_lock);
}

static void end_all_processes(void)
{
	const nsec_t deadline = clock_now() + END_TIMEOUT_NS;
	process_refuse_new();
	bool gone = end_processes(false, deadline);
	if (gone) {
		__atomic_store_n(&others_are_gone, true, __ATOMIC_RELEASE);
		waitq_wake_all(&changed);
		gone = end_processes(true, deadline);
	}
	if (!gone) {
		name_survivors();
		pr_emerg("leaks: not counted\n");
		return;
	}
	process_init_process = NULL;
	fs_shutdown();
	/* The kernel half once more: stacks and the page map have come and gone. */
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		kernel_table_check();
	leakcheck_verdict();
}

static void shutdown_main(void *unused)
{
	wait_event(&changed, __atomic_load_n(&is_requested, __ATOMIC_ACQUIRE));
	end_all_processes();
	switch (how) {
	case SHUTDOWN_REBOOT:
		power_reboot();
	case SHUTDOWN_HALT:
		power_halt();
	default:
		power_off();
	}
}

void shutdown_init(void)
{
	struct thread *t = thread_create("shutdown", shutdown_main, NULL);
	if (t == NULL)
		panic("no memory for the thread that will shut down");
	process_init_end_hook = end_with_init;
	thread_start(t);
}
