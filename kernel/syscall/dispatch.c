/* SPDX-License-Identifier: MIT */
/*
 * System calls that do not go straight from trap_entry.S to their handler (sys_*.c): those that
 * read or write all registers, those somebody watches, those that found no memory. A call that is
 * missing returns -ENOSYS and is named in the log, once.
 */
#include "kernel/syscall/dispatch.h"

#include "arch/riscv/cpu/barrier.h"
#include "generated/syscall_table.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/oom.h"
#include "kernel/proc/strace.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall/describe.h"
#include "lib/abi/errno.h"
#include "lib/compiler.h"
#include "mm/pmm/failalloc.h"

/* Any handler: it takes as many arguments as it has. */
typedef s64 syscall_fn(u64, u64, u64, u64, u64, u64);

/* table.S */
extern syscall_fn *const syscall_table[SYSCALL_COUNT];
extern const struct {
	u64 number;
	syscall_fn *handler;
} syscall_with_frame[];

u64 syscall_straight_count = SYSCALL_COUNT;

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

/* NULL: there is no such call. */
static syscall_fn *syscall_handler(u64 number)
{
	if (number < SYSCALL_COUNT && syscall_table[number] != NULL)
		return syscall_table[number];
	for (size_t i = 0; syscall_with_frame[i].handler != NULL; i++) {
		if (syscall_with_frame[i].number == number)
			return syscall_with_frame[i].handler;
	}
	return NULL;
}

static s64 syscall_call(const struct trap_frame *f, u64 number)
{
	syscall_fn *handler = syscall_handler(number);
	const u64 *a = &f->x[REG_A0];
	return likely(handler != NULL) ? handler(a[0], a[1], a[2], a[3], a[4], a[5]) :
					 syscall_missing(number);
}

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
		WRITE_ONCE(syscall_straight_count, wanted ? 0 : SYSCALL_COUNT);
		/* Two harts may be here with different answers: whoever wrote last looks again. */
		barrier_full();
		wanted = is_anybody_watching();
	} while ((READ_ONCE(syscall_straight_count) == 0) != wanted);
}

void syscall_init(void)
{
	trace_changed_hook = trace_changed;
	strace_changed_hook = trace_changed;
	trace_changed();
}

s64 syscall_failed(const struct trap_frame *f, s64 result)
{
	if (result == -ENOMEM)
		result = syscall_without_memory(f, f->x[REG_A7]);
	if (is_restart_code(result))
		thread_work_set(arch_current(), TW_SIGNAL);
	return result;
}

void syscall_dispatch(struct trap_frame *f)
{
	const u64 number = f->x[REG_A7];
	const bool is_watched = READ_ONCE(syscall_straight_count) == 0;

	f->orig_a0 = f->x[REG_A0];
	s64 result = is_watched ? syscall_call_traced(f, number) : syscall_call(f, number);
	/* After rt_sigreturn this is not the result of a call. */
	if (result < 0 && f->cause == CAUSE_USER_ECALL)
		result = syscall_failed(f, result);
	f->x[REG_A0] = (u64)result;
	(void)syscall_end(result);
}

s64 syscall_end(s64 result)
{
	spin_assert_none_held("the kernel is about to be left");
	mutex_assert_none_held();
	return result;
}
