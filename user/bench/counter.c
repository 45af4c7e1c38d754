// SPDX-License-Identifier: MIT
/*
 * The counter. rdinstret may be forbidden (SIGILL), stand still (Linux's driver of the SBI's
 * counters stops it: boot with initcall_blacklist=pmu_sbi_devinit), or count something else (QEMU
 * without -icount gives the host's clock). So it is tried on a loop of known length: it is taken
 * only if it counts that to the instruction.
 *
 * QEMU with -icount counts the instructions of all harts in one counter, and lets it run on while
 * all of them sleep: what is counted must not wait for a device or a timer.
 */
#include "user/bench/counter.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#define TRIES             16 /* of which an interrupt may spoil some */
#define LOOP_TURNS        1000UL
#define LOOP_INSTRUCTIONS (2 * LOOP_TURNS)

enum counter_unit counter_unit = COUNTER_NANOSECONDS;
uint64_t counter_overhead;

static sigjmp_buf back;

static void illegal(int signal_number)
{
	(void)signal_number;
	siglongjmp(back, 1);
}

static uint64_t smallest_interval(unsigned long turns)
{
	uint64_t smallest = UINT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		unsigned long left = turns;
		const uint64_t start = counter_read();
		if (left != 0)
			__asm__ volatile("1:	addi	%0, %0, -1\n"
					 "	bnez	%0, 1b"
					 : "+r"(left));
		const uint64_t end = counter_read();
		if (end - start < smallest)
			smallest = end - start;
	}
	return smallest;
}

static const char *try_instructions(void)
{
	counter_use(COUNTER_INSTRUCTIONS);
	const uint64_t loop = smallest_interval(LOOP_TURNS) - counter_overhead;
	if (loop == 0)
		return "rdinstret stands still; boot Linux with initcall_blacklist=pmu_sbi_devinit";
	/* The compiler may set up the loop within the interval. */
	if (loop < LOOP_INSTRUCTIONS || loop > LOOP_INSTRUCTIONS + 2)
		return "rdinstret does not count instructions; QEMU does with -icount shift=0";
	return NULL;
}

const char *counter_probe(void)
{
	const struct sigaction catch = { .sa_handler = illegal };
	struct sigaction old;
	const char *volatile reason = "rdinstret is not allowed";
	sigaction(SIGILL, &catch, &old);
	if (sigsetjmp(back, 1) == 0)
		reason = try_instructions();
	sigaction(SIGILL, &old, NULL);
	counter_use(reason == NULL ? COUNTER_INSTRUCTIONS : COUNTER_NANOSECONDS);
	return reason;
}

void counter_use(enum counter_unit unit)
{
	counter_unit = unit;
	counter_overhead = smallest_interval(0);
}
