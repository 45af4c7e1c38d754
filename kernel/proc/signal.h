/* SPDX-License-Identifier: MIT */
/*
 * Signals: what a process and each of its threads has pending, blocked and handled, and sending.
 * Numbers and structures are Linux's (lib/abi/signal.h). What happens to a pending signal is
 * decided in signal_deliver.h, on the way back to user mode; who may signal whom, and groups, are
 * in jobctl.h.
 *
 * Invariant: whenever a signal sent to a thread is deliverable (pending and not blocked), that
 * thread is marked: it has TW_SIGNAL set and is interrupted, so that no interruptible wait outlasts
 * it. While one sent to a process is deliverable to any of its threads, one of these is marked. So
 * is every thread that is to stop or to end. The marks are set under signals.lock, and cleared
 * under it by the thread itself. A mark too many does no harm.
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
struct task;

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
	*info = (struct siginfo){ .si_signo = sig, .si_code = code };
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

/* What is told of one signal that is pending. */
struct queued_signal {
	struct list node; /* struct pending_signals.queue */
	struct siginfo info;
};

/* Sent and not yet taken. Under signals.lock of the process. */
struct pending_signals {
	u64 set;           /* of SIGNAL_BIT() */
	struct list queue; /* siginfo in order of arrival: one for each number up to 31, any for
			      others */
};

/* What all threads of a process share; the rest is in struct task. */
struct signal_state {
	struct spinlock lock; /* RANK_SIGNAL */

	/* under lock */
	struct pending_signals pending; /* sent to the process: any thread may take them */
	bool kill_is_forced;            /* the pending SIGKILL ends even PID 1 */
	bool is_closed;                 /* exits: nothing is accepted any more */
	u32 queued_count;               /* siginfo of process and threads */

	/* under lock; all threads are to sleep in `wait` while is_stopped. SIGCONT and SIGKILL
	 * clear it */
	bool is_stopped;
	int stop_signal;
	u32 parked_count; /* threads that sleep there */

	/* locks of their own */
	struct waitq wait; /* is_stopped changed, something awaited came, a thread is killed or
			      gone */

	/*
	 * Under lock. Most processes handle few signals, so what fork and exec do follows the set:
	 * where it has no bit the action is the default one, and there is nothing in the array.
	 * The process' own threads read the set without the lock, too.
	 */
	u64 actions_set;     /* of SIGNAL_BIT() */
	u64 actions_ignored; /* of these, SIG_IGN: what exec leaves */

	/* from here on signal_state_init() sets nothing but real_timer.expired */

	struct itimer real_timer; /* locks of its own; see signal_real_timer() */

	/* under lock */
	struct ksigaction actions[NSIG];

	/* a place for the first siginfo, so that most signals need no memory */
	struct queued_signal first_queued;
};

/* What @s does about @sig: handler, flags and mask. Caller holds its lock. */
const struct ksigaction *signal_action_locked(const struct signal_state *s, int sig);

/* ---- life of a process -------------------------------------------------------------------- */

void signal_init(void);
/* Nothing pending, blocked or handled. For process_create(). */
void signal_state_init(struct process *p);
/* @child begins with the running thread's mask and handlers (@clear_handlers: those not ignored
 * become default, CLONE_CLEAR_SIGHAND) and, unless it @runs_beside it in the same memory, alternate
 * stack. Caller holds the running process' signals.lock. */
void signal_state_fork_locked(struct process *child, bool clear_handlers, bool runs_beside);
/* exec: handlers become default; what is ignored, blocked or pending stays. Running process. */
void signal_state_exec(void);
/* The interval timer of the running process that sends SIGALRM. Few processes have a use for it, so
 * it is made when it is first asked for: until then its function is NULL. */
struct itimer *signal_real_timer(void);
/* exit: the interval timer of the running process @p is off for good. Context: may sleep. */
void signal_timer_stop(struct process *p);
/* Then: drop what is pending, and accept nothing from now on. Caller holds signals.lock. */
void signal_state_close_locked(struct process *p);
/* The running task @t begins to end: drop what it alone has pending, let another one take what it
 * was to take, disturb its waits no more. Caller holds signals.lock. */
void signal_task_close_locked(struct task *t);
/* All tasks of the running process but the running one are to end. Caller holds signals.lock. */
void signal_end_others_locked(void);

/* ---- sending ------------------------------------------------------------------------------ */

/*
 * Send @sig to @p, where a thread that does not block it will take it; @info NULL = from the
 * kernel. What @p ignores is dropped, and for PID 1 also what it has no handler for. Zombies take
 * it and do nothing. Context: not interrupt; process_tree_lock may be held. Returns 0; -EAGAIN if a
 * queued real-time signal (si_code below 0) finds no room.
 */
int signal_send(struct process *p, int sig, const struct siginfo *info);
/* Would @p drop @sig now? Caller holds signals.lock. */
bool signal_is_dropped_locked(const struct process *p, int sig);
/* The same to one thread: the running one, or one found under process_tree_lock, still held. */
int signal_send_task(struct task *t, int sig, const struct siginfo *info);
/* SIGKILL that ends PID 1 too: shutdown, out of memory. */
void signal_kill(struct process *p);
/* A fault of the running thread: delivered even if blocked or ignored (then fatally). The caller is
 * on its way back to user mode. */
void signal_fault(int sig, int code, uaddr_t address);

/* ---- questions ---------------------------------------------------------------------------- */

/* The running thread has a signal to take, or to stop, before it goes on. */
bool signal_is_deliverable(void);
/* It is to end: give up waits that nothing else interrupts. */
bool signal_is_fatal_pending(void);
/* It will end on its way back to user mode: that, or a signal whose default ends it is pending. */
bool signal_will_end(void);
/*
 * A wait of the running thread was interrupted, but what it waits for comes first: the signal stays
 * pending until the way out of the kernel, and waiting goes on. False: it will end there.
 */
bool signal_put_off(void);
/* The running thread blocks or ignores @sig (a terminal's check for SIGTTIN, SIGTTOU). */
bool signal_is_blocked_or_ignored(int sig);
/* What its action for SIGCHLD says of a parent. */
struct signal_child_wishes {
	bool is_dropped;  /* it would drop one now: there is no need to find out what to tell it */
	bool discards;    /* its children need no wait: ignored, or SA_NOCLDWAIT */
	bool wants_stops; /* it hears of stops and continues: not ignored, no SA_NOCLDSTOP */
};
struct signal_child_wishes signal_child_wishes(struct process *parent);

/* For /proc/N/status. */
struct signal_masks {
	u64 pending, blocked; /* of the thread */
	u64 shared_pending, ignored, caught;
	u32 queued_count;
};
/* Caller holds process_tree_lock. */
void signal_masks_of_locked(struct task *t, struct signal_masks *out);

/* ---- masks and handlers of the running thread --------------------------------------------- */

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
/* The set of pending signals that are blocked. */
u64 signal_pending_blocked(void);
/*
 * sigtimedwait: take a signal of @set, blocked or not, waiting until @deadline. The number,
 * -EAGAIN, or -EINTR when another signal came. Context: may sleep.
 */
int signal_wait(u64 set, nsec_t deadline, struct siginfo *out);

/* ---- the alternate stack of the running thread --------------------------------------------- */

/* @sp lies on it (never with SS_AUTODISARM, for it is disarmed while used). */
bool signal_is_on_altstack(u64 sp);
/* As sigaltstack() reports it to a program whose stack pointer is @sp. */
void signal_get_altstack(struct sigaltstack *out, u64 sp);
/* -EPERM: in use; -EINVAL; -ENOMEM: too small. */
int signal_set_altstack(const struct sigaltstack *stack, u64 sp);

/* ---- for signal_deliver.c ----------------------------------------------------------------- */

struct signal_taken {
	enum { TAKEN_SIGNAL, TAKEN_STOP, TAKEN_END } kind; /* a signal, or what to do at once */
	/* of TAKEN_SIGNAL alone */
	bool is_forced;           /* ends even PID 1 */
	struct siginfo info;      /* si_signo: the number */
	struct ksigaction action; /* as it was; SA_RESETHAND has been obeyed */
	u64 blocked_before;       /* by the thread; if there is a handler, what it wants is now */
};
/*
 * What the running thread has to do next: end, stop with its process, or take a deliverable signal,
 * faults first. A signal that will stop the process sets is_stopped in the same moment, so that a
 * SIGCONT from now on is not lost; one that has a handler blocks what that wants blocked. False:
 * nothing, and the marks of the invariant above are cleared.
 */
bool signal_take_next(struct signal_taken *out);
/* The stop that the running thread took is real, all are to stop; or it is not (the group is
 * orphaned, and only SIGSTOP stops it). */
void signal_spread_stop(void);
void signal_cancel_stop(void);
