/* SPDX-License-Identifier: MIT */
/*
 * The terminal and the session it controls: who may use it, and what happens when the session ends.
 * Invariant, under process_tree_lock: a process' tty is one whose session is its own.
 */
#pragma once

#include "kernel/tty/tty_core.h"

struct process;

/* The running process' terminal; NULL: none. Never freed. */
struct tty *tty_of_current(void);

/*
 * May the running process read (@sig SIGTTIN) or change or write (SIGTTOU) @t? Always, unless it is
 * its terminal and another group has the foreground. 0, -EIO, -ERESTARTSYS as jobctl_check_tty().
 */
__must_check int tty_check_foreground(struct tty *t, int sig);
/* For writing: the same, only with TOSTOP. */
__must_check int tty_check_write(struct tty *t);

/* @f was opened without O_NOCTTY: a session leader without a terminal gets it, if it controls
 * nobody. */
void tty_open_control(const struct tty_file *f);
/* TIOCSCTTY. @steal: root may take it from another session. 0 or -EPERM. */
int tty_control(struct tty *t, bool steal);
/* TIOCNOTTY. 0; -ENOTTY: not the caller's. */
int tty_release_control(struct tty *t);
/* TIOCSPGRP. 0, -ENOTTY, -ESRCH, -EPERM. */
int tty_set_foreground(struct tty *t, u32 pgid);
/* TIOCGPGRP and TIOCGSID. -ENOTTY: not the caller's terminal. */
int tty_get_foreground(struct tty *t, u32 *pgid);
int tty_get_session(struct tty *t, u32 *sid);

/* process_session_exit_hook: the leader of @sid ends. */
void tty_session_exit(u32 sid);

/* procinfo_tty_hook: @device as stat(2) encodes it. Caller holds process_tree_lock. */
void tty_describe(struct tty *t, u32 *device, u32 *foreground);
