// SPDX-License-Identifier: MIT
/*
 * /proc/trace: reading gives what is recorded and the events, merged by time; writing names to it
 * chooses what is recorded (kernel/core/trace.h). Both are root's: the events tell of everybody.
 */
#include "kernel/proc/traceinfo.h"

#include "fs/fs.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"

static void write_kinds(struct seq *s, const char *title, u32 mask)
{
	seq_printf(s, "# %s:", title);
	for (u32 kind = 0; kind < TRACE_KINDS; kind++)
		if ((mask & BIT(kind)) != 0)
			seq_printf(s, " %s", trace_kind_name(kind));
	seq_printf(s, "\n");
}

static int show(struct seq *s)
{
	struct trace_reader r;
	struct trace_event e;
	char text[TRACE_TEXT_MAX];
	const struct task *reader = task_current();
	if (reader != NULL && reader->cred.euid != 0)
		return -EACCES;
	write_kinds(s, "recorded", READ_ONCE(trace_mask));
	write_kinds(s, "known", (u32)(BIT(TRACE_KINDS) - 1));
	seq_printf(s, "# time, hart, thread, event\n");
	trace_read_all(&r);
	while (trace_read_next(&r, &e) && !s->failed) {
		(void)trace_format(text, sizeof(text), &e);
		seq_printf(s, "%s\n", text);
	}
	return 0;
}

static int store(const char *text, size_t len)
{
	(void)len;
	return trace_select(text);
}

void traceinfo_init(void)
{
	if (IS_ENABLED(CONFIG_TRACE) && procfs_register_control("trace", show, store) != 0)
		pr_warn("trace: no room in /proc\n");
}
