/* SPDX-License-Identifier: MIT */
/*
 * The trace: named events in a ring per hart, to see afterwards who did what when. Which kinds are
 * recorded is chosen by `trace=fork,fault` on the command line or by writing to /proc/trace; read
 * it there, or see the last events in a panic. scripts/decode_trace.py draws a timeline.
 *
 * A kind that is off costs one load, one test and one branch where it would be recorded; without
 * CONFIG_TRACE nothing. Recording takes no lock and works in any context, also in the middle of a
 * panic; the oldest event of the hart makes room.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* The names and the meaning of n, a and b are in trace.c. */
enum trace_kind {
	TRACE_FORK,
	TRACE_EXEC,
	TRACE_EXIT,
	TRACE_FAULT,
	TRACE_SWITCH,
	TRACE_WAKE,
	TRACE_SYSCALL,
	TRACE_RETURN,
	TRACE_SIGNAL,
	TRACE_IRQ,
	TRACE_TIMER,
	TRACE_FENCE,
	TRACE_CODE,
	TRACE_OOM,
	TRACE_KINDS
};

/* One event as it is read. */
struct trace_event {
	nsec_t when;
	u32 hart;
	u32 tid; /* of the thread that ran; 0: the kernel's own */
	enum trace_kind kind;
	u32 n;
	u64 a, b; /* or a name of 16 bytes */
};

/* BIT(kind) of those recorded. Atomic; changed with trace_select(). */
extern u32 trace_mask;

#define trace_is_on(kind) \
	(IS_ENABLED(CONFIG_TRACE) && unlikely((READ_ONCE(trace_mask) & (u32)BIT(kind)) != 0))

void trace_record(enum trace_kind kind, u32 n, u64 a, u64 b);
/* @name: 16 bytes, as struct thread has it. */
void trace_record_name(enum trace_kind kind, u32 n, const char *name);

/* What stands at the places worth it. Arguments are evaluated only if the kind is on. */
#define trace(kind, n, a, b)                                       \
	do {                                                       \
		if (trace_is_on(kind))                             \
			trace_record(kind, n, (u64)(a), (u64)(b)); \
	} while (0)
#define trace_name(kind, n, name)                         \
	do {                                              \
		if (trace_is_on(kind))                    \
			trace_record_name(kind, n, name); \
	} while (0)

/*
 * Choose by names apart by commas or blanks: "fork,exec" just those, "+irq" one more, "-irq" one
 * less, "all", "none". Returns 0; -EINVAL for an unknown name (nothing changed).
 */
__must_check int trace_select(const char *text);
/* Called whenever the choice has changed, for who keeps a shortcut; one at most. Set at boot. */
extern void (*trace_changed_hook)(void);
const char *trace_kind_name(enum trace_kind kind);
/* As `trace=` says, else what debug builds record without being asked. At boot. */
void trace_init(void);

/*
 * Read what is in the rings, merged by time, oldest first, while others go on recording: what is
 * overwritten meanwhile is left out. Any context.
 */
struct trace_reader {
	u32 at[CONFIG_NR_CPUS], end[CONFIG_NR_CPUS];
};
/* All there is, or the last @count of it. */
void trace_read_all(struct trace_reader *r);
void trace_read_last(struct trace_reader *r, u32 count);
bool trace_read_next(struct trace_reader *r, struct trace_event *event);

/* The last 32, printed, as in a panic. */
void trace_print_last(void);

#define TRACE_TEXT_MAX 120
/* "[    1.234567] 2    14 fork     child=15", without newline. Returns its length. */
size_t trace_format(char *buf, size_t size, const struct trace_event *event);
