// SPDX-License-Identifier: MIT
/*
 * Letters of Linux's sysrq that mean something here: c crashes the kernel on purpose, to see that
 * its report is of use. Only root can write the file (its mode is 0200).
 */
#include "kernel/proc/sysrq.h"

#include "fs/fs.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"

static int store(const char *text, size_t len)
{
	if (len == 0)
		return -EINVAL;
	switch (text[0]) {
	case 'c':
		/* A fault, as a mistake of ours would be one: its report has the registers. */
		pr_err("sysrq: a crash was asked for\n");
		__asm__ volatile("sd zero, 0(zero)" ::: "memory");
		return 0;
	default:
		pr_info("sysrq: c (crash) is all there is\n");
		return -EINVAL;
	}
}

void sysrq_init(void)
{
	if (procfs_register_trigger("sysrq-trigger", store) != 0)
		pr_warn("sysrq: no room in /proc\n");
}
