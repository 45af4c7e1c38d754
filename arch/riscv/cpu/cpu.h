/* SPDX-License-Identifier: MIT */
/*
 * Who runs here: the thread pointer, the hart's record, interrupt masking.
 *
 * In the kernel, tp holds the running thread (struct thread begins with struct arch_thread) and
 * sscratch holds 0; in user mode sscratch holds the thread. The record of the hart a thread runs on
 * hangs from the thread, so one load finds it. A running thread changes harts only inside
 * schedule().
 */
#pragma once

#include "arch/riscv/cpu/csr.h"
#include "lib/compiler.h"
#include "lib/types.h"

/* Work flags, tested on the way back to user mode; set by any hart with an atomic or. */
#define TW_RESCHED BIT(31) /* another thread should run here; the sign, which a branch can test */
#define TW_SIGNAL  BIT(0)  /* a signal may be deliverable */

struct fpu_state {
	u64 f[32];
	u32 fcsr;
};

/* Where a thread that does not run goes on; switch.S knows the order. The rest is on its stack.
 * gp is its program's: the kernel does not use it. */
struct switch_frame {
	u64 ra, sp, gp;
	u64 fp; /* if the kernel is built with frame pointers */
};

/* The machine's part of a thread: first member of struct thread. Offsets generated for assembly. */
struct arch_thread {
	u64 scratch;   /* at 0: trap entry parks sp here, sc.d ends a reservation here */
	u64 kernel_sp; /* where a trap from user mode puts its frame: the top of the kernel stack */
	u64 user_sp, user_tp; /* of the program, while the kernel serves it */
	u32 work;             /* TW_*; atomic */
	u32 irq_depth;        /* interrupts being handled on its stack */
	u32 tid; /* set once: by which the trace names it; 0: a thread of the kernel's own */
	/* Cycles spent in the kernel on behalf of its user mode. Trap entry notes when it came in
	 * and the way out adds the difference; only the hart it runs on writes */
	u64 kernel_cycles, kernel_since;
	struct cpu *cpu; /* the hart it runs on, or that is in charge of it; written by kernel/sched
			  */
	struct switch_frame regs;
	/* of the last page fault with nothing to do, to notice one that comes back for ever */
	u64 fault_pc, fault_va;
	u32 fault_repeats;
	u32 fail_nth;        /* allocations until one fails; 0: none does (mm/pmm/failalloc.h) */
	bool fails_for_now;  /* what is made to fail stands for a lack that passes */
	bool failed_for_now; /* such a failure was made since somebody asked */
	bool lacked_memory;  /* an allocation failed in earnest since somebody asked */
	bool fpu_used;
	u32 fpu_cpu;          /* hart whose registers were last loaded from fpu */
	struct fpu_state fpu; /* last; valid while not running, if fpu_used; see fpu.h */
};

/* One hart. Only the hart itself writes, but for what says atomic. */
struct cpu {
	u32 index;       /* dense, 0 = boot hart */
	u32 hartid;      /* the tree's and SBI's number */
	u64 bit;         /* BIT(index), its own in masks of harts */
	bool online;     /* atomic; it takes fences, kicks and threads. Set by kernel/sched */
	u64 satp;        /* what satp holds now */
	u64 *satp_harts; /* the mask in which the own bit stands for that; NULL: none */
	const struct arch_thread *fpu_holds; /* whose registers the FPU holds; see fpu.c */
	u64 stacks_known; /* up to which fresh stack it has fenced; kstack_sync() */
	struct arch_thread *idle;
	struct sched_hart *sched; /* kernel/sched's record, opaque here */
} __aligned(64);

extern struct cpu cpus[CONFIG_NR_CPUS];
extern u32 cpu_count; /* harts found usable in the tree, at most CONFIG_NR_CPUS */

#ifdef HOST_TEST
extern _Thread_local struct arch_thread *host_current; /* a test's threads may be harts */
static inline struct arch_thread *arch_current(void)
{
	return host_current;
}
static inline u64 irq_save(void)
{
	return 0;
}
static inline void irq_restore(u64 flags)
{
	(void)flags;
}
static inline void irq_enable(void)
{
}
static inline void irq_disable(void)
{
}
static inline bool irq_is_enabled(void)
{
	return false;
}
#else
/* The register itself, so that what hangs from it is one load away. */
register struct arch_thread *arch_current_in_tp __asm__("tp");
static inline struct arch_thread *arch_current(void)
{
	return arch_current_in_tp;
}
/* Mask interrupts on this hart; returns what irq_restore() wants back. Nests. */
static inline u64 irq_save(void)
{
	return csr_read_clear(sstatus, SSTATUS_SIE) & SSTATUS_SIE;
}
static inline void irq_restore(u64 flags)
{
	csr_set(sstatus, flags);
}
static inline void irq_enable(void)
{
	csr_set(sstatus, SSTATUS_SIE);
}
static inline void irq_disable(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
}
static inline bool irq_is_enabled(void)
{
	return (csr_read(sstatus) & SSTATUS_SIE) != 0;
}
#endif

/* What the tree says of the instruction set, for /proc/cpuinfo: "rv64imafdc". */
const char *cpu_isa_string(void);

/* Sleep until an interrupt is pending. Called with interrupts masked, so that none is lost between
 * the last look at the queues and the wait: wfi ends for masked interrupts too. */
#ifdef HOST_TEST
static inline void cpu_wait_for_interrupt(void)
{
}
#else
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}
#endif

/* The hart this runs on. Stable only while the thread cannot be switched: it can be only inside
 * schedule() and what sleeps, since the kernel is not preemptible. */
static inline struct cpu *this_cpu(void)
{
	return READ_ONCE(arch_current()->cpu);
}

static inline u32 cpu_index(void)
{
	return this_cpu()->index;
}

/* Ask @t to look at its work flags before it next enters user mode. Any hart. */
static inline void thread_work_set(struct arch_thread *t, u32 flag)
{
	(void)__atomic_fetch_or(&t->work, flag, __ATOMIC_RELEASE);
}

static inline void thread_work_clear(struct arch_thread *t, u32 flag)
{
	(void)__atomic_fetch_and(&t->work, ~flag, __ATOMIC_ACQUIRE);
}
