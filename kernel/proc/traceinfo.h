/* SPDX-License-Identifier: MIT */
/* /proc/trace: the trace of kernel/core/trace.h to be read, and what it records to be chosen. */
#pragma once

/* Register it. After fs_init(). */
void traceinfo_init(void);
