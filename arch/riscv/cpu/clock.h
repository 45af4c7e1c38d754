/* SPDX-License-Identifier: MIT */
/*
 * Time and the timer interrupt. The unit is nanoseconds since boot. The counter may tick as slowly
 * as once a microsecond and reading it may trap to the firmware (rules T33, T35): not for hot
 * loops.
 */
#pragma once

#include "lib/types.h"

/* @timebase_hz: /cpus timebase-frequency. Once, on the boot hart. */
void clock_init(u32 timebase_hz);
nsec_t clock_now(void);
/* The counter itself, for the vDSO and for entropy. */
u64 clock_ticks(void);
u32 clock_frequency(void);

#define CLOCK_NEVER (~(nsec_t)0)
/* Interrupt this hart at @when (at once if that has passed), or not at all with CLOCK_NEVER. */
void clock_set_event(nsec_t when);
/* Called by the timer interrupt with interrupts off; kernel/sched/timer.c installs it. */
extern void (*clock_event_handler)(void);

/* Wait without sleeping. For hardware that needs microseconds, and for nothing else. */
void clock_spin(nsec_t duration);
