/* SPDX-License-Identifier: MIT */
/* /proc/fail-nth and /proc/census, in debug builds. */
#pragma once

/* Once, after procfs is there. */
void failinfo_init(void);
