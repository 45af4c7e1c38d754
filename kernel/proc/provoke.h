/* SPDX-License-Identifier: MIT */
/* Mistakes on request, to see that the debug build finds them. */
#pragma once

/* Register /proc/provoke. Debug builds only. */
void provoke_init(void);
