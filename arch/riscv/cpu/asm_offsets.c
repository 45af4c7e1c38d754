// SPDX-License-Identifier: MIT
/*
 * Offsets for assembly. Compiled to assembly text only, from which the build takes the "->" strings
 * into generated/asm_offsets.h. Strings, since some compilers read what stands here as assembly.
 */
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/smp_boot.h"
#include "arch/riscv/cpu/switch.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "lib/abi/signal.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %0\"" ::"i"(value))

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(THREAD_SCRATCH, offsetof(struct arch_thread, scratch));
	DEFINE(THREAD_KERNEL_SP, offsetof(struct arch_thread, kernel_sp));
	DEFINE(THREAD_USER_SP, offsetof(struct arch_thread, user_sp));
	DEFINE(THREAD_USER_TP, offsetof(struct arch_thread, user_tp));
	DEFINE(THREAD_WORK, offsetof(struct arch_thread, work));
	DEFINE(THREAD_KERNEL_CYCLES, offsetof(struct arch_thread, kernel_cycles));
	DEFINE(THREAD_KERNEL_SINCE, offsetof(struct arch_thread, kernel_since));
	DEFINE(THREAD_FAULT_REPEATS, offsetof(struct arch_thread, fault_repeats));
	DEFINE(THREAD_REGS, offsetof(struct arch_thread, regs));
	DEFINE(SWITCH_START_SIZE, sizeof(struct switch_start));
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));
	DEFINE(FRAME_STATUS, offsetof(struct trap_frame, status));
	DEFINE(FRAME_CAUSE, offsetof(struct trap_frame, cause));
	DEFINE(FRAME_BADADDR, offsetof(struct trap_frame, badaddr));
	DEFINE(FRAME_ORIG_A0, offsetof(struct trap_frame, orig_a0));
	DEFINE(SMP_BOOT_SATP, offsetof(struct smp_boot, satp));
	DEFINE(SMP_BOOT_THREAD, offsetof(struct smp_boot, thread));
	DEFINE(SMP_BOOT_ENTRY, offsetof(struct smp_boot, entry));
	DEFINE(SMP_MAILBOX_HARTID, offsetof(struct smp_mailbox, hartid));
	DEFINE(SMP_MAILBOX_ARGS, offsetof(struct smp_mailbox, args));
	DEFINE(FPU_FCSR, offsetof(struct fpu_state, fcsr));
	DEFINE(SIGFRAME_UCONTEXT, offsetof(struct rt_sigframe, uc));
	DEFINE(SIGFRAME_STACK, offsetof(struct rt_sigframe, uc.uc_stack));
	DEFINE(SIGFRAME_MASK, offsetof(struct rt_sigframe, uc.uc_sigmask));
	DEFINE(SIGFRAME_REGISTERS, offsetof(struct rt_sigframe, uc.uc_mcontext.gregs));
	DEFINE(SIGFRAME_FPU, offsetof(struct rt_sigframe, uc.uc_mcontext.fpregs));
	DEFINE(SIGFRAME_FCSR, offsetof(struct rt_sigframe, uc.uc_mcontext.fpregs.d.fcsr));
	DEFINE(SIGFRAME_RESERVED, offsetof(struct rt_sigframe, uc.uc_mcontext.fpregs.q.reserved));
}
