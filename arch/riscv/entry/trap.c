// SPDX-License-Identifier: MIT
/*
 * The one decoding of traps. An interrupt only takes note and sets work flags; what they ask for is
 * done on the way back to user mode, in handle_user_work(), and nowhere else. A fault's errno
 * becomes a signal in one table.
 *
 * | cause                        | from user mode            | from the kernel                          |
 * |------------------------------|---------------------------|------------------------------------------|
 * | interrupt                    | handler                   | handler                                  |
 * | system call                  | (never gets here)         | our mistake: panic                       |
 * | page fault, user address     | address space, or signal  | the same if usercopy, else panic         |
 * | page fault, kernel address   | SIGSEGV                   | stale translation: fence; else panic     |
 * | anything else                | signal                    | panic                                    |
 */
#include "arch/riscv/entry/trap.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/extable.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sections.h"
#include "arch/riscv/cpu/smp.h"
#include "arch/riscv/entry/kernel_fault.h"
#include "arch/riscv/entry/signal_frame.h"
#include "drivers/base/irq.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/oom.h"
#include "kernel/proc/process.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "lib/abi/errno.h"
#include "lib/abi/signal.h"
#include "mm/vmm/aspace.h"

/* A fault that finds nothing to do this often, without one elsewhere and without a system call in
 * between, will never end. */
#define FAULT_REPEATS_MAX (1U << 20)

static void trap_interrupt(const struct trap_frame *f)
{
	struct arch_thread *current = arch_current();
	current->irq_depth++;
	switch (f->cause & ~CAUSE_INTERRUPT) {
	case IRQ_SOFT:
		smp_take_kick();
		break;
	case IRQ_TIMER:
		clock_event_handler();
		break;
	case IRQ_EXTERNAL:
		irq_handle_external();
		break;
	default:
		panic_with_frame(f, "interrupt nobody asked for");
	}
	current->irq_depth--;
}

static inline bool cause_is_page_fault(u64 cause)
{
	return cause == CAUSE_STORE_PAGE || cause == CAUSE_LOAD_PAGE || cause == CAUSE_FETCH_PAGE;
}

static enum access cause_access(u64 cause)
{
	switch (cause) {
	case CAUSE_FETCH_PAGE:
		return ACCESS_EXEC;
	case CAUSE_STORE_PAGE:
		return ACCESS_WRITE;
	default:
		return ACCESS_READ;
	}
}

/* Nothing was to be done for @f, of the same address and instruction as the last such fault, again
 * and again (rule T7's guard). */
static bool fault_repeats_forever(const struct trap_frame *f)
{
	struct arch_thread *t = arch_current();
	if (t->fault_pc != f->x[REG_PC] || t->fault_va != f->badaddr) {
		t->fault_pc = f->x[REG_PC];
		t->fault_va = f->badaddr;
		t->fault_repeats = 0;
		return false;
	}
	return ++t->fault_repeats > FAULT_REPEATS_MAX;
}

static __noinline void trace_fault(const struct trap_frame *f)
{
	trace(TRACE_FAULT, cause_access(f->cause), trap_fault_address(f), f->x[REG_PC]);
}

static inline int serve_once(const struct trap_frame *f)
{
	const struct process *p = process_current();
	if (unlikely(p == NULL))
		return -EFAULT;
	return aspace_fault(p->aspace, trap_fault_address(f), cause_access(f->cause));
}

/* Ends the largest process and tries again; if that is this one, the signal is taken on the way
 * out. */
static __noinline int serve_without_memory(const struct trap_frame *f)
{
	int error = -ENOMEM;
	for (unsigned tries = 1; error == -ENOMEM; tries++) {
		if (!oom_kill(tries) || signal_is_fatal_pending())
			break;
		error = serve_once(f);
	}
	return error;
}

/* Make what @f is about, a user address, accessible to the running process. 0 or the errno of
 * aspace_fault(). */
static int serve_page_fault(const struct trap_frame *f)
{
	if (unlikely(trace_is_on(TRACE_FAULT)))
		trace_fault(f);
	int error = serve_once(f);
	if (unlikely(error == -ENOMEM))
		error = serve_without_memory(f);
	if (unlikely(error == FAULT_SPURIOUS))
		return fault_repeats_forever(f) ? -EIO : 0;
	return error;
}

/* The errno of a fault as a signal: the only place where one becomes the other. */
static const struct fault_signal {
	int error, signal, code;
} fault_signals[] = {
	{ -EFAULT, SIGSEGV, SEGV_MAPERR },
	{ -EACCES, SIGSEGV, SEGV_ACCERR },
	{ -EIO, SIGBUS, BUS_ADRERR },
	{ -ENOMEM, SIGBUS, BUS_ADRERR },
};

static __noinline void user_fault_signal(int error, uaddr_t va)
{
	for (size_t i = 0; i < ARRAY_SIZE(fault_signals); i++) {
		if (fault_signals[i].error == error) {
			signal_fault(fault_signals[i].signal, fault_signals[i].code, va);
			return;
		}
	}
	signal_fault(SIGBUS, BUS_OBJERR, va);
}

static void user_page_fault(const struct trap_frame *f)
{
	const int error = trap_fault_address(f) < USER_MAX ? serve_page_fault(f) : -EFAULT;
	if (unlikely(error != 0))
		user_fault_signal(error, trap_fault_address(f));
}

static __noinline void user_exception(const struct trap_frame *f)
{
	switch (f->cause) {
	case CAUSE_FETCH_ACCESS:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		signal_fault(SIGSEGV, SEGV_ACCERR, trap_fault_address(f));
		break;
	case CAUSE_FETCH_MISALIGNED:
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
		signal_fault(SIGBUS, BUS_ADRALN, f->badaddr);
		break;
	case CAUSE_BREAKPOINT:
		signal_fault(SIGTRAP, TRAP_BRKPT, f->x[REG_PC]);
		break;
	default:
		signal_fault(SIGILL, ILL_ILLOPC, f->x[REG_PC]);
		break;
	}
}

void handle_user_trap(const struct trap_frame *f)
{
	if ((f->cause & CAUSE_INTERRUPT) != 0) {
		trap_interrupt(f);
		return;
	}
	irq_enable();
	if (likely(cause_is_page_fault(f->cause)))
		user_page_fault(f);
	else
		user_exception(f);
	spin_assert_none_held("the kernel is about to be left");
	mutex_assert_none_held();
	irq_disable();
}

void handle_user_work(struct trap_frame *f)
{
	const u32 work = __atomic_load_n(&arch_current()->work, __ATOMIC_ACQUIRE);
	if ((work & TW_RESCHED) != 0)
		sched_preempt();
	if ((work & TW_SIGNAL) != 0) {
		irq_enable();
		signal_deliver(f);
		irq_disable();
	}
}

/* A translation that this hart remembers as absent or weaker than it is by now (rule T7). */
static bool kernel_fault_is_stale(const struct trap_frame *f, u64 va)
{
	unsigned level;
	const pte_t entry = mmu_kernel_lookup(va, &level);
	/* Without A or D the fault is right, and no fence will end it (rule T1). */
	const u64 wants = f->cause == CAUSE_FETCH_PAGE ? PTE_V | PTE_X | PTE_A :
			  f->cause == CAUSE_STORE_PAGE ? PTE_V | PTE_W | PTE_A | PTE_D :
							 PTE_V | PTE_R | PTE_A;
	return (entry.bits & wants) == wants && !fault_repeats_forever(f);
}

/* True if the kernel can go on. */
static bool kernel_fault(struct trap_frame *f)
{
	const u64 va = trap_fault_address(f);
	if (va >= USER_MAX) {
		if (!cause_is_page_fault(f->cause) || !kernel_fault_is_stale(f, va))
			return false;
		tlb_flush_local();
		return true;
	}
	const u64 recovery = extable_find(f->x[REG_PC]);
	if (recovery == 0)
		return false;
	/* Where sleeping is impossible the page cannot be brought in: the copy ends early. */
	const bool may_sleep = (f->status & SSTATUS_SPIE) != 0 && arch_current()->irq_depth == 0;
	int error = -EFAULT;
	if (cause_is_page_fault(f->cause) && may_sleep) {
		irq_enable();
		error = serve_page_fault(f);
		irq_disable();
	}
	if (error != 0)
		f->x[REG_PC] = recovery;
	return true;
}

void handle_kernel_trap(struct trap_frame *f)
{
	if ((f->cause & CAUSE_INTERRUPT) != 0) {
		trap_interrupt(f);
		return;
	}
	switch (f->cause) {
	case CAUSE_FETCH_PAGE:
	case CAUSE_LOAD_PAGE:
	case CAUSE_STORE_PAGE:
	case CAUSE_FETCH_ACCESS:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		if (kernel_fault(f))
			return;
		kernel_fault_panic(f, trap_fault_address(f));
	default:
		panic_with_frame(f, "exception in the kernel");
	}
}
