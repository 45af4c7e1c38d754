/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log. Every line goes to a ring in memory; lines up to the console level go to the
 * registered console as well. Any context, any lock held.
 *
 * In the ring a line reads "<6>[    0.123456] text", as dmesg expects it; the console gets it
 * without the level. A text of several lines becomes several; the last newline may be left out.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* LOG_EMERGENCY is shown whatever the console level: the last words of a system. */
/* A program's texts (fs/kmsg.c) come with its facility too, as in syslog(3). */
#define LOG_LEVEL_MASK     7
#define LOG_FACILITY_SHIFT 3
#define LOG_PRIORITY_MASK  0x7ff
enum log_level { LOG_EMERGENCY = 0, LOG_ERROR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

__printf(2, 3) void printk(enum log_level level, const char *format, ...);
#define pr_emerg(...) printk(LOG_EMERGENCY, __VA_ARGS__)
#define pr_err(...)   printk(LOG_ERROR, __VA_ARGS__)
#define pr_warn(...)  printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...)  printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

/* Where printk's text goes: whole lines that end in '\n', before which the console puts the CR that
 * its terminal needs. write: interrupts off, bounded, takes no lock but of RANK_SERIAL, does not
 * call printk. write_polled: the same with every other hart stopped and locks possibly held by
 * them. */
struct console {
	const char *name;
	void (*write)(struct console *c, const char *text, size_t len_bytes);
	void (*write_polled)(struct console *c, const char *text, size_t len_bytes);
};

/* Replaces the firmware's console, with which the kernel starts. Old lines are not repeated. */
void console_register(struct console *c);
/* From now on print by polling and without locks: panic, power off. */
void console_set_polled(void);
/* Lines of a level below @level go to the console, as with Linux's loglevel=. 7 unless set: all but
 * debug. */
void log_set_level(int level);
/*
 * Places in the log count the bytes ever written to it. log_end(): of the next one.
 * log_place_of_last(): the first line of those that the last @size bytes hold whole.
 */
u64 log_end(void);
u64 log_place_of_last(size_t size);
/* How many lines were ever written before the one at @at. */
u64 log_line_number(u64 at);
/* Copy what stands from *@at on, at most @size bytes, and move *@at behind it; what has been
 * overwritten is skipped up to the beginning of a line. Returns how many. */
size_t log_read(char *buf, size_t size, u64 *at);
