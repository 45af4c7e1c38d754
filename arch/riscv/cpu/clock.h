/* SPDX-License-Identifier: MIT */
/*
 * Time and the timer interrupt. The unit is nanoseconds since the kernel was entered. The counter
 * may tick as slowly as once a microsecond and reading it may trap to the firmware (rules T33,
 * T35): not for hot loops.
 */
#pragma once

#include "arch/riscv/cpu/csr.h"
#include "lib/compiler.h"
#include "lib/types.h"

/* @timebase_hz: /cpus timebase-frequency. Once, on the boot hart. */
void clock_init(u32 timebase_hz);
u32 clock_frequency(void);
/* What the counter stood at when the kernel was entered: written by head.S. On boards it counts
 * from reset, so this is how long the firmware took. */
extern u64 clock_entry_ticks;
/* ns = ticks * this where the frequency divides a second, as all known ones do; 0: another one, or
 * before clock_init(). Set once. */
extern u64 clock_ns_per_tick;
/* clock_ticks_to_ns() for other frequencies. */
nsec_t clock_ticks_by_division(u64 ticks);

#ifdef HOST_TEST
u64 clock_ticks(void);
nsec_t clock_now(void);
u64 clock_cycles(void);
#else
/* The counter itself: for who wants to know no more than which was later, or how much. */
static __always_inline u64 clock_ticks(void)
{
	return csr_read(time);
}
static __always_inline nsec_t clock_ticks_to_ns(u64 ticks)
{
	const u64 scale = clock_ns_per_tick;
	return likely(scale != 0) ? ticks * scale : clock_ticks_by_division(ticks);
}
/* When the counter stood at @ticks. */
static __always_inline nsec_t clock_at(u64 ticks)
{
	return clock_ticks_to_ns(ticks - clock_entry_ticks);
}
static __always_inline nsec_t clock_now(void)
{
	return clock_at(clock_ticks());
}

/*
 * This hart's count of clock cycles, which is cheap to read (rule T36) and means nothing on another
 * hart; it may stand still in wfi.
 */
static __always_inline u64 clock_cycles(void)
{
	return csr_read(cycle);
}
#endif

/* Learn how long a cycle is, from how many passed since clock_init() on the same hart, which must
 * not have waited for interrupts. Once. */
void clock_measure_cycles(void);
/* 0 where cycles are not counted. */
nsec_t clock_cycles_to_ns(u64 cycles);

#define CLOCK_NEVER (~(nsec_t)0)
/* Interrupt this hart at @when (at once if that has passed), or not at all with CLOCK_NEVER. */
void clock_set_event(nsec_t when);
/* Called by the timer interrupt with interrupts off; kernel/sched/timer.c installs it. */
extern void (*clock_event_handler)(void);

/* Wait without sleeping. For hardware that needs microseconds, and for nothing else. */
void clock_spin(nsec_t duration);
