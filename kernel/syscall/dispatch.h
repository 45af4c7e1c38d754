/* SPDX-License-Identifier: MIT */
/* From the ecall instruction to the handler: kernel/syscall/syscalls.tbl says which. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"

/* Calls can be traced from here on. At boot. */
void syscall_init(void);

/*
 * Calls below this number go from trap_entry.S straight through syscall_table (table.S) to their
 * handler. All of them, or none while somebody wants to see them: so that costs nothing otherwise.
 * Atomic.
 */
extern u64 syscall_straight_count;

/*
 * Run the system call that @f asks for, which holds all registers, and put its result into a0. The
 * pc has been moved past the ecall. Context: interrupts on; may sleep, and does not return if the
 * program ends.
 */
void syscall_dispatch(struct trap_frame *f);
/*
 * A call went straight, and its @result is an error: out of memory, and it is done again, or what
 * only the way out understands. Returns the final one. Context: as before.
 */
s64 syscall_failed(const struct trap_frame *f, s64 result);
/* Nothing of the kernel's may be held when a call ends. Returns @result. */
s64 syscall_end(s64 result);
