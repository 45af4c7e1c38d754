/* SPDX-License-Identifier: MIT */
/*
 * Signal frames: what a handler finds on its stack (Linux's struct rt_sigframe for riscv64,
 * lib/abi/signal.h) and how its return undoes it. The handler returns into the vDSO, whose
 * rt_sigreturn comes back here.
 *
 * What happens to an interrupted system call, by the code it left in a0:
 *
 * | a0                     | no handler                 | handler with SA_RESTART | handler without |
 * |------------------------|----------------------------|-------------------------|-----------------|
 * | ERESTARTNOINTR         | again                      | again                   | again           |
 * | ERESTARTSYS            | again                      | again                   | EINTR           |
 * | ERESTARTNOHAND         | again                      | EINTR                   | EINTR           |
 * | ERESTART_RESTARTBLOCK  | restart_syscall            | EINTR                   | EINTR           |
 *
 * It is decided once, by the first handler that runs, or when none is left to run.
 *
 * A program may write anything into its frame. Nothing of it reaches the privileged state: only the
 * integer and floating-point registers and the pc are taken from it, and pc and sp are only used in
 * user mode.
 */
#include "arch/riscv/entry/signal_frame.h"

#include "arch/riscv/cpu/fpu.h"
#include "arch/riscv/cpu/usercopy.h"
#include "generated/vdso_offsets.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_deliver.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

/* Bytes of the one instruction that makes a system call; it has no compressed form. */
#define ECALL_SIZE         4
#define NR_RESTART_SYSCALL 128
#define STACK_ALIGNMENT    16
/* f->cause once the system call's result is final: what a program puts into a0 is no restart code.
 */
#define CAUSE_NONE (~0ULL)

static_assert(sizeof(((struct sigcontext *)0)->gregs) == sizeof(((struct trap_frame *)0)->x),
	      "both begin with pc and go on with x1");

/* ---- interrupted system calls ----------------------------------------------------------- */

static bool is_restart_code(s64 result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
	       result == -ERESTART_RESTARTBLOCK;
}

static void restart_same(struct trap_frame *f)
{
	f->x[REG_A0] = f->orig_a0;
	f->x[REG_PC] -= ECALL_SIZE;
}

static void resolve_with_handler(struct trap_frame *f, const struct ksigaction *action)
{
	const s64 code = (s64)f->x[REG_A0];
	const bool restarts = code == -ERESTARTNOINTR ||
			      (code == -ERESTARTSYS && (action->flags & SA_RESTART) != 0);

	if (restarts)
		restart_same(f);
	else
		f->x[REG_A0] = (u64)-EINTR;
}

static void resolve_without_handler(struct trap_frame *f)
{
	if ((s64)f->x[REG_A0] == -ERESTART_RESTARTBLOCK)
		f->x[REG_A7] = NR_RESTART_SYSCALL;
	restart_same(f);
}

/* @action: of the handler about to run; NULL: none will. */
static void resolve_system_call(struct trap_frame *f, const struct ksigaction *action)
{
	if (f->cause != CAUSE_USER_ECALL)
		return;
	if (is_restart_code((s64)f->x[REG_A0])) {
		if (action != NULL)
			resolve_with_handler(f, action);
		else
			resolve_without_handler(f);
	}
	f->cause = CAUSE_NONE;
}

/* ---- calling a handler ------------------------------------------------------------------ */

/*
 * Where the frame goes; 0: it would run out of the alternate stack that is in use already.
 */
static uaddr_t frame_address(const struct trap_frame *f, const struct ksigaction *action)
{
	const struct sigaltstack *altstack = &task_current()->altstack;
	const bool is_on_altstack = signal_is_on_altstack(f->x[REG_SP]);
	u64 sp = f->x[REG_SP];

	if ((action->flags & SA_ONSTACK) != 0 && !is_on_altstack && altstack->ss_size != 0)
		sp = altstack->ss_sp + altstack->ss_size;
	sp = ALIGN_DOWN(sp - sizeof(struct rt_sigframe), STACK_ALIGNMENT);
	if (is_on_altstack && !signal_is_on_altstack(sp))
		return 0;
	return sp;
}

static bool push_frame(struct trap_frame *f, const struct signal_taken *taken)
{
	const struct task *t = task_current();
	const u64 mask = t->restores_blocked ? t->saved_blocked : taken->blocked_before;
	const uaddr_t at = frame_address(f, &taken->action);

	if (at == 0 || put_user_sigframe(at, &taken->info, &t->altstack, mask, f->x) != 0)
		return false;
	f->x[REG_PC] = taken->action.handler;
	f->x[REG_RA] = t->process->aspace->vdso + VDSO_SYM___vdso_rt_sigreturn;
	f->x[REG_SP] = at;
	f->x[REG_A0] = (u64)taken->info.si_signo;
	f->x[REG_A1] = at + offsetof(struct rt_sigframe, info);
	f->x[REG_A2] = at + offsetof(struct rt_sigframe, uc);
	return true;
}

static void call_handler(struct trap_frame *f, const struct signal_taken *taken)
{
	struct task *t = task_current();

	resolve_system_call(f, &taken->action);
	if (!push_frame(f, taken)) {
		signal_undeliverable(taken);
		return;
	}
	if (((u32)t->altstack.ss_flags & SS_AUTODISARM) != 0)
		t->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	t->restores_blocked = false;
}

/* The call was not ended by a signal: what only its temporary mask let through must wait. */
static bool call_has_ended_by_itself(const struct trap_frame *f)
{
	const s64 result = (s64)f->x[REG_A0];

	return f->cause == CAUSE_USER_ECALL && result != -EINTR && !is_restart_code(result);
}

/* One handler at a time: what is left to do keeps TW_SIGNAL set. */
void signal_deliver(struct trap_frame *f)
{
	struct signal_taken taken;

	if (call_has_ended_by_itself(f))
		(void)signal_restore_mask(); /* whether there was a temporary one or not */
	if (signal_next(&taken)) {
		call_handler(f, &taken);
		return;
	}
	resolve_system_call(f, NULL);
	(void)signal_restore_mask();
}

/* ---- returning from one ----------------------------------------------------------------- */

/* As far as it can be read, the registers change at once. */
static bool read_frame(uaddr_t at, struct trap_frame *f, struct sigframe_settings *out)
{
	if (!IS_ALIGNED(at, sizeof(u64)))
		return false;
	do {
		fpu_set_dirty();
		if (get_user_sigframe(at, out, f->x) != 0)
			return false;
		/* It slept, and what was loaded since is not known to be newer than what was saved
		 * then: once more. */
	} while (unlikely(!fpu_is_dirty()));
	return true;
}

void signal_return(struct trap_frame *f)
{
	struct sigframe_settings settings;

	task_current()->restart.resume = NULL;
	f->cause = CAUSE_NONE;
	if (!read_frame(f->x[REG_SP], f, &settings)) {
		signal_fault(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	signal_set_mask(settings.mask);
	/* One that is bad or in use changes nothing, as on Linux. */
	(void)signal_set_altstack(&settings.stack, f->x[REG_SP]);
}
