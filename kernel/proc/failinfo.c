// SPDX-License-Identifier: MIT
/*
 * What tests of failing allocations need, in debug builds alone. /proc/census: what the leak check
 * counts (kernel/proc/leakcheck.h), so that nothing may get lost. /proc/fail-nth: writing N makes
 * the Nth allocation from now on of the writing thread fail, and of children it makes until then
 * (mm/pmm/failalloc.h); "N for now", that its system call is done again. Reading tells what the
 * reader has left, and how many were made to fail since boot.
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
#include "lib/string.h"
#include "mm/pmm/failalloc.h"

static int show(struct seq *s)
{
	seq_printf(s, "%u %lu\n", arch_current()->fail_nth, failalloc_total());
	return 0;
}

static int store(const char *text, size_t len)
{
	static const char for_now[] = " for now";
	u64 value = 0;
	size_t i = 0;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		value = value * 10 + (u64)(text[i] - '0');
		if (value > INT32_MAX)
			return -ERANGE;
	}
	const size_t rest = len - i - (len > i && text[len - 1] == '\n' ? 1 : 0);
	const bool is_for_now = rest == sizeof(for_now) - 1 && memcmp(text + i, for_now, rest) == 0;
	if (rest != 0 && !is_for_now)
		return -EINVAL;
	arch_current()->fail_nth = (u32)value;
	arch_current()->fails_for_now = is_for_now;
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
