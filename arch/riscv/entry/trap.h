/* SPDX-License-Identifier: MIT */
/* Traps: what trap_entry.S calls, and the setting up of a hart for them. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"

/* Point this hart's traps here and allow its interrupts: each hart, once. Interrupts stay masked.
 */
void trap_init_hart(void);

/* All but system calls. */
void handle_user_trap(const struct trap_frame *f);
void handle_kernel_trap(struct trap_frame *f);
/* The work flags are set on the way to user mode. Interrupts off before and after. */
void handle_user_work(struct trap_frame *f);
