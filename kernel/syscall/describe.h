/* SPDX-License-Identifier: MIT */
/* System calls in words, for strace: names and kinds of arguments come from syscalls.tbl. */
#pragma once

#include "arch/riscv/cpu/trap_frame.h"

/* NULL: no call has this number. */
const char *syscall_name(u64 number);
/*
 * Run @call(@f, @number) for a traced process and write a line about it. Context: as
 * syscall_dispatch().
 */
s64 syscall_described(const struct trap_frame *f, u64 number,
		      s64 (*call)(const struct trap_frame *f, u64 number));
