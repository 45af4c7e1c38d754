/* SPDX-License-Identifier: MIT */
/*
 * Watching what programs ask of the kernel: a line for each system call and each signal of a traced
 * process and of the children it makes, to a file that whoever began it had open. The program's own
 * files are not touched. The command `strace` (user/rootfs/bin/strace) is a script around this:
 *
 *	echo 2 >/dev/strace       trace me, to what my descriptor 2 is
 *	echo 2 14 >/dev/strace    process 14, to what my descriptor 2 is
 *	echo -1 14 >/dev/strace   no more
 *
 * Tracing ends with an exec that gives other rights, or when the file takes no more.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct process;
struct siginfo;

/* /dev/strace. At boot. */
void strace_init(void);
/* Called when the first process is traced and when the last one ends to be. Set at boot. */
extern void (*strace_changed_hook)(void);
/* Is anybody traced; is the running process? */
bool strace_is_used(void);
bool strace_is_on(void);

/* One line of at most this length, written as a whole. Only the own thread. */
#define STRACE_LINE_BYTES 512
struct strace_line {
	size_t len;
	char text[STRACE_LINE_BYTES];
};
/* "[   14] ", then what is printed, then out with it. What is too long is cut. */
void strace_begin(struct strace_line *l);
__printf(2, 3) void strace_printf(struct strace_line *l, const char *format, ...);
/* @bytes as a C string in quotes, with ... behind them if they are not all. */
void strace_quote(struct strace_line *l, const char *bytes, size_t len, bool is_cut);
/* Context: may sleep. */
void strace_end(struct strace_line *l);

/* "ENOENT", "SIGINT"; never NULL. */
const char *strace_errno_name(u32 number);
const char *strace_signal_name(u32 sig);

/* For the life of processes; each does nothing for one that is not traced. */
void strace_fork(struct process *child);
void strace_signal(const struct siginfo *info);
void strace_exit(u32 wait_status);
/* End it: for an exec that gives other rights, and for the end of @p. May sleep. */
void strace_drop(struct process *p);
