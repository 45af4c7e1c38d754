/* SPDX-License-Identifier: MIT */
/*
 * System calls about time. There is one clock, nanoseconds since boot; real time is that plus an
 * offset (fs/fs.h), which setting the clock changes. The coarse clocks are as fine as the others.
 */
#include "generated/syscall_protos.h"

#include "fs/fs.h"
#include "kernel/proc/process.h"
#include "kernel/sched/waitq.h"
#include "kernel/syscall/user_time.h"

/* ---- reading and setting clocks --------------------------------------------------------- */

static bool clock_is_realtime(u64 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

static nsec_t process_run_time(void)
{
	struct task_usage used;
	spin_lock(&process_tree_lock);
	process_usage_locked(process_current(), &used);
	spin_unlock(&process_tree_lock);
	return used.user + used.kernel;
}

static int clock_read(u64 clock, nsec_t *out)
{
	switch ((s32)clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*out = fs_now();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*out = clock_now();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*out = process_run_time();
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*out = thread_run_time(thread_current());
		return 0;
	default:
		return -EINVAL;
	}
}

s64 sys_clock_gettime(u64 clock, u64 time)
{
	nsec_t now;

	const int error = clock_read(clock, &now);
	return error != 0 ? error : put_user_timespec(time, now);
}

s64 sys_clock_getres(u64 clock, u64 resolution)
{
	nsec_t unused;

	const int error = clock_read(clock, &unused);
	if (error != 0 || resolution == 0)
		return error;
	const nsec_t tick = NSEC_PER_SEC / clock_frequency();
	return put_user_timespec(resolution, MAX(tick, (nsec_t)1));
}

/* A time before boot would make real time run from below zero. */
static int realtime_set(nsec_t time)
{
	const nsec_t now = clock_now();

	if (cred_current()->euid != 0)
		return -EPERM;
	if (time < now)
		return -EINVAL;
	WRITE_ONCE(realtime_offset_ns, time - now);
	return 0;
}

s64 sys_clock_settime(u64 clock, u64 time)
{
	nsec_t value;

	if ((s32)clock != CLOCK_REALTIME)
		return -EINVAL;
	const int error = get_user_timespec(&value, time);
	return error != 0 ? error : realtime_set(value);
}

s64 sys_gettimeofday(u64 time, u64 zone)
{
	const struct ktimeval now = nsec_to_timeval(fs_now());
	const struct ktimezone greenwich = { 0 };

	if (time != 0 && copy_to_user(time, &now, sizeof(now)) != 0)
		return -EFAULT;
	if (zone != 0 && copy_to_user(zone, &greenwich, sizeof(greenwich)) != 0)
		return -EFAULT;
	return 0;
}

/* The zone is the C library's business; Linux keeps it for file systems with local times. */
s64 sys_settimeofday(u64 time, u64 zone)
{
	struct ktimeval value;

	if (time == 0)
		return cred_current()->euid == 0 ? 0 : -EPERM;
	if (copy_from_user(&value, time, sizeof(value)) != 0)
		return -EFAULT;
	if (!timeval_is_valid(&value))
		return -EINVAL;
	return realtime_set(timeval_to_nsec(&value));
}

static s64 nsec_to_user_ticks(nsec_t time)
{
	return (s64)(time / (NSEC_PER_SEC / USER_HZ));
}

s64 sys_times(u64 buf)
{
	struct process *p = process_current();
	struct task_usage used;
	struct ktms result;

	spin_lock(&process_tree_lock);
	process_usage_locked(p, &used);
	result.tms_utime = nsec_to_user_ticks(used.user);
	result.tms_stime = nsec_to_user_ticks(used.kernel);
	result.tms_cutime = nsec_to_user_ticks(p->children_user_time);
	result.tms_cstime = nsec_to_user_ticks(p->children_kernel_time);
	spin_unlock(&process_tree_lock);
	if (buf != 0 && copy_to_user(buf, &result, sizeof(result)) != 0)
		return -EFAULT;
	return nsec_to_user_ticks(clock_now());
}

/* ---- sleeping --------------------------------------------------------------------------- */

/* data[0]: where the time that is left goes, 0: nowhere */
static s64 sleep_restartable(struct restart_block *r)
{
	const uaddr_t remaining = r->data[0];

	if (sleep_until(r->deadline) == 0)
		return 0;
	const nsec_t now = clock_now();
	const nsec_t left = r->deadline > now ? r->deadline - now : 0;
	if (remaining != 0 && put_user_timespec(remaining, left) != 0)
		return -EFAULT;
	r->resume = sleep_restartable;
	return -ERESTART_RESTARTBLOCK;
}

static s64 sleep_for(nsec_t duration, uaddr_t remaining)
{
	struct restart_block *r = &task_current()->restart;

	r->deadline = deadline_after(duration);
	r->data[0] = remaining;
	return sleep_restartable(r);
}

s64 sys_nanosleep(u64 request, u64 remaining)
{
	nsec_t duration;

	const int error = get_user_timespec(&duration, request);
	return error != 0 ? error : sleep_for(duration, remaining);
}

static bool clock_can_sleep(u64 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI;
}

/* Real time as the clock that sleeps count in. One that was long ago: now. */
static nsec_t deadline_of(u64 clock, nsec_t time)
{
	const nsec_t offset = clock_is_realtime(clock) ? READ_ONCE(realtime_offset_ns) : 0;

	return time > offset ? time - offset : 0;
}

s64 sys_clock_nanosleep(u64 clock, u64 flags, u64 request, u64 remaining)
{
	nsec_t time;

	clock = (u32)clock;
	if (!clock_can_sleep(clock))
		return clock_read(clock, &time) == 0 ? -EOPNOTSUPP : -EINVAL;
	const int error = get_user_timespec(&time, request);
	if (error != 0)
		return error;
	if (((u32)flags & TIMER_ABSTIME) == 0)
		return sleep_for(time, remaining);
	return sleep_until(deadline_of(clock, time)) == 0 ? 0 : -ERESTARTNOHAND;
}

s64 sys_restart_syscall(void)
{
	struct restart_block *r = &task_current()->restart;
	s64 (*const resume)(struct restart_block *) = r->resume;

	r->resume = NULL; /* once, unless it is interrupted again */
	return resume != NULL ? resume(r) : -EINTR;
}
