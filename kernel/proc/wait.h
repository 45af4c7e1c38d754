/* SPDX-License-Identifier: MIT */
/* Waiting for children. */
#pragma once

#include "kernel/proc/process.h"
#include "lib/abi/resource.h"
#include "lib/types.h"

/* Which children, and what of them. */
struct wait_args {
	s32 type;    /* P_ALL, P_PID, P_PGID */
	u32 id;      /* pid or pgid */
	u32 options; /* W*: WEXITED must be among them where an end counts */
};

/* What one child has to report. pid 0: nothing yet (WNOHANG), nor is anything else set. */
struct wait_report {
	u32 pid, uid;
	u32 status;             /* as wait4 has it; waitid's code and status follow from it */
	struct task_usage used; /* by it and its own children */
	u64 resident_peak;      /* pages: the most any of them had */
};
/* The same as wait4 and waitid report it. */
void wait_report_usage(const struct wait_report *r, struct krusage *out);

/*
 * Wait for a child of the running process, and take its news: a zombie is gone then. Context: may
 * sleep. Returns 0 and *@report; -ECHILD: no child fits; -ERESTARTSYS: interrupted.
 */
int process_wait(const struct wait_args *args, struct wait_report *report) __must_check;

/* si_code (CLD_*) for a status as wait4 has it; si_status to *@value. */
int wait_status_code(u32 status, int *value);

/*
 * @p has become a zombie: tell its parent. True if nobody will wait for it: the caller reaps it.
 * Caller holds process_tree_lock.
 */
bool process_report_end_locked(struct process *p);
/*
 * A thread of @p has parked or ended: if all that are left have parked, @p has stopped, and its
 * parent hears of it. Or it goes on. Caller holds process_tree_lock.
 */
void process_check_stopped_locked(struct process *p);
void process_check_continued_locked(struct process *p);

/* getrusage: RUSAGE_SELF, _THREAD or _CHILDREN of the running process. 0 or -EINVAL. */
int process_usage(int who, struct krusage *out);
