/* SPDX-License-Identifier: MIT */
/*
 * Calls into the firmware (RISC-V SBI specification 1.0). Extensions are probed; where a newer one
 * is missing the legacy call serves (rules T34, T37, T40).
 */
#pragma once

#include "lib/types.h"

/* Probe extensions. Before it, only the legacy console works. Needs no memory. */
void sbi_init(void);
void sbi_console_write(const char *text, size_t len_bytes);
/* A byte typed on the firmware's console, or -1. */
int sbi_console_getc(void);
void sbi_set_timer(u64 ticks);
/* The masks are of hart ids, @base being the id of bit 0. */
void sbi_send_ipi(u64 mask, u64 base);
void sbi_remote_sfence_all(u64 mask, u64 base);
void sbi_remote_fence_i(u64 mask, u64 base);
/* Error codes of the specification that callers tell apart (chapter 3). */
enum { SBI_ERR_NOT_SUPPORTED = -2, SBI_ERR_ALREADY_AVAILABLE = -6 };
/* SBI error code; 0 = started. @start is physical. */
long sbi_hart_start(u64 hartid, paddr_t start, u64 opaque);
enum sbi_reset_type { SBI_SHUTDOWN = 0, SBI_COLD_REBOOT = 1 };
/* Returns only if the firmware could not do it. */
void sbi_system_reset(enum sbi_reset_type type);
/* For the boot log: the firmware, and which design the boot hart is of. */
void sbi_describe(char *buf, size_t size);
void sbi_describe_hart(char *buf, size_t size);
