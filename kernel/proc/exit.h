/* SPDX-License-Identifier: MIT */
/* The end of threads and processes. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct process;

/*
 * End the running process, all its threads, with @wait_status as wait4 reports it: code << 8, or a
 * signal number, with 0x80 for "core dumped" (lib/abi/wait.h). PID 1 ends the system
 * (kernel/proc/shutdown.h). Context: own thread, no lock held; interrupts on.
 */
__noreturn void process_exit(u32 wait_status);
/*
 * End the running thread. The process ends with its last one, and with the @wait_status of the last
 * one to come here, unless process_exit() decided it. Context as above.
 */
__noreturn void task_exit(u32 wait_status);

/*
 * exec: end all other threads of the process and become its leader. Returns 0; -EAGAIN, -EINTR: the
 * running thread is to end, by exit_group, another's exec or SIGKILL, and does on its way to user
 * mode. Context: own thread, no lock held; may sleep.
 */
int process_become_single(void) __must_check;

struct aspace;
/*
 * exec: the running process, of one thread, leaves its memory for @next (its reference is taken
 * over): clears and wakes clear_child_tid, changes spaces, drops the old space, lets a vfork parent
 * go on. Context: may sleep.
 */
void process_replace_memory(struct aspace *next);

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
