/* SPDX-License-Identifier: MIT */
/* System calls about when and where processes run. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/process.h"
#include "kernel/sched/sched.h"
#include "lib/abi/errno.h"
#include "lib/abi/sched.h"

#define NICE_MIN (-20)
#define NICE_MAX 19
/* getpriority(2) returns 20 - nice, so that it is never negative. */
#define PRIORITY_OF_NICE_0 20

s64 sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

/* The process that @pid means: 0 is the caller. Counted; NULL: none. */
static struct process *lookup_or_self(u64 pid)
{
	if ((u32)pid != 0)
		return process_lookup((u32)pid);
	struct process *p = process_current();
	process_get(p);
	return p;
}

/* May the running process change how @p is scheduled? */
static bool may_schedule(const struct process *p)
{
	const struct cred *mine = &process_current()->cred;
	return mine->euid == 0 || mine->euid == p->cred.uid || mine->euid == p->cred.euid;
}

/* ---- affinity --------------------------------------------------------------------------- */

s64 sys_sched_getaffinity(u64 pid, u64 size, u64 mask)
{
	u64 bits;
	if (size % sizeof(bits) != 0 || size * 8 < cpu_count)
		return -EINVAL;
	struct process *p = lookup_or_self(pid);
	if (p == NULL)
		return -ESRCH;
	bits = READ_ONCE(p->thread->affinity) & sched_hart_mask();
	process_put(p);
	if (copy_to_user(mask, &bits, sizeof(bits)) != 0)
		return -EFAULT;
	return sizeof(bits);
}

s64 sys_sched_setaffinity(u64 pid, u64 size, u64 mask)
{
	u64 bits = 0;
	const size_t used = size < sizeof(bits) ? size : sizeof(bits);
	if (copy_from_user(&bits, mask, used) != 0)
		return -EFAULT;
	struct process *p = lookup_or_self(pid);
	if (p == NULL)
		return -ESRCH;
	const int error = may_schedule(p) ? thread_set_affinity(p->thread, bits) : -EPERM;
	process_put(p);
	return error;
}

/* ---- nice values ------------------------------------------------------------------------ */

/* Does @p belong to what @which and @who name? Caller holds process_tree_lock. */
static bool is_meant_locked(const struct process *p, int which, u32 who)
{
	const struct process *me = process_current();
	if (p->state == PROCESS_ZOMBIE)
		return false;
	switch (which) {
	case PRIO_PROCESS:
		return p->pid == (who != 0 ? who : me->pid);
	case PRIO_PGRP:
		return p->pgid == (who != 0 ? who : me->pgid);
	default:
		return p->cred.uid == (who != 0 ? who : me->cred.uid);
	}
}

static int set_nice_locked(struct process *p, s32 nice)
{
	const struct cred *mine = &process_current()->cred;
	if (mine->euid != 0 && mine->euid != p->cred.uid && mine->euid != p->cred.euid)
		return -EPERM;
	if (nice < p->thread->nice && mine->euid != 0)
		return -EACCES;
	thread_set_nice(p->thread, nice);
	return 0;
}

s64 sys_setpriority(u64 which, u64 who, u64 nice)
{
	if ((u32)which > PRIO_USER)
		return -EINVAL;
	const s32 wanted = MAX(MIN((s32)nice, NICE_MAX), NICE_MIN);
	int result = -ESRCH;
	spin_lock(&process_tree_lock);
	for (struct process *p = process_next_locked(1); p != NULL;
	     p = process_next_locked(p->pid + 1)) {
		if (!is_meant_locked(p, (int)which, (u32)who))
			continue;
		const int error = set_nice_locked(p, wanted);
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
	s64 best = -ESRCH;
	spin_lock(&process_tree_lock);
	for (struct process *p = process_next_locked(1); p != NULL;
	     p = process_next_locked(p->pid + 1)) {
		if (!is_meant_locked(p, (int)which, (u32)who))
			continue;
		const s64 priority = PRIORITY_OF_NICE_0 - READ_ONCE(p->thread->nice);
		best = MAX(best, priority);
	}
	spin_unlock(&process_tree_lock);
	return best;
}
