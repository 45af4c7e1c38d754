// SPDX-License-Identifier: MIT
/*
 * What fs/ wants from the floors below it, for one thread on one hart that never has to wait: a
 * test that would sleep is a test that fails.
 */
#include <stdio.h>

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/usercopy.h"
#include "kernel/core/panic.h"
#include "fs/kmsg.h"
#include "kernel/core/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/vmm/object.h"
#include "tests/host/fs_fixture.h"

#define BAD_BELOW   4096UL
#define TOTAL_PAGES 4096

/* ---- user memory: everything but the first page ---- */

size_t copy_from_user(void *dst, uaddr_t src, size_t len_bytes)
{
	if (src < BAD_BELOW)
		return len_bytes;
	memcpy(dst, (const void *)src, len_bytes);
	return 0;
}

size_t copy_to_user(uaddr_t dst, const void *src, size_t len_bytes)
{
	if (dst < BAD_BELOW)
		return len_bytes;
	memcpy((void *)dst, src, len_bytes);
	return 0;
}

size_t clear_user(uaddr_t dst, size_t len_bytes)
{
	if (dst < BAD_BELOW)
		return len_bytes;
	memset((void *)dst, 0, len_bytes);
	return 0;
}

int put_user_u32(uaddr_t dst, u32 value)
{
	return copy_to_user(dst, &value, sizeof(value)) == 0 ? 0 : -EFAULT;
}

/* ---- time goes on by a microsecond whenever somebody looks ---- */

nsec_t clock_now(void)
{
	static nsec_t now;
	return now += 1000;
}

u64 clock_ticks(void)
{
	return clock_now();
}

/* ---- waiting ---- */

void schedule(void)
{
}

void waitq_wake_all_waiters(struct waitq *q)
{
}

void waitq_wake_one_waiter(struct waitq *q)
{
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	list_push_back(&q->waiters, &w->node);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	list_remove(&w->node);
}

void sleep_commit_until(nsec_t deadline)
{
	panic("the test would sleep for ever");
}

/* ---- the rest ---- */

/* The log is not here, so its device does nothing. */
const struct file_ops kmsg_ops;

void printk(enum log_level level, const char *format, ...)
{
}

void pmm_stats(struct pmm_stats *out)
{
	*out = (struct pmm_stats){ .total_pages = TOTAL_PAGES };
}

unsigned shim_unmaps;
u64 shim_unmap_first, shim_unmap_end;

void vm_object_unmap_range(struct vm_object *o, u64 first, u64 end, bool cut)
{
	might_sleep();
	shim_unmaps++;
	shim_unmap_first = first;
	shim_unmap_end = end;
}
