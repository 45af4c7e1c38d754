/* SPDX-License-Identifier: MIT */
/* /proc/sysrq-trigger: a letter written there by root makes the kernel do what it would not on its
 * own. */
#pragma once

/* Register it. After fs_init(). */
void sysrq_init(void);
