/* SPDX-License-Identifier: MIT */
/*
 * Signals as a program sees them: numbers, sigaction, siginfo, and the frame that a handler is
 * called with, laid out as Linux lays it out on riscv64. There is no sa_restorer: handlers return
 * through the vDSO. A set of signals is a u64 in which bit n-1 stands for signal n.
 */
#pragma once

#include "lib/types.h"

/* One more than the largest number, so that arrays can be indexed by signal number. */
#define NSIG     65
#define SIGRTMIN 32
#define SIGRTMAX 64

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   SIGIO
#define SIGPWR    30
#define SIGSYS    31

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* ksigaction.handler: a user address, or one of these. */
#define SIG_DFL 0
#define SIG_IGN 1

#define SA_NOCLDSTOP      0x00000001
#define SA_NOCLDWAIT      0x00000002
#define SA_SIGINFO        0x00000004
#define SA_UNSUPPORTED    0x00000400
#define SA_EXPOSE_TAGBITS 0x00000800
#define SA_ONSTACK        0x08000000
#define SA_RESTART        0x10000000
#define SA_NODEFER        0x40000000
#define SA_RESETHAND      0x80000000

struct ksigaction {
	u64 handler; /* user address, SIG_DFL or SIG_IGN */
	u64 flags;   /* SA_* */
	u64 mask;    /* blocked while the handler runs */
};
static_assert(sizeof(struct ksigaction) == 24, "struct sigaction");

/* siginfo.si_code: where a signal comes from. Above 0 it comes from the kernel. */
#define SI_USER    0
#define SI_KERNEL  0x80
#define SI_QUEUE   -1
#define SI_TIMER   -2
#define SI_MESGQ   -3
#define SI_ASYNCIO -4
#define SI_SIGIO   -5
#define SI_TKILL   -6

#define ILL_ILLOPC   1
#define ILL_ILLOPN   2
#define ILL_ILLADR   3
#define ILL_ILLTRP   4
#define ILL_PRVOPC   5
#define ILL_PRVREG   6
#define ILL_COPROC   7
#define ILL_BADSTK   8
#define ILL_BADIADDR 9

#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2

#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3

#define TRAP_BRKPT  1
#define TRAP_TRACE  2
#define TRAP_BRANCH 3
#define TRAP_HWBKPT 4
#define TRAP_UNK    5

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

#define POLL_IN  1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6

#define SYS_SECCOMP 1

/* How many codes above 0 Linux has of its own for a signal; it has NSIGPOLL for the others. */
#define NSIGILL  11
#define NSIGFPE  15
#define NSIGSEGV 10
#define NSIGBUS  5
#define NSIGTRAP 6
#define NSIGCHLD 6
#define NSIGPOLL 6
#define NSIGSYS  2

#define SI_MAX_SIZE 128
/* The smallest si_code that is not the program's own affair, but for one. */
#define SI_DETHREAD -7
#define SI_ASYNCNL  -60

/* What is ever used of a siginfo_t. Which of the union's members count depends on si_signo and
 * si_code. */
struct siginfo {
	s32 si_signo;
	s32 si_errno;
	s32 si_code;
	s32 reserved;
	union {
		/* kill, tgkill, sigqueue, SIGCHLD */
		struct {
			s32 si_pid;
			u32 si_uid;
			union {
				u64 si_value;  /* sigqueue: union sigval */
				s32 si_status; /* SIGCHLD: exit code or signal */
			};
			s64 si_utime; /* SIGCHLD: clock ticks (1/100 s) */
			s64 si_stime;
		};
		/* POSIX timers; their value is si_value */
		struct {
			s32 si_tid;
			s32 si_overrun;
		};
		/* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
		struct {
			u64 si_addr;
			s16 si_addr_lsb;
		};
		/* SIGIO */
		struct {
			s64 si_band;
			s32 si_fd;
		};
		/* SIGSYS */
		struct {
			u64 si_call_addr;
			s32 si_syscall;
			u32 si_arch;
		};
	};
};

/* As programs have it. */
struct user_siginfo {
	struct siginfo info;
	u64 rest[(SI_MAX_SIZE - sizeof(struct siginfo)) / sizeof(u64)]; /* 0 */
};
static_assert(sizeof(struct user_siginfo) == SI_MAX_SIZE, "siginfo_t");

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1U << 31)

#define MINSIGSTKSZ 2048
#define SIGSTKSZ    8192

struct sigaltstack {
	u64 ss_sp; /* user address */
	s32 ss_flags;
	s32 reserved;
	u64 ss_size;
};
static_assert(sizeof(struct sigaltstack) == 24, "stack_t");

/* Floating point state. D uses the first 264 bytes; the tail must be zero for later extensions. */
union sigcontext_fp {
	struct {
		u64 f[32];
		u32 fcsr;
	} d;
	struct {
		u64 f[64] __attribute__((aligned(16)));
		u32 fcsr;
		u32 reserved[3];
	} q;
};
static_assert(sizeof(union sigcontext_fp) == 528, "union __riscv_fp_state");

struct sigcontext {
	u64 gregs[32]; /* [0] pc, [n] xn */
	union sigcontext_fp fpregs;
};

struct ucontext {
	u64 uc_flags;
	u64 uc_link;
	struct sigaltstack uc_stack;
	u64 uc_sigmask;
	u8 unused[1024 / 8 - sizeof(u64)]; /* room for a larger signal set */
	struct sigcontext uc_mcontext;
};
static_assert(offsetof(struct ucontext, uc_mcontext) == 176, "struct ucontext");
static_assert(sizeof(struct ucontext) == 960, "struct ucontext");

/* What is on the stack when a handler starts; sp points to it. */
struct rt_sigframe {
	struct user_siginfo info;
	struct ucontext uc;
};
static_assert(sizeof(struct rt_sigframe) == 1088, "struct rt_sigframe");

/* What of it sigreturn takes besides registers: as they stand in it from uc.uc_stack on. */
struct sigframe_settings {
	struct sigaltstack stack;
	u64 mask;
};
static_assert(offsetof(struct sigframe_settings, mask) ==
		      offsetof(struct ucontext, uc_sigmask) - offsetof(struct ucontext, uc_stack),
	      "uc_sigmask follows uc_stack");

/* sigevent.sigev_notify */
#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4
