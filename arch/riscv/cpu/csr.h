/* SPDX-License-Identifier: MIT */
/*
 * Control and status registers of supervisor mode, named as in the RISC-V privileged specification
 * (20211203, chapters 2 and 4). This header is also read by assembly.
 */
#pragma once

/* sstatus */
#define SSTATUS_SIE        0x00000002
#define SSTATUS_SPIE       0x00000020
#define SSTATUS_SPP        0x00000100
#define SSTATUS_SUM        0x00040000
#define SSTATUS_MXR        0x00080000
#define SSTATUS_FS         0x00006000
#define SSTATUS_FS_OFF     0x00000000
#define SSTATUS_FS_INITIAL 0x00002000
#define SSTATUS_FS_CLEAN   0x00004000
#define SSTATUS_FS_DIRTY   0x00006000
#define SSTATUS_UXL_64     0x200000000
#define SSTATUS_SD         0x8000000000000000 /* read only: FS, or what there is not, is dirty */

/* sie, sip */
#define SIE_SSIE 0x002
#define SIE_STIE 0x020
#define SIE_SEIE 0x200

/* satp */
#define SATP_MODE_SV39 0x8000000000000000
#define SATP_PPN_MASK  0x00000fffffffffff

/* scause */
#define CAUSE_INTERRUPT        0x8000000000000000
#define CAUSE_INTERRUPT_BIT    63
#define IRQ_SOFT               1
#define IRQ_TIMER              5
#define IRQ_EXTERNAL           9
#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS     1
#define CAUSE_ILLEGAL          2
#define CAUSE_BREAKPOINT       3
#define CAUSE_LOAD_MISALIGNED  4
#define CAUSE_LOAD_ACCESS      5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS     7
#define CAUSE_USER_ECALL       8
#define CAUSE_FETCH_PAGE       12
#define CAUSE_LOAD_PAGE        13
#define CAUSE_STORE_PAGE       15

/* scounteren: cycle, time, instret readable in user mode */
#define SCOUNTEREN_ALL 7

#ifndef __ASSEMBLER__
#include "lib/types.h"

#define csr_read(name)                                                        \
	({                                                                    \
		u64 _value;                                                   \
		__asm__ volatile("csrr %0, " #name : "=r"(_value)::"memory"); \
		_value;                                                       \
	})
#define csr_write(name, value) \
	({ __asm__ volatile("csrw " #name ", %0" ::"rK"((u64)(value)) : "memory"); })
#define csr_set(name, bits) \
	({ __asm__ volatile("csrs " #name ", %0" ::"rK"((u64)(bits)) : "memory"); })
#define csr_clear(name, bits) \
	({ __asm__ volatile("csrc " #name ", %0" ::"rK"((u64)(bits)) : "memory"); })
/* Clear @bits and return the old value, in one instruction. */
#define csr_read_clear(name, bits)                         \
	({                                                 \
		u64 _value;                                \
		__asm__ volatile("csrrc %0, " #name ", %1" \
				 : "=r"(_value)            \
				 : "rK"((u64)(bits))       \
				 : "memory");              \
		_value;                                    \
	})
#endif
