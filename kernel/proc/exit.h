/* SPDX-License-Identifier: MIT */
/* The end of a process. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct process;

/*
 * End the running process with @wait_status as wait4 reports it: code << 8, or a signal number,
 * with 0x80 for "core dumped" (lib/abi/wait.h). PID 1 ends the system (kernel/proc/shutdown.h).
 * Context: own thread, no lock held; interrupts on.
 */
__noreturn void process_exit(u32 wait_status);

struct aspace;
/*
 * The running process leaves its memory for @next (its reference is taken over; NULL: none): clears
 * and wakes clear_child_tid, changes spaces, lets a vfork parent go on, drops the old space. exec
 * and exit. Context: may sleep.
 */
void process_leave_memory(struct aspace *next);

/*
 * kernel/proc/shutdown.c: called when PID 1 ends, before anything of it is torn down; returns when
 * no other process is left. May sleep. A hook because ending the system ends processes.
 */
extern void (*process_init_end_hook)(u32 wait_status);

/*
 * kernel/tty: called when the leader of session @sid ends, before it becomes a zombie: hang up the
 * session's terminal and take it away from the session. May sleep. NULL until a terminal exists.
 */
extern void (*process_session_exit_hook)(u32 sid);
