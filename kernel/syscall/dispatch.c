/* SPDX-License-Identifier: MIT */
/*
 * System calls by number: a table of wrappers, generated from syscalls.tbl, that hand the argument
 * registers to the handlers (sys_*.c). A call that is missing returns -ENOSYS and is named in the
 * log, once.
 */
#include "kernel/syscall/dispatch.h"

#include "arch/riscv/cpu/barrier.h"
#include "generated/syscall_protos.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/oom.h"
#include "kernel/proc/strace.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall/describe.h"
#include "lib/abi/errno.h"
#include "lib/compiler.h"
#include "mm/pmm/failalloc.h"

#include "generated/syscall_table.h"

/*
 * Calls below this number go straight through the table. All of them, or none while somebody wants
 * to see them: so that costs nothing otherwise. Atomic.
 */
static u64 straight_count = SYSCALL_COUNT;

/* One bit a number: mentioned in the log already; the last stands for all numbers past the table.
 * Atomic. */
static u64 missing_logged[SYSCALL_COUNT / 64 + 1];

static __cold s64 syscall_missing(u64 number)
{
	const u64 index = MIN(number, (u64)SYSCALL_COUNT);
	const u64 bit = BIT(index % 64);
	if ((__atomic_fetch_or(&missing_logged[index / 64], bit, __ATOMIC_RELAXED) & bit) == 0) {
		const char *name = syscall_name(number);
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

static s64 syscall_call(const struct trap_frame *f, u64 number)
{
	if (number < SYSCALL_COUNT && syscall_table[number] != NULL)
		return syscall_table[number](f);
	return syscall_missing(number);
}

/* A call that is traced, or missing. */
static __noinline s64 syscall_call_traced(const struct trap_frame *f, u64 number)
{
	trace(TRACE_SYSCALL, (u32)number, f->x[REG_A0], f->x[REG_A1]);
	const s64 result = strace_is_on() ? syscall_described(f, number, syscall_call) :
					    syscall_call(f, number);
	trace(TRACE_RETURN, (u32)number, result, 0);
	return result;
}

/*
 * A call found no memory where Linux would have waited for some: end the largest process and do it
 * again, which is safe since a call that fails for lack of memory has changed nothing. Limits give
 * -ENOMEM, too; they are final.
 *
 * What was noted may be the lack of an earlier call, which managed without: nobody is ended for it,
 * nor for a failure made on purpose.
 */
static __noinline s64 syscall_without_memory(const struct trap_frame *f, u64 number)
{
	s64 result = -ENOMEM;
	if (failalloc_take_lack() || memory_take_lack())
		result = syscall_call(f, number);
	for (unsigned tries = 1; result == -ENOMEM && memory_has_lacked() && oom_kill(tries);
	     tries++)
		result = syscall_call(f, number);
	return result;
}

static bool is_anybody_watching(void)
{
	return trace_is_on(TRACE_SYSCALL) || trace_is_on(TRACE_RETURN) || strace_is_used();
}

static void trace_changed(void)
{
	bool wanted = is_anybody_watching();
	do {
		WRITE_ONCE(straight_count, wanted ? 0 : SYSCALL_COUNT);
		/* Two harts may be here with different answers: whoever wrote last looks again. */
		barrier_full();
		wanted = is_anybody_watching();
	} while ((READ_ONCE(straight_count) == 0) != wanted);
}

void syscall_init(void)
{
	trace_changed_hook = trace_changed;
	strace_changed_hook = trace_changed;
	trace_changed();
}

void syscall_dispatch(struct trap_frame *f)
{
	const u64 number = f->x[REG_A7];
	s64 result;

	if (likely(number < READ_ONCE(straight_count) && syscall_table[number] != NULL))
		result = syscall_table[number](f);
	else
		result = syscall_call_traced(f, number);
	if (unlikely(result == -ENOMEM))
		result = syscall_without_memory(f, number);
	f->x[REG_A0] = (u64)result;
	if (unlikely(is_restart_code(result)))
		thread_work_set(arch_current(), TW_SIGNAL);
}
