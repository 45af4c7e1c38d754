/* SPDX-License-Identifier: MIT */
/* Faults of the kernel itself that nobody can serve: our own mistakes, named. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"

/* Panic, saying what the kernel did at which address @va and why that cannot be. */
__noreturn void kernel_fault_panic(const struct trap_frame *f, u64 va);
/* Called by trap_entry.S, on a stack of its own. */
__noreturn void handle_stack_overflow(struct trap_frame *f);
