/* SPDX-License-Identifier: MIT */
/*
 * Groups, sessions, and who may signal whom: the calls that look at several processes at once. All
 * take process_tree_lock for themselves; none sleeps.
 */
#pragma once

#include "lib/abi/signal.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct process;

/*
 * Send to every process of group @pgid, without asking for permission: the terminal's signals.
 * @info NULL = from the kernel. Returns 0, or -ESRCH if the group has no member. Context: not
 * interrupt; process_tree_lock not held.
 */
int signal_send_group(u32 pgid, int sig, const struct siginfo *info);
/* The same with process_tree_lock held. */
int signal_send_group_locked(u32 pgid, int sig, const struct siginfo *info);

/*
 * kill(2) by the running process: @pid as there; @sig 0 asks only. 0, -ESRCH, -EPERM, -EINVAL.
 */
int jobctl_kill(s32 pid, int sig);
/* One process, with siginfo of the caller's making (sigqueue). Also -EAGAIN. */
int jobctl_kill_one(u32 pid, int sig, const struct siginfo *info);
/* One thread (tgkill); @tgid 0: of whatever process (tkill). */
int jobctl_kill_thread(u32 tgid, u32 tid, int sig, const struct siginfo *info);

/* As the system calls of these names; 0 for a pid means the running process. Numbers or -errno. */
int jobctl_set_group(s32 pid, s32 pgid);
s64 jobctl_group_of(s32 pid);
s64 jobctl_session_of(s32 pid);
/* setsid: the running process leads a new session and group, without terminal. Its number, or
 * -EPERM. */
s64 jobctl_new_session(void);

/*
 * May the running process use its terminal, whose foreground group is @foreground (0: none)? @sig
 * is what background processes get for it: SIGTTIN for reading; SIGTTOU for writing with TOSTOP and
 * for changing settings. The caller has found that the terminal is the one that controls it.
 * Returns 0: go on; -EIO: it reads from the background and nobody could stop it; -ERESTARTSYS: @sig
 * was sent to its group, the call is to be repeated later.
 */
int jobctl_check_tty(u32 foreground, int sig);
