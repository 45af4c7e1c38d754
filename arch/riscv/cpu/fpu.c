// SPDX-License-Identifier: MIT
/*
 * Whose floating-point registers are where. Invariants:
 *  - cpu->fpu_holds names the thread whose saved state the hart's registers equal (or newer than:
 *    it runs and has dirtied them); NULL: they are all zero;
 *  - a thread's saved status says Dirty, in FS and in SD, its sign, only between its writing a
 *    register and its next switch or save.
 * Only this hart, interrupts off or by the running thread, touches fpu_holds.
 */
#include "arch/riscv/cpu/fpu.h"

/* What a program that never computed has. */
static const struct fpu_state fpu_zero;

#define FPU_CPU_NONE (~0u)

/* fpu_registers.S */
void fpu_registers_save(struct fpu_state *to);
void fpu_registers_load(const struct fpu_state *from);

static u64 *saved_status(struct arch_thread *t)
{
	return &thread_user_frame(t)->status;
}

static void set_fs(u64 *status, u64 fs)
{
	*status = (*status & ~(u64)(SSTATUS_FS | SSTATUS_SD)) | fs;
}

static void registers_save(struct fpu_state *to)
{
	csr_set(sstatus, SSTATUS_FS_DIRTY);
	fpu_registers_save(to);
	csr_clear(sstatus, SSTATUS_FS);
}

/* The state of @t; NULL: zeros. */
static void registers_load(const struct arch_thread *t)
{
	csr_set(sstatus, SSTATUS_FS_DIRTY);
	fpu_registers_load(t != NULL ? &t->fpu : &fpu_zero);
	csr_clear(sstatus, SSTATUS_FS);
	this_cpu()->fpu_holds = t;
}

void fpu_init_hart(void)
{
	registers_load(NULL);
}

void fpu_save_dirty(struct arch_thread *t)
{
	registers_save(&t->fpu);
	set_fs(saved_status(t), SSTATUS_FS_CLEAN);
	t->fpu_used = true;
	t->fpu_cpu = cpu_index();
	this_cpu()->fpu_holds = t;
}

void fpu_load_other(struct arch_thread *t)
{
	const struct cpu *cpu = this_cpu();
	/* The kernel's own threads leave them to whoever comes back. */
	if ((*saved_status(t) & SSTATUS_FS) == SSTATUS_FS_OFF)
		return;
	if (!t->fpu_used) {
		registers_load(NULL);
	} else if (cpu->fpu_holds != t || t->fpu_cpu != cpu->index) {
		registers_load(t);
		t->fpu_cpu = cpu->index;
	}
}

void fpu_fork(struct arch_thread *parent, struct arch_thread *child)
{
	const u64 flags = irq_save();
	fpu_switch_out(parent); /* brings what is saved up to date */
	irq_restore(flags);
	child->fpu_used = parent->fpu_used;
	child->fpu_cpu = FPU_CPU_NONE;
	if (parent->fpu_used)
		child->fpu = parent->fpu;
	set_fs(saved_status(child), parent->fpu_used ? SSTATUS_FS_CLEAN : SSTATUS_FS_INITIAL);
}

void fpu_reset(struct arch_thread *t)
{
	const u64 flags = irq_save();
	t->fpu_used = false;
	t->fpu_cpu = FPU_CPU_NONE;
	registers_load(NULL);
	set_fs(saved_status(t), SSTATUS_FS_INITIAL);
	irq_restore(flags);
}
