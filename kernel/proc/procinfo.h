/* SPDX-License-Identifier: MIT */
/* What processes and the system show of themselves under /proc. */
#pragma once

#include "lib/types.h"

struct seq;
struct vmm_events;

/* Register all of it. After fs_init(), before /proc is mounted. */
void procinfo_init(void);

/* ---- between the files of procinfo -------------------------------------------------- */

/* USER_HZ: 100 ticks per second in all that /proc says of time. */
#define PROCINFO_TICK_NS 10000000UL

/* The text files of /proc/N, and with @tid of /proc/N/task/@tid. procinfo_process.c: */
int procinfo_stat(u32 pid, u32 tid, struct seq *s);
int procinfo_status(u32 pid, u32 tid, struct seq *s);
int procinfo_statm(u32 pid, u32 tid, struct seq *s);
int procinfo_forkstat(u32 pid, u32 tid, struct seq *s);
int procinfo_comm(u32 pid, u32 tid, struct seq *s);
int procinfo_limits(u32 pid, u32 tid, struct seq *s);
int procinfo_wchan(u32 pid, u32 tid, struct seq *s);
/* procinfo_memory.c: those that read its memory or regions. */
int procinfo_cmdline(u32 pid, u32 tid, struct seq *s);
int procinfo_environ(u32 pid, u32 tid, struct seq *s);
int procinfo_maps(u32 pid, u32 tid, struct seq *s);
int procinfo_smaps(u32 pid, u32 tid, struct seq *s);
/* /proc/N/mem: see struct procfs_process_ops. */
int procinfo_memory_id(u32 pid, u64 *id);
ssize_t procinfo_move_memory(u32 pid, u64 id, u64 at, void *buf, size_t len, bool is_write);
/* A line for each. */
void procinfo_show_events(struct seq *s, const struct vmm_events *events);
/* procinfo_system.c: registers what is about the whole system. */
void procinfo_system_init(void);
