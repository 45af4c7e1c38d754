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

/* Where HSM starts a hart: physical = kernel_image_phys(smp_entry). */
extern const char smp_entry[];
