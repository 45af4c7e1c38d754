// SPDX-License-Identifier: MIT
/* A panic ends the test program, unless the test waits for it. */
#include "kernel/core/panic.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/symbols.h"
#include "tests/host/shim/machine.h"

bool shim_panic_expected;
jmp_buf shim_panic_jump;

void panic_at(const char *file, int line, const char *format, ...)
{
	if (shim_panic_expected)
		longjmp(shim_panic_jump, 1);
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s:%d: panic: ", file, line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

/* Functions have no names here. */
void symbols_format(char *buf, size_t size, u64 return_address)
{
	snprintf(buf, size, "%#lx", return_address);
}
