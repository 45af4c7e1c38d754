/* SPDX-License-Identifier: MIT */
/*
 * Interval timers of a process' CPU time, all its threads together: ITIMER_VIRTUAL, which counts
 * time in user mode, and ITIMER_PROF, which counts all of it. fork does not hand them on, exec
 * keeps them. And RLIMIT_CPU: SIGXCPU at the soft limit, which moves on by a second then, SIGKILL
 * at the hard one.
 */
#pragma once

#include "kernel/proc/itimer.h"
#include "lib/types.h"

struct process;

enum cpu_timer_kind { CPU_TIMER_VIRTUAL, CPU_TIMER_PROF, CPU_TIMERS };

struct cpu_timers {
	/* Locks of its own: looks at the account. Made under process_tree_lock when there is
	 * something to look for; until then its function is NULL. */
	struct itimer look;

	/* under process_tree_lock */
	bool is_stopped; /* the process ends: none is due any more */
	struct cpu_timer {
		nsec_t when;     /* next expiry, on the account; CLOCK_NEVER: off */
		nsec_t interval; /* 0: once */
	} of[CPU_TIMERS];
};

/* All off. For whoever builds a process, before it is published. */
void cpu_timers_init(struct cpu_timers *c);
/* What is left of @kind until the next expiry, 0 when off, and the interval. Running process. */
void cpu_timer_get(enum cpu_timer_kind kind, nsec_t *left, nsec_t *interval);
/* Expire when the running process has used @after more; 0: never. */
void cpu_timer_set(enum cpu_timer_kind kind, nsec_t after, nsec_t interval);
/* RLIMIT_CPU of @p, which is published, may have changed, or begins to count. */
void cpu_timers_limit(struct process *p);
/* No timer of @p starts from now on. Caller holds process_tree_lock. */
void cpu_timers_close_locked(struct process *p);
/* Then: off, @p may go afterwards. Context: may sleep. */
void cpu_timers_stop(struct process *p);
