/* SPDX-License-Identifier: MIT */
/* How lib says that its caller broke a rule: panic() stands above it, so it calls a pointer. */
#pragma once

#include "lib/compiler.h"

#ifdef HOST_TEST
#define check_failed(...) __builtin_trap()
#else
/* Filled in by kernel/main.c before anything else. */
extern __printf(1, 2) __noreturn void (*check_failed)(const char *format, ...);
#endif
