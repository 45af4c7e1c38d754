// SPDX-License-Identifier: MIT
/* Making a hart take its traps here. A file of its own, so that trap.c and trap_entry.S form no
 * circle. */
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/entry/trap.h"

/* trap_entry.S */
extern const char trap_vector[];
__noreturn void return_to_user(void);

void trap_init_hart(void)
{
	trap_return_to_user = return_to_user;
	csr_write(stvec, trap_vector);
	csr_write(sscratch, 0);
	/* Firmware leaves only TM on (rule T36). */
	csr_write(scounteren, SCOUNTEREN_ALL);
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
}
