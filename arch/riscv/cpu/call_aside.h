/* SPDX-License-Identifier: MIT */
/*
 * Calls off the beaten track. What an ordinary call may spoil, the compiler saves on the way in,
 * for every pass through the function and not only for those that come to the call. So what nearly
 * never happens in the midst of what happens all the time is called like this.
 */
#pragma once

#include "lib/compiler.h"

#ifdef HOST_TEST
#define call_aside(function, argument) (function)(argument)
#else
/* Call @function, a constant, with @argument, a pointer; no register changes but t0, t1 and t2. */
#define call_aside(function, argument)                                                             \
	({                                                                                         \
		__asm__ volatile("mv t1, %0\n\tlla t2, %1\n\tcall t0, call_aside_registers" ::"r"( \
					 argument),                                                \
				 "i"(function)                                                     \
				 : "memory", "t0", "t1", "t2");                                    \
	})
#endif
