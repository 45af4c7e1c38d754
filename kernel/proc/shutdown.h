/* SPDX-License-Identifier: MIT */
/*
 * The end of the system: every process ends, files and caches go, what is left is counted against
 * what there was before PID 1 (DESIGN section 1, promise 5), and the machine is switched off.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

enum shutdown_how { SHUTDOWN_POWER_OFF, SHUTDOWN_REBOOT, SHUTDOWN_HALT };

/* Start the thread that will do it, so that nothing has to be allocated then. Once, before the
 * baseline. */
void shutdown_init(void);

/*
 * Ask for it, and end the running process: it is torn down with all others. The first caller says
 * how. Context: a process; no lock held.
 */
__noreturn void system_shutdown(enum shutdown_how how);
