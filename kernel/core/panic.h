/* SPDX-License-Identifier: MIT */
/*
 * The end: our own mistakes stop the machine with everything that helps to find them. What a user
 * program or a device does wrong never comes here.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)
/* For pointers to it, which know no place. */
__printf(1, 2) __noreturn void(panic)(const char *format, ...);
__printf(3, 4) __noreturn void panic_at(const char *file, int line, const char *format, ...);
struct trap_frame;
__printf(2, 3)
	__noreturn void panic_with_frame(const struct trap_frame *f, const char *format, ...);

/*
 * True on every hart but the one that panics: who waits for something gives up (smp_stop_self),
 * since those it waits for may have been stopped.
 */
bool panic_is_elsewhere(void);

/* Floors register what they can tell at a panic: bounded, lock-free, printing with printk. */
void panic_register_dumper(void (*dump)(void));

#define ASSERT(condition)                                          \
	({                                                         \
		if (unlikely(!(condition)))                        \
			panic("assertion failed: %s", #condition); \
	})

/* The same, only in debug builds: for what costs more than a compare. */
#define DEBUG_ASSERT(condition)                                      \
	({                                                           \
		if (IS_ENABLED(CONFIG_DEBUG_CHECKS) && !(condition)) \
			ASSERT(condition);                           \
	})
