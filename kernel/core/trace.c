// SPDX-License-Identifier: MIT
/*
 * The rings of the trace (trace.h).
 *
 * A ring is written by its hart alone with interrupts off, and read by anybody. Each slot carries
 * the number of the event in it: the writer clears that first and sets it last, the reader looks at
 * it before and after it copies. So what a reader gets is whole, and is the event it asked for.
 */
#include "kernel/core/trace.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#ifdef CONFIG_TRACE
#define RINGS       CONFIG_NR_CPUS
#define RING_EVENTS 512 /* a power of two: counts run freely */
#else                   /* nothing is recorded: only to compile all the same */
#define RINGS       1
#define RING_EVENTS 1
#endif
#define PRINTED_EVENTS 32
#define NAME_BYTES     16

/* What debug builds record without being asked, for the report of a panic. */
#define DEBUG_MASK                                                                 \
	(BIT(TRACE_FORK) | BIT(TRACE_EXEC) | BIT(TRACE_EXIT) | BIT(TRACE_SIGNAL) | \
	 BIT(TRACE_OOM) | BIT(TRACE_SWITCH))

struct slot {
	u32 number; /* of the event, from 1; 0: being written. Atomic */
	u32 tid;
	u32 kind;
	u32 n;
	nsec_t when;
	u64 a, b;
};

struct ring {
	u32 count; /* events ever recorded; atomic, written by its hart */
	struct slot slots[RING_EVENTS];
} __aligned(64);

static_assert((RING_EVENTS & (RING_EVENTS - 1)) == 0, "counts are masked");
static_assert(TRACE_KINDS <= 32, "a bit each in trace_mask");

static struct ring rings[RINGS];

u32 trace_mask;
void (*trace_changed_hook)(void);

/* @format takes n, a, b in this order; or n and the name, if has_name. */
static const struct trace_type {
	const char *name, *format;
	bool has_name;
} types[TRACE_KINDS] = {
	[TRACE_FORK] = { "fork", "child=%u flags=%#lx", false },
	[TRACE_EXEC] = { "exec", "euid=%u %s", true },
	[TRACE_EXIT] = { "exit", "status=%#x", false },
	[TRACE_FAULT] = { "fault", "access=%u address=%#lx pc=%#lx", false },
	[TRACE_SWITCH] = { "switch", "next=%u %s", true },
	[TRACE_WAKE] = { "wake", "thread=%u %s", true },
	[TRACE_SYSCALL] = { "syscall", "number=%u %#lx %#lx", false },
	[TRACE_RETURN] = { "return", "number=%u result=%ld", false },
	[TRACE_SIGNAL] = { "signal", "signal=%u to=%lu code=%ld", false },
	[TRACE_IRQ] = { "irq", "line=%u", false },
	[TRACE_TIMER] = { "timer", "late_us=%u run=%#lx", false },
	[TRACE_FENCE] = { "fence", "count=%u harts=%#lx", false },
	[TRACE_CODE] = { "code", "count=%u harts=%#lx", false },
	[TRACE_OOM] = { "oom", "victim=%u %s", true },
};

const char *trace_kind_name(enum trace_kind kind)
{
	return types[kind].name;
}

/* ---- recording -------------------------------------------------------------------------- */

void trace_record(enum trace_kind kind, u32 n, u64 a, u64 b)
{
	const u64 flags = irq_save();
	const struct arch_thread *t = arch_current();
	struct ring *r = &rings[t->cpu->index % RINGS];
	struct slot *s = &r->slots[r->count % RING_EVENTS];
	const u32 number = r->count + 1;
	__atomic_store_n(&s->number, 0, __ATOMIC_RELAXED);
	/* Pairs with slot_read(): who sees any of what follows sees the number gone. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(s->tid, t->tid);
	WRITE_ONCE(s->kind, kind);
	WRITE_ONCE(s->n, n);
	WRITE_ONCE(s->when, clock_now());
	WRITE_ONCE(s->a, a);
	WRITE_ONCE(s->b, b);
	__atomic_store_n(&s->number, number, __ATOMIC_RELEASE);
	__atomic_store_n(&r->count, number, __ATOMIC_RELEASE);
	irq_restore(flags);
}

void trace_record_name(enum trace_kind kind, u32 n, const char *name)
{
	u64 words[2];
	static_assert(sizeof(words) == NAME_BYTES, "a name fills a and b");
	memcpy(words, name, NAME_BYTES);
	trace_record(kind, n, words[0], words[1]);
}

/* ---- choosing --------------------------------------------------------------------------- */

static int kinds_named(const char *name, size_t len, u32 *mask)
{
	const u32 all = (u32)(BIT(TRACE_KINDS) - 1);
	if (len == strlen("all") && memcmp(name, "all", len) == 0)
		*mask = all;
	else if (len == strlen("none") && memcmp(name, "none", len) == 0)
		*mask = 0;
	else {
		u32 kind = 0;
		while (kind < TRACE_KINDS && (strlen(types[kind].name) != len ||
					      memcmp(types[kind].name, name, len) != 0))
			kind++;
		if (kind == TRACE_KINDS)
			return -EINVAL;
		*mask = (u32)BIT(kind);
	}
	return 0;
}

int trace_select(const char *text)
{
	static const char separators[] = ", \t\n";
	u32 mask = 0;
	bool is_first = true;
	for (;;) {
		while (*text != '\0' && strchr(separators, *text) != NULL)
			text++;
		if (*text == '\0')
			break;
		const char sign = *text == '+' || *text == '-' ? *text++ : '\0';
		size_t len = 0;
		while (text[len] != '\0' && strchr(separators, text[len]) == NULL)
			len++;
		u32 named;
		if (kinds_named(text, len, &named) != 0)
			return -EINVAL;
		if (sign != '\0' && is_first)
			mask = READ_ONCE(trace_mask);
		mask = sign == '-' ? mask & ~named : mask | named;
		is_first = false;
		text += len;
	}
	WRITE_ONCE(trace_mask, mask);
	if (trace_changed_hook != NULL)
		trace_changed_hook();
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* False: it is not there any more. */
static bool slot_read(u32 hart, u32 at, struct trace_event *e)
{
	const struct slot *s = &rings[hart].slots[at % RING_EVENTS];
	if (__atomic_load_n(&s->number, __ATOMIC_ACQUIRE) != at + 1)
		return false;
	*e = (struct trace_event){
		.when = READ_ONCE(s->when),
		.hart = hart,
		.tid = READ_ONCE(s->tid),
		.kind = READ_ONCE(s->kind),
		.n = READ_ONCE(s->n),
		.a = READ_ONCE(s->a),
		.b = READ_ONCE(s->b),
	};
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->number, __ATOMIC_RELAXED) == at + 1;
}

void trace_read_all(struct trace_reader *r)
{
	for (u32 i = 0; i < RINGS; i++) {
		r->end[i] = __atomic_load_n(&rings[i].count, __ATOMIC_ACQUIRE);
		r->at[i] = r->end[i] > RING_EVENTS ? r->end[i] - RING_EVENTS : 0;
	}
}

void trace_read_last(struct trace_reader *r, u32 count)
{
	struct trace_reader all;
	struct trace_event e;
	trace_read_all(&all);
	for (u32 i = 0; i < RINGS; i++)
		r->at[i] = r->end[i] = all.end[i];
	/* Backwards: of the events before those chosen, the latest. */
	while (count-- > 0) {
		u32 latest = RINGS;
		nsec_t when = 0;
		for (u32 i = 0; i < RINGS; i++) {
			if (r->at[i] == all.at[i] || !slot_read(i, r->at[i] - 1, &e))
				continue;
			if (latest == RINGS || e.when > when) {
				latest = i;
				when = e.when;
			}
		}
		if (latest == RINGS)
			return;
		r->at[latest]--;
	}
}

bool trace_read_next(struct trace_reader *r, struct trace_event *event)
{
	u32 earliest = RINGS;
	for (u32 i = 0; i < RINGS; i++) {
		struct trace_event e;
		while (r->at[i] != r->end[i] && !slot_read(i, r->at[i], &e))
			r->at[i]++;
		if (r->at[i] != r->end[i] && (earliest == RINGS || e.when < event->when)) {
			*event = e;
			earliest = i;
		}
	}
	if (earliest == RINGS)
		return false;
	r->at[earliest]++;
	return true;
}

/* The table's formats are no literals where they are used; what they take is said there. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
size_t trace_format(char *buf, size_t size, const struct trace_event *e)
{
	const struct trace_type *type = &types[e->kind < TRACE_KINDS ? e->kind : 0];
	const u64 usec = e->when / 1000;
	size_t len = format_buf(buf, size, "[%5lu.%06lu] %u %5u %-8s ", usec / 1000000,
				usec % 1000000, e->hart, e->tid, type->name);
	if (type->has_name) {
		char name[NAME_BYTES + 1] = { 0 };
		memcpy(name, (const u64[]){ e->a, e->b }, NAME_BYTES);
		len += format_buf(buf + len, size - len, type->format, e->n, name);
	} else {
		len += format_buf(buf + len, size - len, type->format, e->n, e->a, e->b);
	}
	return len;
}
#pragma GCC diagnostic pop

void trace_print_last(void)
{
	struct trace_reader r;
	struct trace_event e;
	char text[TRACE_TEXT_MAX];
	pr_emerg("Last events (trace=): time, hart, thread, what");
	trace_read_last(&r, PRINTED_EVENTS);
	while (trace_read_next(&r, &e)) {
		(void)trace_format(text, sizeof(text), &e);
		pr_emerg("%s", text);
	}
}

void trace_init(void)
{
	char text[64];
	if (!IS_ENABLED(CONFIG_TRACE))
		return;
	if (IS_ENABLED(CONFIG_DEBUG_CHECKS))
		trace_mask = DEBUG_MASK;
	if (cmdline_get("trace", text, sizeof(text)) && trace_select(text) != 0)
		pr_warn("trace=%s: no such event; /proc/trace names them\n", text);
	panic_register_dumper(trace_print_last);
}
