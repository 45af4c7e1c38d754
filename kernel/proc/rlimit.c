// SPDX-License-Identifier: MIT
/*
 * Limits belong to the process that they limit, whose threads read them without a lock, one number
 * at a time; they are changed under its signals.lock, so that two changers do not mix soft and
 * hard.
 */
#include "kernel/proc/rlimit.h"

#include "lib/abi/errno.h"

/* As high as Linux lets descriptors go (fs.nr_open). */
#define NOFILE_MAX 1048576

void rlimit_apply(struct aspace *as, const struct rlimit64 limits[RLIMITS])
{
	const u64 space = limits[RLIMIT_AS].soft;
	as->limit_pages = space == RLIM_INFINITY ? ~0UL : space >> PAGE_SHIFT;
	const u64 lock = limits[RLIMIT_MEMLOCK].soft;
	as->lock_limit_pages = lock == RLIM_INFINITY ? ~0UL : lock >> PAGE_SHIFT;
	as->brk_limit_bytes = limits[RLIMIT_DATA].soft;
	as->stack_limit_bytes = limits[RLIMIT_STACK].soft;
}

static bool may_change(struct process *p)
{
	const struct cred *mine = cred_current();
	const struct cred theirs = process_cred(p);
	return p == process_current() || mine->euid == 0 ||
	       (mine->uid == theirs.uid && mine->uid == theirs.euid && mine->uid == theirs.suid &&
		mine->gid == theirs.gid && mine->gid == theirs.egid && mine->gid == theirs.sgid);
}

static int check_new(u32 resource, const struct rlimit64 *new_limit, const struct rlimit64 *present)
{
	if (new_limit->soft > new_limit->hard)
		return -EINVAL;
	const bool is_root = cred_current()->euid == 0;
	if (new_limit->hard > present->hard && !is_root)
		return -EPERM;
	if (resource == RLIMIT_NOFILE && new_limit->hard > NOFILE_MAX)
		return -EPERM;
	return 0;
}

int rlimit_change(struct process *p, u32 resource, const struct rlimit64 *new_limit,
		  struct rlimit64 *old)
{
	if (resource >= RLIMITS)
		return -EINVAL;
	if (!may_change(p))
		return -EPERM;
	spin_lock(&p->signals.lock);
	const struct rlimit64 present = p->limits[resource];
	const int error = new_limit != NULL ? check_new(resource, new_limit, &present) : 0;
	if (error == 0 && new_limit != NULL)
		p->limits[resource] = *new_limit;
	spin_unlock(&p->signals.lock);
	if (error != 0)
		return error;
	if (old != NULL)
		*old = present;
	if (new_limit == NULL)
		return 0;
	if (resource == RLIMIT_CPU)
		cpu_timers_limit(p);
	struct aspace *as = process_aspace_lookup(p);
	if (as != NULL) {
		mutex_lock(&as->lock);
		rlimit_apply(as, p->limits);
		mutex_unlock(&as->lock);
		aspace_put(as);
	}
	return 0;
}
