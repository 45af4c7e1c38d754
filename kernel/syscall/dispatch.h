/* SPDX-License-Identifier: MIT */
/* From the ecall instruction to the handler: kernel/syscall/syscalls.tbl says which. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"

/* Calls can be traced from here on. At boot. */
void syscall_init(void);

/*
 * Run the system call that @f asks for and put its result into a0. The caller has kept a0 in
 * f->orig_a0 and moved the pc past the ecall. Context: interrupts on; may sleep, and does not
 * return if the program ends.
 */
void syscall_dispatch(struct trap_frame *f);
