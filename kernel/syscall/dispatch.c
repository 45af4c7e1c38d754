/* SPDX-License-Identifier: MIT */
/*
 * System calls by number: a table of wrappers, generated from syscalls.tbl, that hand the argument
 * registers to the handlers (sys_*.c). A call that is missing returns -ENOSYS and is named in the
 * log, once.
 */
#include "kernel/syscall/dispatch.h"

#include "generated/syscall_protos.h"
#include "kernel/core/printk.h"
#include "kernel/sched/thread.h"
#include "lib/abi/errno.h"
#include "lib/compiler.h"

#include "generated/syscall_table.h"

/* One bit a number: mentioned in the log already; the last stands for all numbers past the table.
 * Atomic. */
static u64 missing_logged[SYSCALL_COUNT / 64 + 1];

static __cold s64 syscall_missing(u64 number)
{
	const u64 index = MIN(number, (u64)SYSCALL_COUNT);
	const u64 bit = BIT(index % 64);
	if ((__atomic_fetch_or(&missing_logged[index / 64], bit, __ATOMIC_RELAXED) & bit) == 0) {
		const char *name = index < SYSCALL_COUNT ? syscall_names[index] : NULL;
		pr_debug("%s: no system call %s (%lu)\n", thread_current()->name,
			 name != NULL ? name : "of that number", number);
	}
	return -ENOSYS;
}

/* How an interrupted call goes on is decided on the way out, even if the signal is gone by then. */
static bool is_restart_code(s64 result)
{
	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

void syscall_dispatch(struct trap_frame *f)
{
	const u64 number = f->x[REG_A7];
	s64 result;

	if (likely(number < SYSCALL_COUNT && syscall_table[number] != NULL))
		result = syscall_table[number](f);
	else
		result = syscall_missing(number);
	f->x[REG_A0] = (u64)result;
	if (unlikely(is_restart_code(result)))
		thread_work_set(arch_current(), TW_SIGNAL);
}
