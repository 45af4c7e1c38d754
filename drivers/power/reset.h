/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine's work. All of them stop the other harts, send what waits for the console
 * and say what happens, in that order, before they ask the firmware: it may never return (rule
 * T40).
 * Context: any; the caller has nothing left to do.
 */
#pragma once

#include "lib/compiler.h"

__noreturn void power_off(void);
__noreturn void power_reboot(void);
/* Stop without asking for anything. */
__noreturn void power_halt(void);
