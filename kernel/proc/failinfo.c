// SPDX-License-Identifier: MIT
/*
 * What tests of failing allocations need, in debug builds alone. /proc/census: what the leak check
 * counts (kernel/proc/leakcheck.h), so that nothing may get lost. /proc/fail-nth: writing N makes
 * the Nth allocation from now on of the writing thread fail, and of children it makes until then
 * (mm/pmm/failalloc.h); reading tells what the reader has left, and how many were made to fail
 * since boot.
 *
 * Linux has a file of that name for each thread, /proc/N/task/N/fail-nth, which children do not
 * inherit.
 */
#include "kernel/proc/failinfo.h"

#include "fs/fs.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "kernel/proc/leakcheck.h"
#include "lib/abi/errno.h"
#include "lib/parse.h"
#include "mm/pmm/failalloc.h"

static int show(struct seq *s)
{
	seq_printf(s, "%u %lu\n", arch_current()->fail_nth, failalloc_total());
	return 0;
}

static int store(const char *text, size_t len)
{
	u64 value = 0;
	for (size_t i = 0; i < len && text[i] != '\n'; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (u64)(text[i] - '0');
		if (value > INT32_MAX)
			return -ERANGE;
	}
	arch_current()->fail_nth = (u32)value;
	return 0;
}

void failinfo_init(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	if (procfs_register_control("fail-nth", show, store) != 0 ||
	    procfs_register("census", leakcheck_show) != 0)
		pr_warn("fail-nth, census: no room in /proc\n");
}
