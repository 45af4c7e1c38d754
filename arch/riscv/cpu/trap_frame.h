/* SPDX-License-Identifier: MIT */
/*
 * What a trap saves: the interrupted program's registers. For a trap from user mode it stands at
 * the top of the thread's kernel stack, and holds sp, gp, tp and s0 to s11 only for signals and for
 * system calls with +frame in syscalls.tbl (trap_entry.S). Offsets are generated for assembly.
 */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/types.h"

/* x[0] holds the pc, x[n] register xn, the order of Linux's user_regs_struct. */
struct trap_frame {
	u64 x[32];
	u64 status;  /* sstatus */
	u64 cause;   /* scause */
	u64 badaddr; /* stval; after a system call, anything */
	u64 orig_a0; /* a0 as the system call got it: for signals, where x[REG_A0] is its result */
};

enum {
	REG_PC = 0,
	REG_RA = 1,
	REG_SP = 2,
	REG_GP = 3,
	REG_TP = 4,
	REG_T0 = 5,
	REG_T1 = 6,
	REG_T2 = 7,
	REG_S0 = 8,
	REG_S1 = 9,
	REG_A0 = 10,
	REG_A1,
	REG_A2,
	REG_A3,
	REG_A4,
	REG_A5,
	REG_A6,
	REG_A7
};

static_assert(sizeof(struct trap_frame) == 36 * 8, "trap_entry.S counts on it");

/* The user registers of a thread that came from user mode. */
static inline struct trap_frame *thread_user_frame(const struct arch_thread *t)
{
	return (struct trap_frame *)(t->kernel_sp);
}

static inline bool trap_from_user(const struct trap_frame *f)
{
	return (f->status & SSTATUS_SPP) == 0;
}

/*
 * The address a fault is about. An erratum leaves bits 63..39 of a faulting fetch's clear (CIP-453,
 * rule T12).
 */
static inline u64 trap_fault_address(const struct trap_frame *f)
{
	const bool is_fetch = f->cause == CAUSE_FETCH_PAGE || f->cause == CAUSE_FETCH_ACCESS;
	if (is_fetch && (f->badaddr & BIT(38)) != 0)
		return f->badaddr | ~0UL << 39;
	return f->badaddr;
}

/* A fresh program: every register zero but the stack pointer; interrupts on, FPU in its initial
 * state. */
void trap_frame_init_user(struct trap_frame *f, uaddr_t pc, uaddr_t sp);
/* Enter user mode with what thread_user_frame(current) says. The kernel stack is empty afterwards.
 * Installed by arch/riscv/entry, whose work that is, for those below it who build a program's first
 * frame. */
extern __noreturn void (*trap_return_to_user)(void);
