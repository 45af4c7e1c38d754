/* SPDX-License-Identifier: MIT */
/* What others may know of a process, taken at one moment. */
#pragma once

#include "kernel/proc/process.h"

/*
 * kernel/tty: the device number of terminal @tty as stat(2) has it, and its foreground group. NULL
 * until a terminal exists: processes then show none.
 */
extern void (*procinfo_tty_hook)(struct tty *tty, u32 *device, u32 *foreground);

/* A process, or one task of it, at one moment, so that one text does not contradict itself. */
struct process_snapshot {
	u32 pid, ppid, pgid, sid;
	u32 tid;    /* of the leader, if it is of the process */
	char state; /* as ps shows it: R S D T Z */
	char name[THREAD_NAME_BYTES];
	u32 exit_status;
	s32 nice;
	const char *wait_reason; /* NULL: it does not wait */
	u32 cpu;
	u32 tty_device;     /* 0: none */
	s32 tty_foreground; /* -1: none */
	nsec_t user, kernel, children_user, children_kernel, start;
	u64 switches_voluntary, switches_forced;
	u32 threads;
	struct cred cred;
	u32 umask;
	struct signal_masks masks;
};
/* R S D T Z, as ps shows it. Caller holds process_tree_lock. */
char task_state_letter(const struct task *t);
/* Counted process and its snapshot: of all of it, as its leader shows it, or, unless @tid is 0, of
 * that task. -ESRCH. */
int process_snapshot_take(u32 pid, u32 tid, struct process **out, struct process_snapshot *snapshot)
	__must_check;
/* As process_may_be_looked_at_locked(); who wants to look then asks and takes in one moment. */
bool process_may_be_looked_at(struct process *p);
