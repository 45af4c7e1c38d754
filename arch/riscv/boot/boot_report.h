/* SPDX-License-Identifier: MIT */
/* The first lines of the log: what somebody far away asks about a machine that does not come up. */
#pragma once

#include "lib/types.h"

/* The machine, its firmware, harts and time. The clock runs and the tree is open. */
void boot_report(u32 boot_hartid);
