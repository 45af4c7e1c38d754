/* SPDX-License-Identifier: MIT */
/* System calls about when and where processes run. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/process.h"
#include "kernel/sched/sched.h"
#include "lib/abi/errno.h"
#include "lib/abi/ioprio.h"
#include "lib/abi/sched.h"

#define NICE_MIN (-20)
#define NICE_MAX 19
/* getpriority(2) returns 20 - nice, so that it is never negative. */
#define PRIORITY_OF_NICE_0 20

s64 sys_sched_yield(void)
{
	return sched_yield();
}

/* May the running process change how @t is scheduled? */
static bool may_schedule(const struct task *t)
{
	const struct cred *mine = cred_current();
	return mine->euid == 0 || mine->euid == t->cred.uid || mine->euid == t->cred.euid;
}

/* The thread that @tid means, 0 the caller's. Counted; NULL: none. */
static struct thread *lookup_thread(u64 tid, bool *may_change)
{
	struct thread *thread = NULL;
	spin_lock(&process_tree_lock);
	const struct task *t = (u32)tid != 0 ? task_find_locked((u32)tid) : task_current();
	if (t != NULL) {
		thread = t->thread;
		thread_get(thread);
		*may_change = may_schedule(t);
	}
	spin_unlock(&process_tree_lock);
	return thread;
}

/* ---- affinity --------------------------------------------------------------------------- */

s64 sys_sched_getaffinity(u64 pid, u64 size, u64 mask)
{
	u64 bits;
	bool may_change;
	if (size % sizeof(bits) != 0 || size * 8 < cpu_count)
		return -EINVAL;
	struct thread *thread = lookup_thread(pid, &may_change);
	if (thread == NULL)
		return -ESRCH;
	bits = READ_ONCE(thread->affinity) & sched_hart_mask();
	thread_put(thread);
	if (copy_to_user(mask, &bits, sizeof(bits)) != 0)
		return -EFAULT;
	return sizeof(bits);
}

s64 sys_sched_setaffinity(u64 pid, u64 size, u64 mask)
{
	u64 bits = 0;
	bool may_change;
	const size_t used = size < sizeof(bits) ? size : sizeof(bits);
	if (copy_from_user(&bits, mask, used) != 0)
		return -EFAULT;
	struct thread *thread = lookup_thread(pid, &may_change);
	if (thread == NULL)
		return -ESRCH;
	const int error = may_change ? thread_set_affinity(thread, bits) : -EPERM;
	thread_put(thread);
	return error;
}

/* ---- nice values ------------------------------------------------------------------------ */

/*
 * Nice values are a thread's, as in Linux: PRIO_PROCESS names a thread by its number, groups and
 * users stand for all threads.
 */

/* Does @t belong to what @which and @who name? Caller holds process_tree_lock. */
static bool is_meant_locked(const struct task *t, int which, u32 who)
{
	const struct task *me = task_current();
	if (t->is_dead)
		return false;
	switch (which) {
	case PRIO_PROCESS:
		return t->tid == (who != 0 ? who : me->tid);
	case PRIO_PGRP:
		return t->process->pgid == (who != 0 ? who : me->process->pgid);
	default:
		return t->cred.uid == (who != 0 ? who : me->cred.uid);
	}
}

static int set_nice_locked(const struct task *t, s32 nice)
{
	if (!may_schedule(t))
		return -EPERM;
	if (nice < t->thread->nice && cred_current()->euid != 0)
		return -EACCES;
	thread_set_nice(t->thread, nice);
	return 0;
}

/* The next task that is meant, from number *@tid on. NULL: no more. */
static struct task *next_meant_locked(u32 *tid, int which, u32 who)
{
	struct task *t = task_at_or_after_locked(*tid);
	while (t != NULL && !is_meant_locked(t, which, who))
		t = task_at_or_after_locked(t->tid + 1);
	if (t != NULL)
		*tid = t->tid + 1;
	return t;
}

s64 sys_setpriority(u64 which, u64 who, u64 nice)
{
	if ((u32)which > PRIO_USER)
		return -EINVAL;
	const s32 wanted = MAX(MIN((s32)nice, NICE_MAX), NICE_MIN);
	const struct task *t;
	u32 tid = 1;
	int result = -ESRCH;
	spin_lock(&process_tree_lock);
	for (t = next_meant_locked(&tid, (int)which, (u32)who); t != NULL;
	     t = next_meant_locked(&tid, (int)which, (u32)who)) {
		const int error = set_nice_locked(t, wanted);
		/* The first error stands, unless none was met. */
		if (result == -ESRCH || error != 0)
			result = error;
	}
	spin_unlock(&process_tree_lock);
	return result;
}

s64 sys_getpriority(u64 which, u64 who)
{
	if ((u32)which > PRIO_USER)
		return -EINVAL;
	const struct task *t;
	u32 tid = 1;
	s64 best = -ESRCH;
	spin_lock(&process_tree_lock);
	for (t = next_meant_locked(&tid, (int)which, (u32)who); t != NULL;
	     t = next_meant_locked(&tid, (int)which, (u32)who)) {
		const s64 priority = PRIORITY_OF_NICE_0 - READ_ONCE(t->thread->nice);
		best = MAX(best, priority);
	}
	spin_unlock(&process_tree_lock);
	return best;
}

/* ---- priorities of input and output ------------------------------------------------------ */

/* Which of PRIO_* the same question is; -1: none. */
static int prio_which(u64 ioprio_which)
{
	switch ((u32)ioprio_which) {
	case IOPRIO_WHO_PROCESS:
		return PRIO_PROCESS;
	case IOPRIO_WHO_PGRP:
		return PRIO_PGRP;
	case IOPRIO_WHO_USER:
		return PRIO_USER;
	default:
		return -1;
	}
}

static int check_io_priority(u32 priority)
{
	switch (priority >> IOPRIO_CLASS_SHIFT & IOPRIO_CLASS_MASK) {
	case IOPRIO_CLASS_RT:
		return cred_current()->euid == 0 ? 0 : -EPERM;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return (priority & IOPRIO_LEVEL_MASK) == 0 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static bool may_set_io_priority(const struct task *t)
{
	const struct cred *mine = cred_current();
	return mine->euid == 0 || t->cred.uid == mine->euid || t->cred.uid == mine->uid;
}

s64 sys_ioprio_set(u64 ioprio_which, u64 who, u64 priority)
{
	const int which = prio_which(ioprio_which);
	const int error = check_io_priority((u32)priority);
	if (error != 0 || which < 0)
		return error != 0 ? error : -EINVAL;
	struct task *t;
	u32 tid = 1;
	int result = -ESRCH;
	spin_lock(&process_tree_lock);
	while ((result == 0 || result == -ESRCH) &&
	       (t = next_meant_locked(&tid, which, (u32)who)) != NULL) {
		result = may_set_io_priority(t) ? 0 : -EPERM;
		if (result == 0)
			t->io_priority = (u16)priority;
	}
	spin_unlock(&process_tree_lock);
	return result;
}

/* What was never set is as good as the nice value says, but only beside others. */
static u32 effective_io_priority(const struct task *t)
{
	if (t->io_priority >> IOPRIO_CLASS_SHIFT != IOPRIO_CLASS_NONE)
		return t->io_priority;
	const u32 level = (u32)(READ_ONCE(t->thread->nice) + PRIORITY_OF_NICE_0) / 5;
	return IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | level;
}

/* The best of them: the lowest number. */
s64 sys_ioprio_get(u64 ioprio_which, u64 who)
{
	const int which = prio_which(ioprio_which);
	if (which < 0)
		return -EINVAL;
	const struct task *t;
	u32 tid = 1;
	s64 best = -ESRCH;
	spin_lock(&process_tree_lock);
	for (t = next_meant_locked(&tid, which, (u32)who); t != NULL;
	     t = next_meant_locked(&tid, which, (u32)who)) {
		const u32 priority = which == PRIO_PROCESS ? t->io_priority :
							     effective_io_priority(t);
		if (best < 0 || priority < best)
			best = priority;
	}
	spin_unlock(&process_tree_lock);
	return best;
}
