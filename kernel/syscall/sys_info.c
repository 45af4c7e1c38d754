/* SPDX-License-Identifier: MIT */
/*
 * System calls that tell about the system and the process, or set its names: uname, sysinfo,
 * syslog, getrandom, getcpu, prctl.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/random.h"
#include "kernel/core/printk.h"
#include "kernel/proc/process.h"
#include "kernel/proc/utsname.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/waitq.h"
#include "kernel/syscall/heifer.h"
#include "lib/abi/errno.h"
#include "lib/abi/prctl.h"
#include "lib/abi/random.h"
#include "lib/abi/sysinfo.h"
#include "lib/abi/syslog.h"
#include "lib/abi/time.h"
#include "lib/abi/uname.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

/* ---- names of the system ---------------------------------------------------------------- */

s64 sys_uname(u64 buf)
{
	struct kutsname names;

	utsname_get(&names);
	return copy_to_user(buf, &names, sizeof(names)) == 0 ? 0 : -EFAULT;
}

static s64 name_set(enum utsname_settable which, uaddr_t from, u64 length)
{
	char copy[UTS_LEN];

	if (cred_current()->euid != 0)
		return -EPERM;
	if (length > UTS_LEN)
		return -EINVAL;
	if (copy_from_user(copy, from, length) != 0)
		return -EFAULT;
	return utsname_set(which, copy, length);
}

s64 sys_sethostname(u64 name, u64 length)
{
	return name_set(UTSNAME_NODE, name, length);
}

s64 sys_setdomainname(u64 name, u64 length)
{
	return name_set(UTSNAME_DOMAIN, name, length);
}

/* ---- memory, load, harts ---------------------------------------------------------------- */

/* sched's fixed point has 11 bits behind the point */
#define LOAD_SHIFT (SI_LOAD_SHIFT - 11)

s64 sys_sysinfo(u64 info)
{
	struct ksysinfo result;
	struct pmm_stats memory;

	memset(&result, 0, sizeof(result));
	pmm_stats(&memory);
	sched_load_average(result.loads);
	for (size_t i = 0; i < ARRAY_SIZE(result.loads); i++)
		result.loads[i] <<= LOAD_SHIFT;
	result.uptime = (s64)(clock_now() / NSEC_PER_SEC);
	result.totalram = memory.total_pages * PAGE_SIZE;
	result.freeram = memory.free_pages * PAGE_SIZE;
	result.procs = (u16)process_count();
	result.mem_unit = 1;
	return copy_to_user(info, &result, sizeof(result)) == 0 ? 0 : -EFAULT;
}

s64 sys_getcpu(u64 cpu, u64 node, u64 unused)
{
	if (cpu != 0 && put_user_u32(cpu, cpu_index()) != 0)
		return -EFAULT;
	if (node != 0 && put_user_u32(node, 0) != 0)
		return -EFAULT;
	return 0;
}

/* ---- the log ---------------------------------------------------------------------------- */

/* More is not read at once. */
#define LOG_READ_MAX 0x20000UL

/* How often a reader who waits for a line looks: printk may be called with any lock held, so it can
 * wake nobody. */
#define LOG_WAIT_NS 200000000UL

/* Places in the log. Atomic: racing readers may get a line twice, and nobody misses one. */
static u64 cleared_at; /* READ_ALL begins here */
static u64 read_at;    /* READ goes on here */

/* From *@at on, which moves. At most what fits and is there. */
static s64 log_copy(uaddr_t buf, u64 size, u64 *at)
{
	const size_t wanted = MIN((u64)(u32)size, LOG_READ_MAX);
	char *text = kmalloc(wanted);
	if (text == NULL)
		return -ENOMEM;
	const size_t length = log_read(text, wanted, at);
	const bool is_copied = copy_to_user(buf, text, length) == 0;
	kfree(text);
	return is_copied ? (s64)length : -EFAULT;
}

/* The last lines that fit, of those since the log was cleared. */
static s64 log_copy_last(uaddr_t buf, u64 size)
{
	u64 at = MAX(READ_ONCE(cleared_at), log_place_of_last(MIN((u64)(u32)size, LOG_READ_MAX)));
	return log_copy(buf, size, &at);
}

/* What comes in, once. */
static s64 log_copy_next(uaddr_t buf, u64 size)
{
	u64 at = READ_ONCE(read_at);
	while (at >= log_end())
		if (sleep_until(clock_now() + LOG_WAIT_NS) != 0)
			return -ERESTARTSYS;
	const s64 length = log_copy(buf, size, &at);
	if (length >= 0)
		WRITE_ONCE(read_at, at);
	return length;
}

static s64 log_unread(void)
{
	u64 at = READ_ONCE(read_at);
	(void)log_read(NULL, 0, &at); /* what is overwritten is not there to be read */
	return (s64)(log_end() - at);
}

static s64 log_set_console_level(int level)
{
	if (level < 1 || level > LOG_DEBUG + 1)
		return -EINVAL;
	log_set_level(level);
	return 0;
}

static s64 log_read_action(s32 what, uaddr_t buf, u64 size)
{
	if (buf == 0 || (s32)size < 0)
		return -EINVAL;
	if (size == 0)
		return 0;
	if (what == SYSLOG_ACTION_READ)
		return log_copy_next(buf, size);
	const s64 length = log_copy_last(buf, size);
	if (what == SYSLOG_ACTION_READ_CLEAR && length >= 0)
		WRITE_ONCE(cleared_at, log_end());
	return length;
}

s64 sys_syslog(u64 action, u64 buf, u64 size)
{
	const s32 what = (s32)action;

	if (what != SYSLOG_ACTION_READ_ALL && what != SYSLOG_ACTION_SIZE_BUFFER &&
	    cred_current()->euid != 0)
		return -EPERM;
	switch (what) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_CLEAR:
		WRITE_ONCE(cleared_at, log_end());
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		return log_read_action(what, buf, size);
	case SYSLOG_ACTION_CONSOLE_OFF:
		return log_set_console_level(1);
	case SYSLOG_ACTION_CONSOLE_ON:
		return log_set_console_level(LOG_DEBUG);
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		return log_set_console_level((s32)size);
	case SYSLOG_ACTION_SIZE_BUFFER:
		return LOG_READ_MAX;
	case SYSLOG_ACTION_SIZE_UNREAD:
		return log_unread();
	default:
		return -EINVAL;
	}
}

/* ---- random bytes ----------------------------------------------------------------------- */

/* Linux hands out no more at once. */
#define RANDOM_MAX 0x1ffffffUL

s64 sys_getrandom(u64 buf, u64 count, u64 flags)
{
	const u32 both = GRND_RANDOM | GRND_INSECURE;

	if ((flags & ~(u64)(both | GRND_NONBLOCK)) != 0 || (flags & both) == both)
		return -EINVAL;
	count = MIN(count, RANDOM_MAX);
	if (!user_range_is_valid(buf, count))
		return -EFAULT;
	return random_read(uio_of_user(buf, count));
}

/* ---- prctl ------------------------------------------------------------------------------ */

#define CAP_LAST             40
#define TIMER_SLACK_NSEC     50000
#define DUMPABLE_BY_THE_USER 1

static s64 set_name(uaddr_t from)
{
	char name[TASK_COMM_LEN] = { 0 };

	/* what does not fit is left out */
	const ssize_t length = strncpy_from_user(name, from, sizeof(name) - 1);
	if (length == -EFAULT)
		return -EFAULT;
	/* What stood behind the name may have come along; a name too long for us fills it. */
	const size_t end = length >= 0 ? (size_t)length : sizeof(name) - 1;
	memset(name + end, 0, sizeof(name) - end);
	memcpy(thread_current()->name, name, sizeof(name));
	return 0;
}

static s64 get_name(uaddr_t to)
{
	char name[TASK_COMM_LEN] = { 0 };

	memcpy(name, thread_current()->name, sizeof(name) - 1);
	return copy_to_user(to, name, sizeof(name)) == 0 ? 0 : -EFAULT;
}

static s64 set_parent_death_signal(u64 sig)
{
	if (sig >= NSIG)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	process_current()->parent_death_signal = (u32)sig;
	spin_unlock(&process_tree_lock);
	return 0;
}

static_assert(HEIFER_FORK_COPY == (int)FORK_COPY && HEIFER_FORK_PAGE == (int)FORK_PAGE &&
		      HEIFER_FORK_TABLE == (int)FORK_TABLE,
	      "programs name the modes by the same numbers");

static s64 set_fork_mode(u64 mode)
{
	if (mode >= FORK_MODES)
		return -EINVAL;
	process_set_fork_mode((enum fork_mode)mode);
	return 0;
}

static s64 set_no_new_privs(u64 value, u64 unused)
{
	if (value != 1 || unused != 0)
		return -EINVAL;
	task_current()->cred.no_new_privs = true;
	return 0;
}

/* What has one answer because there are no capabilities, core dumps or seccomp filters here gets
 * it. */
s64 sys_prctl(u64 option, u64 arg2, u64 arg3, u64 arg4, u64 arg5)
{
	struct process *p = process_current();

	switch ((u32)option) {
	case PR_SET_NAME:
		return set_name(arg2);
	case PR_GET_NAME:
		return get_name(arg2);
	case PR_SET_PDEATHSIG:
		return set_parent_death_signal(arg2);
	case PR_GET_PDEATHSIG:
		return put_user_u32(arg2, READ_ONCE(p->parent_death_signal));
	case PR_GET_DUMPABLE:
		return DUMPABLE_BY_THE_USER;
	case PR_SET_DUMPABLE:
		return arg2 == DUMPABLE_BY_THE_USER ? 0 : -EINVAL;
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(arg2, arg3 | arg4 | arg5);
	case PR_GET_NO_NEW_PRIVS:
		return (arg2 | arg3 | arg4 | arg5) == 0 ? task_current()->cred.no_new_privs :
							  -EINVAL;
	case PR_CAPBSET_READ:
		return arg2 <= CAP_LAST ? 1 : -EINVAL;
	case PR_GET_KEEPCAPS:
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
		return 0;
	case PR_GET_TIMERSLACK:
		return TIMER_SLACK_NSEC;
	case PR_HEIFER_SET_FORK_MODE:
		return set_fork_mode(arg2);
	case PR_HEIFER_GET_FORK_MODE:
		return p->fork_mode;
	default:
		return -EINVAL;
	}
}
