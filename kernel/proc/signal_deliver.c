/* SPDX-License-Identifier: MIT */
/*
 * The decision about each signal that is taken, in this order:
 *
 * | action  | signal                                   | what happens                              |
 * |---------|------------------------------------------|-------------------------------------------|
 * | ignore  | any                                      | nothing                                   |
 * | handler | any                                      | the handler is called                     |
 * | default | to PID 1, unless a fault or forced       | nothing                                   |
 * | default | SIGCHLD SIGCONT SIGURG SIGWINCH          | nothing (SIGCONT did its work when sent)  |
 * | default | SIGSTOP                                  | stops                                     |
 * | default | SIGTSTP SIGTTIN SIGTTOU                  | stops, unless its group is orphaned       |
 * | default | any other                                | ends the process; no core is ever written |
 *
 * A stop is one for all threads: who takes the signal has all others come here, each parks, and the
 * last one to do so reports. The first to go on reports that.
 *
 * Locks: process_tree_lock around changes of process->state, inside it signals.lock.
 */
#include "kernel/proc/signal_deliver.h"

#include "arch/riscv/cpu/trap_frame.h"
#include "kernel/core/printk.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/process.h"
#include "kernel/proc/strace.h"
#include "kernel/proc/wait.h"
#include "lib/abi/wait.h"

/* Stand still with the rest of the process until it is continued or this thread is to end. */
static __noinline void park(struct process *p)
{
	struct signal_state *s = &p->signals;
	const struct task *t = task_current();

	spin_lock(&process_tree_lock);
	spin_lock(&s->lock);
	const bool stops = s->is_stopped && !t->is_killed;
	if (stops)
		s->parked_count++;
	spin_unlock(&s->lock);
	process_check_stopped_locked(p);
	spin_unlock(&process_tree_lock);
	if (!stops)
		return;
	wait_event(&s->wait, !READ_ONCE(s->is_stopped) || READ_ONCE(t->is_killed));
	spin_lock(&process_tree_lock);
	spin_lock(&s->lock);
	s->parked_count--;
	const bool goes_on = !s->is_stopped;
	spin_unlock(&s->lock);
	if (goes_on)
		process_check_continued_locked(p);
	spin_unlock(&process_tree_lock);
}

/* signal_take_next() has set is_stopped; whoever clears it since then wins. */
static void stop(struct process *p, int sig)
{
	spin_lock(&process_tree_lock);
	if (sig != SIGSTOP && process_group_is_orphaned_locked(p->pgid, NULL))
		signal_cancel_stop();
	spin_unlock(&process_tree_lock);
	signal_spread_stop();
	park(p);
}

static __noinline void act_by_default(struct process *p, const struct signal_taken *taken)
{
	const int sig = taken->info.si_signo;
	const u64 bit = SIGNAL_BIT(sig);

	if (p->pid == PID_INIT && !taken->is_forced)
		return;
	if ((bit & SIGNALS_IGNORED_BY_DEFAULT) != 0)
		return;
	if ((bit & SIGNALS_STOPPING) != 0) {
		stop(p, sig);
		return;
	}
	pr_debug("%s[%u]: ended by signal %d\n", thread_current()->name, p->pid, sig);
	if (taken->is_forced && sig != SIGKILL)
		pr_debug("%s[%u]: its fault is at %#lx, pc %#lx\n", thread_current()->name, p->pid,
			 taken->info.si_addr, thread_user_frame(arch_current())->x[REG_PC]);
	process_exit(wait_status_signaled((u32)sig, false));
}

static bool has_handler(const struct signal_taken *taken)
{
	return taken->kind == TAKEN_SIGNAL && taken->action.handler != SIG_DFL &&
	       taken->action.handler != SIG_IGN;
}

/* All there is to do about @taken here. */
static __noinline void act(const struct signal_taken *taken)
{
	struct process *p = process_current();

	if (taken->kind == TAKEN_END)
		task_exit(0); /* the process' status is decided, or goes on */
	if (taken->kind == TAKEN_STOP) {
		park(p);
		return;
	}
	strace_signal(&taken->info);
	if (taken->action.handler == SIG_DFL)
		act_by_default(p, taken);
}

bool signal_next(struct signal_taken *out)
{
	while (signal_take_next(out)) {
		const bool is_handled = has_handler(out);
		if (!is_handled || strace_is_used())
			act(out);
		if (is_handled)
			return true;
	}
	return false;
}

void signal_undeliverable(const struct signal_taken *taken)
{
	signal_set_mask(taken->blocked_before);
	if (taken->info.si_signo == SIGSEGV) {
		const struct ksigaction by_default = { .handler = SIG_DFL };
		(void)signal_set_action(SIGSEGV, &by_default, NULL); /* always has an action */
	}
	signal_fault(SIGSEGV, SI_KERNEL, 0);
}
