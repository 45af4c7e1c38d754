/* SPDX-License-Identifier: MIT */
/* System calls about user and group ids and limits: copies; kernel/proc/cred.c and rlimit.c decide.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/process.h"
#include "kernel/proc/rlimit.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

/* ---- user and group ids ----------------------------------------------------------------- */

static struct cred_ids ids_of(enum cred_kind kind)
{
	struct cred_ids ids;
	cred_get(kind, &ids);
	return ids;
}

s64 sys_getuid(void)
{
	return ids_of(CRED_USER).real;
}

s64 sys_geteuid(void)
{
	return ids_of(CRED_USER).effective;
}

s64 sys_getgid(void)
{
	return ids_of(CRED_GROUP).real;
}

s64 sys_getegid(void)
{
	return ids_of(CRED_GROUP).effective;
}

s64 sys_setuid(u64 uid)
{
	return cred_set(CRED_USER, (u32)uid);
}

s64 sys_setgid(u64 gid)
{
	return cred_set(CRED_GROUP, (u32)gid);
}

s64 sys_setreuid(u64 ruid, u64 euid)
{
	return cred_set_two(CRED_USER, (u32)ruid, (u32)euid);
}

s64 sys_setregid(u64 rgid, u64 egid)
{
	return cred_set_two(CRED_GROUP, (u32)rgid, (u32)egid);
}

s64 sys_setresuid(u64 ruid, u64 euid, u64 suid)
{
	const struct cred_ids ids = { (u32)ruid, (u32)euid, (u32)suid };
	return cred_set_three(CRED_USER, &ids);
}

s64 sys_setresgid(u64 rgid, u64 egid, u64 sgid)
{
	const struct cred_ids ids = { (u32)rgid, (u32)egid, (u32)sgid };
	return cred_set_three(CRED_GROUP, &ids);
}

static s64 put_ids(enum cred_kind kind, uaddr_t real, uaddr_t effective, uaddr_t saved)
{
	const struct cred_ids ids = ids_of(kind);
	if (put_user_u32(real, ids.real) != 0 || put_user_u32(effective, ids.effective) != 0 ||
	    put_user_u32(saved, ids.saved) != 0)
		return -EFAULT;
	return 0;
}

s64 sys_getresuid(u64 ruid, u64 euid, u64 suid)
{
	return put_ids(CRED_USER, ruid, euid, suid);
}

s64 sys_getresgid(u64 rgid, u64 egid, u64 sgid)
{
	return put_ids(CRED_GROUP, rgid, egid, sgid);
}

s64 sys_getgroups(u64 size, u64 groups)
{
	const struct cred *cred = &task_current()->cred;
	const s32 room = (s32)size;
	const size_t size_bytes = cred->group_count * sizeof(cred->groups[0]);
	if (room < 0 || (room != 0 && (u32)room < cred->group_count))
		return -EINVAL;
	if (room != 0 && copy_to_user(groups, cred->groups, size_bytes) != 0)
		return -EFAULT;
	return cred->group_count;
}

/* They are kept in order, as Linux gives them back. */
static void sort_groups(u32 *groups, u32 count)
{
	for (u32 i = 1; i < count; i++) {
		const u32 group = groups[i];
		u32 at = i;
		for (; at > 0 && groups[at - 1] > group; at--)
			groups[at] = groups[at - 1];
		groups[at] = group;
	}
}

s64 sys_setgroups(u64 size, u64 groups)
{
	struct cred *cred = &task_current()->cred;
	u32 list[CRED_GROUPS_MAX] = { 0 };
	const u32 count = (u32)size;
	if (cred->euid != 0)
		return -EPERM;
	if (count > CRED_GROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(list, groups, count * sizeof(list[0])) != 0)
		return -EFAULT;
	sort_groups(list, count);
	memcpy(cred->groups, list, sizeof(list));
	cred->group_count = count;
	return 0;
}

/* ---- limits ----------------------------------------------------------------------------- */

static s64 change_limit(struct process *p, u64 resource, uaddr_t new_limit, uaddr_t old_limit)
{
	struct rlimit64 wanted;
	struct rlimit64 old;
	if (new_limit != 0 && copy_from_user(&wanted, new_limit, sizeof(wanted)) != 0)
		return -EFAULT;
	const int error = rlimit_change(p, (u32)resource, new_limit != 0 ? &wanted : NULL, &old);
	if (error != 0)
		return error;
	if (old_limit != 0 && copy_to_user(old_limit, &old, sizeof(old)) != 0)
		return -EFAULT;
	return 0;
}

s64 sys_prlimit64(u64 pid, u64 resource, u64 new_limit, u64 old_limit)
{
	if ((s32)pid < 0)
		return -ESRCH;
	if ((u32)pid == 0)
		return change_limit(process_current(), resource, new_limit, old_limit);
	struct process *p = process_lookup((u32)pid);
	if (p == NULL)
		return -ESRCH;
	const s64 result = change_limit(p, resource, new_limit, old_limit);
	process_put(p);
	return result;
}

s64 sys_getrlimit(u64 resource, u64 limit)
{
	if (limit == 0)
		return -EFAULT;
	return change_limit(process_current(), resource, 0, limit);
}

s64 sys_setrlimit(u64 resource, u64 limit)
{
	if (limit == 0)
		return -EFAULT;
	return change_limit(process_current(), resource, limit, 0);
}
