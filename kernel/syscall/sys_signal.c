/* SPDX-License-Identifier: MIT */
/*
 * System calls about signals, interval timers, groups and sessions: checks and copies; the work is
 * done by kernel/proc (signal.h, jobctl.h, itimer.h, cpu_timer.h) and
 * arch/riscv/entry/signal_frame.c.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "arch/riscv/entry/signal_frame.h"
#include "kernel/proc/cpu_timer.h"
#include "kernel/proc/jobctl.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/user_time.h"

/* What programs say the size of a signal set is. */
#define MASK_SIZE sizeof(u64)

static struct trap_frame *user_frame(void)
{
	return thread_user_frame(arch_current());
}

/* ---- sending ---------------------------------------------------------------------------- */

s64 sys_kill(u64 pid, u64 sig)
{
	return jobctl_kill((s32)pid, (int)sig);
}

/* @tgid 0: of whatever process. */
static s64 kill_thread(u32 tgid, u32 tid, int sig)
{
	struct siginfo info;

	siginfo_init(&info, sig, SI_TKILL);
	info.si_pid = (s32)process_current()->pid;
	info.si_uid = cred_current()->uid;
	return jobctl_kill_thread(tgid, tid, sig, &info);
}

s64 sys_tkill(u64 tid, u64 sig)
{
	return (s32)tid > 0 ? kill_thread(0, (u32)tid, (int)sig) : -EINVAL;
}

s64 sys_tgkill(u64 tgid, u64 tid, u64 sig)
{
	if ((s32)tgid <= 0 || (s32)tid <= 0)
		return -EINVAL;
	return kill_thread((u32)tgid, (u32)tid, (int)sig);
}

/* NULL is welcome. */
static __must_check int put_user_siginfo(uaddr_t to, const struct siginfo *info)
{
	const struct user_siginfo copy = { .info = *info };
	return to == 0 || copy_to_user(to, &copy, sizeof(copy)) == 0 ? 0 : -EFAULT;
}

/* Does Linux know what a siginfo of @sig with @code holds? Of another it may be more than we keep.
 */
static bool siginfo_is_known(u32 sig, s32 code)
{
	static const u8 own_codes[] = {
		[SIGILL] = NSIGILL,   [SIGTRAP] = NSIGTRAP, [SIGBUS] = NSIGBUS,
		[SIGFPE] = NSIGFPE,   [SIGSEGV] = NSIGSEGV, [SIGCHLD] = NSIGCHLD,
		[SIGPOLL] = NSIGPOLL, [SIGSYS] = NSIGSYS,
	};
	if (code <= SI_USER)
		return code >= SI_DETHREAD || code == SI_ASYNCNL;
	const bool has_own = sig < ARRAY_SIZE(own_codes) && own_codes[sig] != 0;
	return code == SI_KERNEL || code <= (has_own ? own_codes[sig] : NSIGPOLL);
}

/* Siginfo of the caller's making for @sig. */
static int get_user_siginfo(struct siginfo *out, uaddr_t from, u32 sig)
{
	u64 rest[ARRAY_SIZE(((struct user_siginfo *)NULL)->rest)];

	if (copy_from_user(out, from, sizeof(*out)) != 0)
		return -EFAULT;
	if (siginfo_is_known(sig, out->si_code))
		return 0;
	if (copy_from_user(rest, from + sizeof(*out), sizeof(rest)) != 0)
		return -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		if (rest[i] != 0)
			return -E2BIG;
	}
	return 0;
}

/* Nobody may claim to be the kernel or kill(), but to itself: the thread @id. */
static bool may_claim(const struct siginfo *info, u64 id)
{
	return (info->si_code < 0 && info->si_code != SI_TKILL) || task_current()->tid == (u32)id;
}

s64 sys_rt_sigqueueinfo(u64 pid, u64 sig, u64 info)
{
	struct siginfo copy;

	const int error = get_user_siginfo(&copy, info, (u32)sig);
	if (error != 0)
		return error;
	return may_claim(&copy, pid) ? jobctl_kill_one((u32)pid, (int)sig, &copy) : -EPERM;
}

s64 sys_rt_tgsigqueueinfo(u64 tgid, u64 tid, u64 sig, u64 info)
{
	struct siginfo copy;

	const int error = get_user_siginfo(&copy, info, (u32)sig);
	if (error != 0)
		return error;
	if ((s32)tgid <= 0 || (s32)tid <= 0)
		return -EINVAL;
	return may_claim(&copy, tid) ? jobctl_kill_thread((u32)tgid, (u32)tid, (int)sig, &copy) :
				       -EPERM;
}

/* ---- handlers and masks ----------------------------------------------------------------- */

s64 sys_rt_sigaction(u64 sig, u64 action, u64 old_action, u64 mask_size)
{
	struct ksigaction new_action, old;

	if (mask_size != MASK_SIZE)
		return -EINVAL;
	if (action != 0 && get_user_sigaction(&new_action, action) != 0)
		return -EFAULT;
	const int error = signal_set_action((int)sig, action != 0 ? &new_action : NULL,
					    old_action != 0 ? &old : NULL);
	return error != 0 || old_action == 0 ? error : put_user_sigaction(old_action, &old);
}

static int change_mask(u64 how, u64 set)
{
	const u64 blocked = task_current()->blocked;

	switch ((s32)how) {
	case SIG_BLOCK:
		signal_set_mask(blocked | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_mask(blocked & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_mask(set);
		return 0;
	default:
		return -EINVAL;
	}
}

s64 sys_rt_sigprocmask(u64 how, u64 mask, u64 old_mask, u64 mask_size)
{
	const u64 old = task_current()->blocked;
	u64 set;

	if (mask_size != MASK_SIZE)
		return -EINVAL;
	if (mask != 0) {
		if (get_user_u64(&set, mask) != 0)
			return -EFAULT;
		const int error = change_mask(how, set);
		if (error != 0)
			return error;
	}
	return old_mask == 0 ? 0 : put_user_u64(old_mask, old);
}

s64 sys_rt_sigpending(u64 mask, u64 mask_size)
{
	const u64 pending = signal_pending_blocked();

	if (mask_size > MASK_SIZE)
		return -EINVAL;
	return copy_to_user(mask, &pending, mask_size) == 0 ? 0 : -EFAULT;
}

s64 sys_rt_sigsuspend(u64 mask, u64 mask_size)
{
	struct signal_state *s = &process_current()->signals;
	u64 set;

	if (mask_size != MASK_SIZE)
		return -EINVAL;
	if (get_user_u64(&set, mask) != 0)
		return -EFAULT;
	signal_set_temporary_mask(set);
	(void)wait_event_interruptible(&s->wait, signal_is_deliverable());
	return -ERESTARTNOHAND;
}

s64 sys_rt_sigtimedwait(u64 mask, u64 info, u64 timeout, u64 mask_size)
{
	nsec_t deadline = CLOCK_NEVER;
	struct siginfo taken;
	u64 set;

	if (mask_size != MASK_SIZE)
		return -EINVAL;
	if (get_user_u64(&set, mask) != 0)
		return -EFAULT;
	if (timeout != 0) {
		nsec_t duration;
		const int error = get_user_timespec(&duration, timeout);
		if (error != 0)
			return error;
		deadline = deadline_after(duration);
	}
	const int sig = signal_wait(set, deadline, &taken);
	if (sig > 0 && put_user_siginfo(info, &taken) != 0)
		return -EFAULT;
	return sig;
}

s64 sys_sigaltstack(u64 stack, u64 old_stack)
{
	const u64 sp = arch_current()->user_sp;
	struct sigaltstack new_stack, old;

	if (stack != 0 && copy_from_user(&new_stack, stack, sizeof(new_stack)) != 0)
		return -EFAULT;
	signal_get_altstack(&old, sp);
	if (stack != 0) {
		const int error = signal_set_altstack(&new_stack, sp);
		if (error != 0)
			return error;
	}
	if (old_stack != 0 && copy_to_user(old_stack, &old, sizeof(old)) != 0)
		return -EFAULT;
	return 0;
}

/* The result stands in a0 already, with all other registers; dispatch stores it there again. */
s64 sys_rt_sigreturn(void)
{
	struct trap_frame *f = user_frame();

	signal_return(f);
	return (s64)f->x[REG_A0];
}

/* ---- interval timers -------------------------------------------------------------------- */

static int timer_get(u64 which, nsec_t *left, nsec_t *interval)
{
	switch ((s32)which) {
	case ITIMER_REAL:
		itimer_get(signal_real_timer(), left, interval);
		return 0;
	case ITIMER_VIRTUAL:
		cpu_timer_get(CPU_TIMER_VIRTUAL, left, interval);
		return 0;
	case ITIMER_PROF:
		cpu_timer_get(CPU_TIMER_PROF, left, interval);
		return 0;
	default:
		return -EINVAL;
	}
}

/* @which is one that timer_get() knows. */
static void timer_set(u64 which, nsec_t after, nsec_t interval)
{
	if ((s32)which == ITIMER_REAL)
		itimer_set(signal_real_timer(), after, interval);
	else
		cpu_timer_set((s32)which == ITIMER_PROF ? CPU_TIMER_PROF : CPU_TIMER_VIRTUAL, after,
			      interval);
}

static __must_check int put_user_timer(uaddr_t to, nsec_t left, nsec_t interval)
{
	/* Rounded up, since 0 means "off". */
	const struct kitimerval value = { .it_interval = nsec_to_timeval(interval),
					  .it_value = nsec_to_timeval(left + NSEC_PER_USEC - 1) };
	return copy_to_user(to, &value, sizeof(value)) == 0 ? 0 : -EFAULT;
}

s64 sys_getitimer(u64 which, u64 value)
{
	nsec_t left, interval;

	const int error = timer_get(which, &left, &interval);
	return error != 0 ? error : put_user_timer(value, left, interval);
}

s64 sys_setitimer(u64 which, u64 value, u64 old_value)
{
	struct kitimerval setting = { 0 };
	nsec_t left, interval;

	if (value != 0 && copy_from_user(&setting, value, sizeof(setting)) != 0)
		return -EFAULT;
	if (!timeval_is_valid(&setting.it_value) || !timeval_is_valid(&setting.it_interval))
		return -EINVAL;
	const int error = timer_get(which, &left, &interval);
	if (error != 0)
		return error;
	timer_set(which, timeval_to_nsec(&setting.it_value), timeval_to_nsec(&setting.it_interval));
	return old_value != 0 ? put_user_timer(old_value, left, interval) : 0;
}

/* ---- groups and sessions ---------------------------------------------------------------- */

s64 sys_setpgid(u64 pid, u64 pgid)
{
	return jobctl_set_group((s32)pid, (s32)pgid);
}

s64 sys_getpgid(u64 pid)
{
	return jobctl_group_of((s32)pid);
}

s64 sys_getsid(u64 pid)
{
	return jobctl_session_of((s32)pid);
}

s64 sys_setsid(void)
{
	return jobctl_new_session();
}
