// SPDX-License-Identifier: MIT
/*
 * What a parent learns of its children: SIGCHLD and wait4.
 *
 * A child's news (an end, a stop, a continuation) is its state and stop_status, changed under
 * process_tree_lock, in the same critical section as SIGCHLD and the wake-up of the parent's
 * child_wait. The waiter looks under that lock, after it has put itself on the queue, so it cannot
 * miss any. What it finds it takes there and then. So who could not tell the program looks with
 * WNOWAIT and leaves the zombie. Other threads that wait for the same child were woken with it, and
 * find that it has gone.
 */
#include "kernel/proc/wait.h"

#include "kernel/proc/process.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/abi/signal.h"
#include "lib/abi/time.h"
#include "lib/abi/wait.h"
#include "lib/string.h"

/* siginfo's times are in ticks of 1/100 s. */
#define NSEC_PER_TICK 10000000UL

/* ---- usage ------------------------------------------------------------------------------ */

static struct ktimeval timeval_from(nsec_t time)
{
	return (struct ktimeval){ .tv_sec = (s64)(time / NSEC_PER_SEC),
				  .tv_usec = (s64)(time % NSEC_PER_SEC / NSEC_PER_USEC) };
}

/* Pages. Caller holds process_tree_lock. */
static u64 resident_peak_locked(struct process *p)
{
	if (p->state == PROCESS_ZOMBIE) /* nobody changes it any more */
		return p->resident_peak;
	spin_lock(&p->signals.lock);
	const u64 present = p->aspace != NULL ? READ_ONCE(p->aspace->resident_peak) : 0;
	const u64 peak = MAX(p->resident_peak, present);
	spin_unlock(&p->signals.lock);
	return peak;
}

static void usage_set(struct krusage *out, const struct task_usage *used, u64 resident_peak)
{
	memset(out, 0, sizeof(*out));
	out->ru_utime = timeval_from(used->user);
	out->ru_stime = timeval_from(used->kernel);
	out->ru_maxrss = (s64)(resident_peak << (PAGE_SHIFT - 10));
	out->ru_nvcsw = (s64)used->switches_voluntary;
	out->ru_nivcsw = (s64)used->switches_forced;
}

void wait_report_usage(const struct wait_report *r, struct krusage *out)
{
	usage_set(out, &r->used, r->resident_peak);
}

int process_usage(int who, struct krusage *out)
{
	struct process *p = process_current();
	struct task_usage used = { 0 };
	int error = 0;
	spin_lock(&process_tree_lock);
	u64 peak = resident_peak_locked(p);
	if (who == RUSAGE_SELF) {
		process_usage_locked(p, &used);
	} else if (who == RUSAGE_THREAD) {
		task_usage(task_current(), &used);
	} else if (who == RUSAGE_CHILDREN) {
		used.user = p->children_user_time;
		used.kernel = p->children_kernel_time;
		peak = p->children_resident_peak;
	} else {
		error = -EINVAL;
	}
	spin_unlock(&process_tree_lock);
	usage_set(out, &used, peak);
	return error;
}

/* ---- telling the parent ----------------------------------------------------------------- */

static void send_sigchld_locked(struct process *p, int sig, int code, int status)
{
	struct task_usage used;
	process_usage_locked(p, &used);
	struct siginfo info;
	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_pid = (s32)p->pid;
	info.si_uid = p->leader->cred.uid;
	info.si_status = status;
	info.si_utime = (s64)(used.user / NSEC_PER_TICK);
	info.si_stime = (s64)(used.kernel / NSEC_PER_TICK);
	/* Refused only for queued signals from programs. */
	(void)signal_send(p->parent, sig, &info);
}

/*
 * Tell the parent that @p stopped or continued (CLD_STOPPED, CLD_CONTINUED; @sig: by which signal):
 * SIGCHLD unless it wants none, and wake its wait4.
 */
static void notify_parent_locked(struct process *p, int code, int sig)
{
	if (p->parent == NULL)
		return;
	const struct signal_child_wishes wishes = signal_child_wishes(p->parent);
	if (wishes.wants_stops && !wishes.is_dropped)
		send_sigchld_locked(p, SIGCHLD, code, sig);
	waitq_wake_all(&p->parent->child_wait);
}

void process_check_stopped_locked(struct process *p)
{
	struct signal_state *s = &p->signals;
	spin_lock(&s->lock);
	const bool stands = s->is_stopped && p->live_count != 0 && s->parked_count == p->live_count;
	const int sig = s->stop_signal;
	spin_unlock(&s->lock);
	if (!stands || p->state != PROCESS_ALIVE)
		return;
	p->state = PROCESS_STOPPED;
	p->stop_status = wait_status_stopped((u32)sig);
	notify_parent_locked(p, CLD_STOPPED, sig);
}

void process_check_continued_locked(struct process *p)
{
	if (p->state != PROCESS_STOPPED)
		return;
	p->state = PROCESS_ALIVE;
	p->stop_status = 0;
	if (signal_is_fatal_pending())
		return;
	p->stop_status = WAIT_STATUS_CONTINUED;
	notify_parent_locked(p, CLD_CONTINUED, SIGCONT);
}

int wait_status_code(u32 status, int *value)
{
	if (status == WAIT_STATUS_CONTINUED) {
		*value = SIGCONT;
		return CLD_CONTINUED;
	}
	if ((status & 0xffU) == 0x7fU) {
		*value = (int)(status >> 8 & 0xffU);
		return CLD_STOPPED;
	}
	if ((status & 0x7fU) == 0) {
		*value = (int)(status >> 8 & 0xffU);
		return CLD_EXITED;
	}
	*value = (int)(status & 0x7fU);
	return (status & WAIT_STATUS_CORE) != 0 ? CLD_DUMPED : CLD_KILLED;
}

bool process_report_end_locked(struct process *p)
{
	struct process *parent = p->parent;
	if (parent == NULL)
		return false; /* PID 1: whoever shuts down takes it */
	const int sig = (int)p->exit_signal;
	/* Most parents have no handler, and want to be told by wait4 alone. clone() may have asked
	 * for another signal, and some do something though they are ignored. */
	struct signal_child_wishes wishes = { 0 };
	if (sig == SIGCHLD)
		wishes = signal_child_wishes(parent);
	if (sig > 0 && sig < NSIG && !wishes.is_dropped) {
		int value;
		const int code = wait_status_code(p->exit_status, &value);
		send_sigchld_locked(p, sig, code, value);
	}
	/* Also when it is discarded: the parent may wait for the last child to go and get ECHILD.
	 */
	waitq_wake_all(&parent->child_wait);
	return wishes.discards;
}

/* ---- waiting ---------------------------------------------------------------------------- */

/* One wait in progress. */
struct wait_search {
	const struct wait_args *args;
	struct process *parent;
	struct wait_report *report;
	int result;             /* of the last look: 0 found, -ECHILD, -EAGAIN look later */
	struct process *buried; /* the zombie that was found, with the tree's reference; NULL */
};

static bool child_fits(const struct process *child, const struct wait_args *args)
{
	if ((args->options & __WNOTHREAD) != 0 && child->parent_task != task_current())
		return false;
	if (args->type == P_PGID && child->pgid != args->id)
		return false;
	const bool is_clone = child->exit_signal != SIGCHLD;
	return (args->options & __WALL) != 0 || is_clone == ((args->options & __WCLONE) != 0);
}

/* The status that @child has to report to somebody who asks for @options. False: none. */
static bool child_news(const struct process *child, u32 options, u32 *status)
{
	switch (child->state) {
	case PROCESS_ZOMBIE:
		*status = child->exit_status;
		return (options & WEXITED) != 0;
	case PROCESS_STOPPED:
		*status = child->stop_status;
		return child->stop_status != 0 && (options & WSTOPPED) != 0;
	default:
		*status = child->stop_status;
		return child->stop_status == WAIT_STATUS_CONTINUED && (options & WCONTINUED) != 0;
	}
}

/* Mark the stop as told, or take the zombie out of the tree, whose reference is the search's. */
static void take_news_locked(struct wait_search *s, struct process *child)
{
	struct process *parent = s->parent;
	child->stop_status = 0;
	if (child->state != PROCESS_ZOMBIE)
		return;
	parent->children_user_time += s->report->used.user;
	parent->children_kernel_time += s->report->used.kernel;
	parent->children_resident_peak =
		MAX(parent->children_resident_peak, s->report->resident_peak);
	process_reap_locked(child);
	s->buried = child;
}

static void search_found_locked(struct wait_search *s, struct process *child, u32 status)
{
	struct wait_report *r = s->report;
	r->pid = child->pid;
	r->uid = child->leader->cred.uid;
	r->status = status;
	process_usage_locked(child, &r->used);
	r->used.user += child->children_user_time;
	r->used.kernel += child->children_kernel_time;
	r->resident_peak = MAX(resident_peak_locked(child), child->children_resident_peak);
	if ((s->args->options & WNOWAIT) == 0)
		take_news_locked(s, child);
	s->result = 0;
}

/* True if @child has what is searched for. */
static bool search_look_at_locked(struct wait_search *s, struct process *child)
{
	u32 status;
	if (!child_fits(child, s->args))
		return false;
	s->result = -EAGAIN;
	if (!child_news(child, s->args->options, &status))
		return false;
	search_found_locked(s, child, status);
	return true;
}

/* The condition of the wait: true if there is something to return. */
static bool search_look(struct wait_search *s)
{
	s->result = -ECHILD;
	spin_lock(&process_tree_lock);
	if (s->args->type == P_PID) {
		struct process *child = process_find_locked(s->args->id);
		if (child != NULL && child->parent == s->parent)
			(void)search_look_at_locked(s, child);
	} else {
		list_for_each(child, &s->parent->children, struct process, sibling) {
			if (search_look_at_locked(s, child))
				break;
		}
	}
	spin_unlock(&process_tree_lock);
	return s->result != -EAGAIN;
}

int process_wait(const struct wait_args *args, struct wait_report *report)
{
	struct process *p = process_current();
	struct wait_search s = { .args = args, .parent = p, .report = report };
	int error = 0;
	report->pid = 0;
	if ((args->options & WNOHANG) != 0) {
		(void)search_look(&s);
	} else {
		/* Most children still run when they are waited for; so the first look is the one
		 * from the queue. */
		struct waiter w = { .thread = thread_current() };
		might_sleep();
		waitq_add(&p->child_wait, &w);
		error = wait_until(p->child_wait.name, search_look(&s), true, CLOCK_NEVER);
		waitq_remove(&p->child_wait, &w);
	}
	process_put(s.buried);
	if (error != 0)
		return -ERESTARTSYS;
	return s.result == -ECHILD ? -ECHILD : 0;
}
