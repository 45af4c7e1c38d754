// SPDX-License-Identifier: MIT
/* User registers as exec hands them out. */
#include "arch/riscv/cpu/trap_frame.h"

#include "lib/string.h"

__noreturn void (*trap_return_to_user)(void);

void trap_frame_init_user(struct trap_frame *f, uaddr_t pc, uaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->x[REG_PC] = pc;
	f->x[REG_SP] = sp;
	/* Back to user mode (SPP = 0) with interrupts on. */
	f->status = SSTATUS_SPIE | SSTATUS_FS_INITIAL | SSTATUS_UXL_64;
}
