/* SPDX-License-Identifier: MIT */
/*
 * Threads: what the scheduler runs. A thread knows no process and no address space: it carries an
 * opaque owner and the satp token to load. Kernel threads run on kernel_satp.
 *
 * Life: thread_create (NEW) -> thread_start (RUNNABLE) <-> SLEEPING -> thread_exit (DEAD); the next
 * thread on that hart frees the stack, and the record unless somebody holds a reference. Who is
 * RUNNABLE runs, as its hart's current, or stands in the run queue: schedule() changes that and not
 * the state.
 *
 *  1. NEW -> RUNNABLE       thread_start(): placed in a run queue
 *  2. RUNNABLE -> SLEEPING  sleep_prepare(): still on its hart, on the way to schedule()
 *  3. SLEEPING -> RUNNABLE  woken, or sleep_cancel(), before it got there; woken afterwards: placed
 *                           in a run queue, perhaps another hart's
 *  4. RUNNABLE -> DEAD      thread_exit()
 * On the way to another hart's queue it is MOVING: from NEW, SLEEPING and RUNNABLE.
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/lock_rank.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "lib/types.h"

#define THREAD_NAME_BYTES 16 /* with its NUL */

/* Run time in user mode and in the kernel. */
struct thread_times {
	nsec_t user, kernel;
};

enum thread_state {
	/* below 0: whoever leaves its hart in one of these is a special case (finish_switch()) */
	THREAD_DEAD = -3,
	THREAD_NEW,
	THREAD_MOVING, /* in no queue: whoever made it so puts it into one */
	THREAD_RUNNABLE,
	THREAD_SLEEPING
};

struct thread {
	struct arch_thread arch; /* first: tp points to it */

	/* set once at creation; exec and prctl rename their own thread, readers may see half */
	char name[THREAD_NAME_BYTES];
	vaddr_t stack_top; /* 0: it is dead */
	/* owner's, opaque here; NULL for kernel threads. Set before thread_start() */
	struct process *process;
	struct task *task;

	/* under the lock of the run queue it belongs to (thread->arch.cpu) */
	struct rb_node run_node;
	enum thread_state state;
	bool sleeps_interruptibly;
	u64 vruntime; /* weighted nanoseconds, on the scale of that queue */
	s32 nice;     /* -20 .. 19; change with thread_set_nice() */
	u32 weight;
	u64 run_ahead;            /* charged run time, less vruntime: that of most grows alike */
	struct thread_times told; /* how it was divided when somebody last asked (thread_times()) */
	u64 switches_voluntary, switches_forced;

	/* atomic */
	bool interrupted;     /* an interruptible wait should end; see thread_interrupt() */
	struct refcount refs; /* one for running, one per holder */
	u64 affinity;         /* mask of cpu indexes; change with thread_set_affinity() */

	/* only the thread itself, read by anybody for statistics */
	const char *wait_reason; /* what it sleeps on; NULL while it does not */

	/* only the thread itself, and its creator before thread_start(); read by schedule() when it
	 * comes back */
	u64 satp;   /* token for mmu_switch(); changed with thread_set_satp() */
	u64 *harts; /* set own bit in it before loading satp; NULL: kernel (docs/fork.md H15) */

#ifdef CONFIG_DEBUG_LOCKS
	struct held_locks held; /* mutexes; only the thread itself */
#endif
};

/* What @t has run, as far as it is charged (hart_charge()). Under lock; of idle threads a hint
 * without. */
static inline nsec_t thread_charged(const struct thread *t)
{
	return READ_ONCE(t->vruntime) + t->run_ahead;
}

/* What a thread's first switch leads to: lets go of @previous, calls @entry(@arg), and ends the
 * thread: it does not return. */
typedef void thread_begin_fn(struct arch_thread *previous, void (*entry)(void *), void *arg);
/* For sched_init(). */
void threads_init(thread_begin_fn *begin);
/* The thread the boot hart begins as; its idle thread later. */
extern struct thread boot_thread;

static inline struct thread *thread_current(void)
{
	return (struct thread *)arch_current();
}

/*
 * A thread that will run @entry(@arg) on a fresh stack, with the creator's nice value and affinity,
 * and its name if @name is NULL; of its user frame only status is set, to 0. NULL: no memory. Not
 * started. The caller gets the running reference: thread_start() or thread_destroy_new() consumes
 * it.
 */
struct thread *thread_create(const char *name, void (*entry)(void *), void *arg) __must_check;
void thread_destroy_new(struct thread *t);
/* Make it runnable, on the hart with least to do. */
void thread_start(struct thread *t);
static inline void thread_get(struct thread *t)
{
	refcount_get(&t->refs);
}
/* The last put frees it: not the running thread. Any context. */
void thread_put(struct thread *t);
/* It is dead and off its hart: only its record stays, as long as somebody holds it. For sched.c. */
void thread_free_stack(struct thread *t);
/* End the running thread. It holds no lock and nothing that needs its stack. */
__noreturn void thread_exit(void);
/* Give the running thread another address space, loading it at once. @harts as in struct thread.
 * The old one's mask has this hart's bit no more when this returns. */
void thread_set_satp(u64 satp, u64 *harts);
/* @nice is cut to -20 .. 19. Any thread, any context. */
void thread_set_nice(struct thread *t, s32 nice);
/*
 * Harts @t may run on from now on; moved at once if need be (a running one at its next way through
 * schedule(), which is forced).  Returns 0; -EINVAL if no hart in service is among them (nothing
 * changed).
 */
__must_check int thread_set_affinity(struct thread *t, u64 mask);

/*
 * End an interruptible wait of @t now, or the next one it begins: it returns -EINTR. The mark stays
 * until thread_clear_interrupted(). If it runs on another hart, that hart is made to look at its
 * work flags: set those first. Any context.
 */
void thread_interrupt(struct thread *t);
static inline bool thread_is_interrupted(void)
{
	return READ_ONCE(thread_current()->interrupted);
}
static inline void thread_clear_interrupted(void)
{
	WRITE_ONCE(thread_current()->interrupted, false);
}
/* So far. Neither ever falls. Any thread, any context. */
struct thread_times thread_times(struct thread *t);
static inline nsec_t thread_run_time(struct thread *t)
{
	const struct thread_times times = thread_times(t);
	return times.user + times.kernel;
}
