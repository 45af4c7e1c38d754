/* SPDX-License-Identifier: MIT */
/*
 * Time and the timer interrupt. The unit is nanoseconds since the kernel was entered. The counter
 * may tick as slowly as once a microsecond and reading it may trap to the firmware (rules T33,
 * T35): not for hot loops.
 */
#pragma once

#include "lib/types.h"

/* @timebase_hz: /cpus timebase-frequency. Once, on the boot hart. */
void clock_init(u32 timebase_hz);
nsec_t clock_now(void);
/* The counter itself, for the vDSO and for entropy. */
u64 clock_ticks(void);
u32 clock_frequency(void);
/* What the counter stood at when the kernel was entered: written by head.S. On boards it counts
 * from reset, so this is how long the firmware took. */
extern u64 clock_entry_ticks;

/*
 * This hart's count of clock cycles, which is cheap to read (rule T36) and means nothing on another
 * hart; it may stand still in wfi.
 */
u64 clock_cycles(void);
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
