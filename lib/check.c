// SPDX-License-Identifier: MIT
#include "lib/check.h"

__noreturn void (*check_failed)(const char *format, ...);
