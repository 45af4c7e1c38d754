/* SPDX-License-Identifier: MIT */
/* Sleeping locks: one holder; others sleep in order of arrival. Not for interrupt handlers. */
#pragma once

#include "kernel/sched/waitq.h"

struct mutex {
	/* atomic */
	struct arch_thread *holder; /* NULL = free */
	u32 waiting;                /* threads in the slow path */
	bool is_starving; /* somebody is overtaken too often: the next unlock hands over */

	struct waitq queue; /* own lock; its name is the mutex' */

	/* set once at creation */
	enum lock_rank rank;
};

#define MUTEX_INIT(m, mutex_name, mutex_rank)                                    \
	{                                                                        \
		.queue = WAITQ_INIT((m).queue, mutex_name), .rank = (mutex_rank) \
	}
/* @name: as of a wait queue. */
void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
/* Context: may sleep. */
void mutex_lock(struct mutex *m);
bool mutex_try_lock(struct mutex *m) __must_check;
/* The mutex must stay until this returns: the next holder may not free it on its own. */
void mutex_unlock(struct mutex *m);
static inline bool mutex_is_mine(const struct mutex *m)
{
	return READ_ONCE(m->holder) == arch_current();
}

#ifdef CONFIG_DEBUG_LOCKS
/* Once, at boot: from now on every access of user memory is checked against the locks held. */
void mutex_checks_init(void);
/* Panic if the running thread holds a mutex: on the way out of the kernel. */
void mutex_assert_none_held(void);
#else
static inline void mutex_checks_init(void)
{
}
static inline void mutex_assert_none_held(void)
{
}
#endif
