/* SPDX-License-Identifier: MIT */
/* Times as programs pass them, and as the kernel counts: nanoseconds, saturating below CLOCK_NEVER.
 */
#pragma once

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/usercopy.h"
#include "lib/abi/errno.h"
#include "lib/abi/time.h"
#include "lib/types.h"

/* The longest time that is not "never": about 292 years, as in Linux. */
#define NSEC_MAX ((nsec_t)0x7fffffffffffffff)

static inline bool timespec_is_valid(const struct ktimespec *t)
{
	return t->tv_sec >= 0 && t->tv_nsec >= 0 && (u64)t->tv_nsec < NSEC_PER_SEC;
}

static inline nsec_t timespec_to_nsec(const struct ktimespec *t)
{
	if ((u64)t->tv_sec >= NSEC_MAX / NSEC_PER_SEC)
		return NSEC_MAX;
	return (u64)t->tv_sec * NSEC_PER_SEC + (u64)t->tv_nsec;
}

static inline struct ktimespec nsec_to_timespec(nsec_t time)
{
	return (struct ktimespec){ (s64)(time / NSEC_PER_SEC), (s64)(time % NSEC_PER_SEC) };
}

static inline bool timeval_is_valid(const struct ktimeval *t)
{
	return t->tv_sec >= 0 && t->tv_usec >= 0 && (u64)t->tv_usec < USEC_PER_SEC;
}

static inline nsec_t timeval_to_nsec(const struct ktimeval *t)
{
	const struct ktimespec same = { t->tv_sec, t->tv_usec * (s64)NSEC_PER_USEC };

	return timespec_to_nsec(&same);
}

static inline struct ktimeval nsec_to_timeval(nsec_t time)
{
	return (struct ktimeval){ (s64)(time / NSEC_PER_SEC),
				  (s64)(time % NSEC_PER_SEC / NSEC_PER_USEC) };
}

/* -EFAULT, -EINVAL, or 0 and *@out. */
__must_check static inline int get_user_timespec(nsec_t *out, uaddr_t from)
{
	struct ktimespec t;

	if (copy_from_user(&t, from, sizeof(t)) != 0)
		return -EFAULT;
	if (!timespec_is_valid(&t))
		return -EINVAL;
	*out = timespec_to_nsec(&t);
	return 0;
}

__must_check static inline int put_user_timespec(uaddr_t to, nsec_t time)
{
	const struct ktimespec t = nsec_to_timespec(time);

	return copy_to_user(to, &t, sizeof(t)) == 0 ? 0 : -EFAULT;
}

/* The moment @after nanoseconds from now. */
static inline nsec_t deadline_after(nsec_t after)
{
	const nsec_t now = clock_now();

	return after < NSEC_MAX - now ? now + after : NSEC_MAX;
}
