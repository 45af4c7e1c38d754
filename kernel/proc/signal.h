/* SPDX-License-Identifier: MIT */
/*
 * Signals: what a process has pending, blocked and handled, and sending. Numbers and structures are
 * Linux's (lib/abi/signal.h). What happens to a pending signal is decided in signal_deliver.h, on
 * the way back to user mode; who may signal whom, and groups, are in jobctl.h.
 *
 * Invariant: whenever a signal of a process is deliverable (pending and not blocked), its thread
 * has TW_SIGNAL set and is interrupted, so that no interruptible wait outlasts it. Both marks are
 * set and cleared under signals.lock, by the sender and by the thread itself.
 */
#pragma once

#include "kernel/core/spinlock.h"
#include "kernel/proc/itimer.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/signal.h"
#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/string.h"
#include "lib/types.h"

struct process;

/* The set with @sig alone. */
#define SIGNAL_BIT(sig) BIT((sig)-1)
/* No mask, handler or wait ever holds these. */
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
/* What signals without a handler do besides ending the process. */
#define SIGNALS_STOPPING \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define SIGNALS_IGNORED_BY_DEFAULT \
	(SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))
/* Siginfo kept for one process at most. Beyond it signals up to 31 still arrive, without siginfo.
 */
#define SIGNAL_QUEUE_MAX 1024

/* All of it, since it is copied to programs as it is. */
static inline void siginfo_init(struct siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
}

/*
 * How restart_syscall() goes on with a call that a signal without handler interrupted (its timeout
 * is partly used up). The call returns -ERESTART_RESTARTBLOCK after filling this in.
 */
struct restart_block {
	s64 (*resume)(struct restart_block *r); /* NULL: there is nothing to resume */
	nsec_t deadline;
	u64 data[4]; /* the call's own */
};

struct signal_state {
	struct spinlock lock; /* RANK_SIGNAL */

	/* under lock; blocked and actions are written by the own thread only, which reads without
	 */
	u64 pending; /* sets of SIGNAL_BIT() */
	u64 blocked;
	u64 awaited;     /* by signal_wait(): the sender wakes `wait` */
	u64 forced;      /* pending ones that end even PID 1 */
	bool is_stopped; /* sleeps in `wait` until SIGCONT or SIGKILL clears this */
	bool is_closed;  /* exits: nothing is accepted any more */
	u32 queued_count;
	struct list queue; /* siginfo in order of arrival: one for each number up to 31, any for
			      others */
	struct ksigaction actions[NSIG];

	/* locks of their own */
	struct waitq wait;        /* is_stopped changed, or something awaited came */
	struct itimer real_timer; /* setitimer(ITIMER_REAL) */

	/* only the own thread */
	u64 saved_blocked;     /* sigsuspend, ppoll: the mask to go back to */
	bool restores_blocked; /* saved_blocked is valid */
	struct sigaltstack altstack;
	struct siginfo fault; /* of the running thread; si_signo 0 = none */
	struct restart_block restart;
};

/* ---- life of a process -------------------------------------------------------------------- */

void signal_init(void);
/* Nothing pending, blocked or handled. For process_create(). */
void signal_state_init(struct process *p);
/* @child begins with the running process' mask and handlers (@clear_handlers: those not ignored
 * become default, CLONE_CLEAR_SIGHAND) and, unless it @shares_memory, alternate stack. */
void signal_state_fork(struct process *child, bool clear_handlers, bool shares_memory);
/* exec: handlers become default; what is ignored, blocked or pending stays. Running process. */
void signal_state_exec(void);
/* exit: drop what is pending, stop the interval timer, and accept nothing from now on. Running
 * process, before it becomes a zombie. Context: may sleep. */
void signal_state_close(void);

/* ---- sending ------------------------------------------------------------------------------ */

/*
 * Send @sig to @p; @info NULL = from the kernel. What @p ignores is dropped, and for PID 1 also
 * what it has no handler for. Zombies take it and do nothing. Context: not interrupt;
 * process_tree_lock may be held. Returns 0; -EAGAIN if a queued real-time signal (si_code below 0)
 * finds no room.
 */
int signal_send(struct process *p, int sig, const struct siginfo *info);
/* SIGKILL that ends PID 1 too: shutdown, out of memory. */
void signal_kill(struct process *p);
/* A fault of the running thread: delivered even if blocked or ignored (then fatally). The caller is
 * on its way back to user mode. */
void signal_fault(int sig, int code, uaddr_t address);

/* ---- questions ---------------------------------------------------------------------------- */

/* The running process has a signal to take before it goes on. */
bool signal_is_deliverable(void);
/* It has been killed: give up waits that nothing else interrupts. */
bool signal_is_fatal_pending(void);
/* The running process blocks or ignores @sig (a terminal's check for SIGTTIN, SIGTTOU). */
bool signal_is_blocked_or_ignored(int sig);
/* Children of @parent need no wait: SIGCHLD is ignored or has SA_NOCLDWAIT. */
bool signal_discards_children(struct process *parent);
/* @parent wants to hear of stops and continues: SIGCHLD lacks SA_NOCLDSTOP. */
bool signal_wants_child_stops(struct process *parent);

/* For /proc/N/status. */
struct signal_masks {
	u64 pending, blocked, ignored, caught;
	u32 queued_count;
};
void signal_masks_of(struct process *p, struct signal_masks *out);

/* ---- masks and handlers of the running process -------------------------------------------- */

/* Block exactly @mask (less the unblockable). */
void signal_set_mask(u64 mask);
/*
 * The same for the time of a call (sigsuspend, ppoll, pselect6): a handler that runs at the end of
 * the call returns to the old mask; if none does, the old mask comes back by itself on the way to
 * user mode. The call returns -ERESTARTNOHAND (or -EINTR) if it is a signal that ended it: else no
 * signal is let through.
 */
void signal_set_temporary_mask(u64 mask);
/* Undo signal_set_temporary_mask(). False if there is nothing to undo. */
bool signal_restore_mask(void);
/* Replace the action for @sig; @old may be NULL. -EINVAL: @sig has none. */
int signal_set_action(int sig, const struct ksigaction *new_action, struct ksigaction *old);
/* Sets of pending signals that are blocked. */
u64 signal_pending_blocked(void);
/*
 * sigtimedwait: take a signal of @set, blocked or not, waiting until @deadline. The number,
 * -EAGAIN, or -EINTR when another signal came. Context: may sleep.
 */
int signal_wait(u64 set, nsec_t deadline, struct siginfo *out);

/* ---- the alternate stack of the running process -------------------------------------------- */

/* @sp lies on it (never with SS_AUTODISARM, for it is disarmed while used). */
bool signal_is_on_altstack(u64 sp);
/* As sigaltstack() reports it to a program whose stack pointer is @sp. */
void signal_get_altstack(struct sigaltstack *out, u64 sp);
/* -EPERM: in use; -EINVAL; -ENOMEM: too small. */
int signal_set_altstack(const struct sigaltstack *stack, u64 sp);

/* ---- for signal_deliver.c ----------------------------------------------------------------- */

struct signal_taken {
	struct siginfo info;
	struct ksigaction action; /* as it was; SA_RESETHAND has been obeyed */
	bool is_forced;           /* ends even PID 1 */
};
/*
 * Take the next deliverable signal of the running process, faults first. A signal that will stop
 * the process sets is_stopped in the same moment, so that a SIGCONT from now on is not lost. False:
 * there is none, and the marks of the invariant above are cleared.
 */
bool signal_take_next(struct signal_taken *out);
/* The process will not stop after all (its group is orphaned). */
void signal_cancel_stop(void);
