/* SPDX-License-Identifier: MIT */
/* Which hart a thread runs on: for sched.c. The rest of place.c is in thread.h and sched.h. */
#pragma once

#include "kernel/sched/hart.h"

/*
 * @t should be ready: it is no hart's current and in no queue, and @h, whose lock the caller holds,
 * is its home. Find it a hart and queue it there. Releases the lock; interrupts stay off.
 */
void place_ready_and_unlock(struct sched_hart *h, struct thread *t);
/* @h is idle: fetch a thread that waits elsewhere. True if there is one in its queue now.
 * Interrupts off, no lock. */
bool place_steal(struct sched_hart *h);
/* Several wait on @h: give one to a hart that has less to do. Interrupts off, no lock. */
void place_balance(struct sched_hart *h);
static inline bool thread_may_run_on(const struct thread *t, u32 cpu)
{
	return (__atomic_load_n(&t->affinity, __ATOMIC_RELAXED) & BIT(cpu)) != 0;
}
