/* SPDX-License-Identifier: MIT */
/* Harts that take no interrupts: noticed by themselves afterwards, by their neighbour meanwhile.
 * Debug builds only, since it wakes idle harts. */
#pragma once

#include "lib/types.h"

#ifdef CONFIG_DEBUG_LOCKS
/* Each hart, once, when it enters service. */
void watchdog_start(void);
#else
static inline void watchdog_start(void)
{
}
#endif
