/* SPDX-License-Identifier: MIT */
/* Changing threads (switch.S). The scheduler decides; this moves registers. */
#pragma once

#include "arch/riscv/cpu/cpu.h"

/*
 * Save the running thread @from and become @to: its stack, its registers, tp. Returns when somebody
 * switches back to
 * @from, perhaps on another hart. Context: interrupts off.
 */
void context_switch(struct arch_thread *from, struct arch_thread *to);

/*
 * Where a thread that never ran begins (regs.ra): calls the function in regs.s[1] with the
 * arguments in regs.s[2] and regs.s[3]; it does not return. regs.s[0] = 0 ends the backtraces.
 */
void thread_start_trampoline(void);
