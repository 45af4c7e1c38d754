/* SPDX-License-Identifier: MIT */
/* What a hart that HSM starts finds at the physical address in a1; read by
 * arch/riscv/boot/smp_entry.S. */
#pragma once

#include "lib/types.h"

struct smp_boot {
	u64 satp;   /* the kernel's own table */
	u64 thread; /* virtual: struct arch_thread it begins as */
	u64 entry;  /* virtual: function it begins in */
};

/*
 * For a hart that the firmware let into the boot hart's entry (head.S): firmware without HSM, or
 * one that marks a hart as started before it has stored where (OpenSBI 1.1). It polls until its id
 * stands here, with the MMU off. Not in bss, which is garbage while it begins to poll.
 */
struct smp_mailbox {
	u64 hartid; /* SMP_NOBODY, or who may go on; written after the rest */
	u64 args;   /* physical: its struct smp_boot */
};
#define SMP_NOBODY (~0UL)
extern struct smp_mailbox smp_mailbox;

/* Where HSM starts a hart: physical = kernel_image_phys(smp_entry). */
extern const char smp_entry[];
