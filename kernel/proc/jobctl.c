/* SPDX-License-Identifier: MIT */
/*
 * Groups, sessions and permission to signal. Every function holds process_tree_lock while it looks,
 * so the processes it meets stay, and inside it, one after the other, the signal locks of those it
 * signals.
 *
 * Numbers, not objects, name groups and sessions; process.c keeps their members and sees to it that
 * a number is not given away as a pid while a group or session still bears it.
 */
#include "kernel/proc/jobctl.h"

#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "lib/abi/errno.h"

/* ---- signals ---------------------------------------------------------------------------- */

int signal_send_group_locked(u32 pgid, int sig, const struct siginfo *info)
{
	int result = -ESRCH;

	process_for_each_in_group(p, pgid)
	{
		(void)signal_send(p, sig, info); /* no siginfo that could find no room */
		result = 0;
	}
	return result;
}

int signal_send_group(u32 pgid, int sig, const struct siginfo *info)
{
	spin_lock(&process_tree_lock);
	const int result = signal_send_group_locked(pgid, sig, info);
	spin_unlock(&process_tree_lock);
	return result;
}

static bool sig_is_valid(int sig)
{
	return sig >= 0 && sig < NSIG;
}

static bool may_signal_locked(const struct process *sender, const struct process *target, int sig)
{
	const struct cred *from = cred_current();
	const struct cred *to = &target->leader->cred;

	if (sender == target || from->euid == 0)
		return true;
	if (from->euid == to->suid || from->euid == to->uid || from->uid == to->suid ||
	    from->uid == to->uid)
		return true;
	return sig == SIGCONT && sender->sid == target->sid;
}

/* Can the running process send @sig to @target? -EINVAL before -EPERM, and -ESRCH before both. */
static int check_signal_locked(const struct process *target, int sig)
{
	if (!sig_is_valid(sig))
		return -EINVAL;
	return may_signal_locked(process_current(), target, sig) ? 0 : -EPERM;
}

/* @sig 0 only asks. */
static int kill_locked(struct process *target, int sig, const struct siginfo *info)
{
	const int error = check_signal_locked(target, sig);

	return error != 0 || sig == 0 ? error : signal_send(target, sig, info);
}

/* kill() of many: success if it was one for any of them. */
static int kill_result(int so_far, int next)
{
	if (so_far == 0 || next == 0)
		return 0;
	return next;
}

static int kill_group_locked(u32 pgid, int sig, const struct siginfo *info)
{
	int result = -ESRCH;

	process_for_each_in_group(p, pgid)
	{
		result = kill_result(result, kill_locked(p, sig, info));
	}
	return result;
}

/* Everybody but PID 1 and the caller. As in Linux it is no error if all are other people's. */
static int kill_all_locked(int sig, const struct siginfo *info)
{
	int result = -ESRCH;

	for (struct process *p = process_next_locked(PID_INIT + 1); p != NULL;
	     p = process_next_locked(p->pid + 1)) {
		if (p == process_current())
			continue;
		const int error = kill_locked(p, sig, info);
		result = kill_result(result, error == -EPERM ? 0 : error);
	}
	return result;
}

static int kill_one_locked(u32 pid, int sig, const struct siginfo *info)
{
	const struct task *target = task_find_locked(pid);

	return target != NULL ? kill_locked(target->process, sig, info) : -ESRCH;
}

int jobctl_kill_one(u32 pid, int sig, const struct siginfo *info)
{
	spin_lock(&process_tree_lock);
	const int result = kill_one_locked(pid, sig, info);
	spin_unlock(&process_tree_lock);
	return result;
}

int jobctl_kill_thread(u32 tgid, u32 tid, int sig, const struct siginfo *info)
{
	int result = -ESRCH;

	spin_lock(&process_tree_lock);
	struct task *target = task_find_locked(tid);
	if (target != NULL && (tgid == 0 || tgid == target->process->pid)) {
		result = check_signal_locked(target->process, sig);
		if (result == 0 && sig != 0)
			result = signal_send_task(target, sig, info);
	}
	spin_unlock(&process_tree_lock);
	return result;
}

int jobctl_kill(s32 pid, int sig)
{
	struct process *current = process_current();
	struct siginfo info;
	int result;

	siginfo_init(&info, sig, SI_USER);
	info.si_pid = (s32)current->pid;
	info.si_uid = cred_current()->uid;
	/* Oneself is found, may be signalled and stays. */
	if ((u32)pid == current->pid && sig_is_valid(sig))
		return sig == 0 ? 0 : signal_send(current, sig, &info);
	spin_lock(&process_tree_lock);
	if (pid > 0)
		result = kill_one_locked((u32)pid, sig, &info);
	else if (pid == -1)
		result = kill_all_locked(sig, &info);
	else
		result = kill_group_locked(pid == 0 ? current->pgid : -(u32)pid, sig, &info);
	spin_unlock(&process_tree_lock);
	return result;
}

/* ---- groups and sessions ---------------------------------------------------------------- */

/* The process of task @pid. */
static struct process *find_or_current_locked(s32 pid)
{
	if (pid == 0)
		return process_current();
	const struct task *t = pid > 0 ? task_find_locked((u32)pid) : NULL;
	return t != NULL ? t->process : NULL;
}

static bool session_has_group_locked(u32 sid, u32 pgid)
{
	process_for_each_in_group(p, pgid)
	{
		return p->sid == sid;
	}
	return false;
}

/* The caller itself, or a child of its own session that has not called exec yet. */
static int check_set_group_locked(const struct process *current, const struct process *p)
{
	if (p == current)
		return 0;
	if (p->parent != current)
		return -ESRCH;
	if (p->sid != current->sid)
		return -EPERM;
	return p->has_execed ? -EACCES : 0;
}

static int set_group_locked(struct process *current, s32 pid, s32 pgid)
{
	struct process *p = find_or_current_locked(pid);

	if (p == NULL)
		return -ESRCH;
	if (pid != 0 && (u32)pid != p->pid)
		return -EINVAL;
	const int error = check_set_group_locked(current, p);
	if (error != 0)
		return error;
	if (p->is_session_leader)
		return -EPERM;
	const u32 wanted = pgid == 0 ? p->pid : (u32)pgid;
	if (wanted != p->pid && !session_has_group_locked(current->sid, wanted))
		return -EPERM;
	if (wanted != p->pgid)
		process_set_group_locked(p, wanted);
	return 0;
}

int jobctl_set_group(s32 pid, s32 pgid)
{
	if (pgid < 0)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	const int error = set_group_locked(process_current(), pid, pgid);
	spin_unlock(&process_tree_lock);
	return error;
}

s64 jobctl_group_of(s32 pid)
{
	spin_lock(&process_tree_lock);
	const struct process *p = find_or_current_locked(pid);
	const s64 result = p != NULL ? (s64)p->pgid : -ESRCH;
	spin_unlock(&process_tree_lock);
	return result;
}

s64 jobctl_session_of(s32 pid)
{
	spin_lock(&process_tree_lock);
	const struct process *p = find_or_current_locked(pid);
	const s64 result = p != NULL ? (s64)p->sid : -ESRCH;
	spin_unlock(&process_tree_lock);
	return result;
}

static bool group_exists_locked(u32 pgid)
{
	process_for_each_in_group(p, pgid)
	{
		return true;
	}
	return false;
}

s64 jobctl_new_session(void)
{
	struct process *current = process_current();
	s64 result = -EPERM;

	spin_lock(&process_tree_lock);
	if (!current->is_session_leader && !group_exists_locked(current->pid)) {
		process_set_session_locked(current, current->pid);
		process_set_group_locked(current, current->pid);
		current->is_session_leader = true;
		current->tty = NULL;
		result = current->pid;
	}
	spin_unlock(&process_tree_lock);
	return result;
}

/* ---- terminals -------------------------------------------------------------------------- */

int jobctl_check_tty(u32 foreground, int sig)
{
	const u32 pgid = process_current()->pgid;
	int result = -ERESTARTSYS;

	if (foreground == 0 || foreground == pgid)
		return 0;
	if (signal_is_blocked_or_ignored(sig))
		return sig == SIGTTIN ? -EIO : 0;
	spin_lock(&process_tree_lock);
	if (process_group_is_orphaned_locked(pgid, NULL))
		result = -EIO;
	else
		(void)signal_send_group_locked(pgid, sig, NULL); /* the caller is a member */
	spin_unlock(&process_tree_lock);
	return result;
}
