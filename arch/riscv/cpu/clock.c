// SPDX-License-Identifier: MIT
/*
 * The time CSR, scaled to nanoseconds, and SBI's timer. Sstc is never used: the board has none and
 * its CSR would trap (rule T34). timebase comes from the tree and may be as slow as 1 MHz.
 */
#include "arch/riscv/cpu/clock.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/sbi.h"
#include "lib/compiler.h"

#define NSEC_PER_SEC 1000000000ULL

static u32 frequency;
u64 clock_ns_per_tick;
u64 clock_entry_ticks;
/* When clock_init() was called, for clock_measure_cycles(). */
static u64 init_cycles;
static nsec_t init_time;
/* Nanoseconds per cycle, CYCLE_SHIFT bits behind the point; 0: cycles are not counted. */
#define CYCLE_SHIFT 24
static u64 ns_per_cycle;

void (*clock_event_handler)(void);

u32 clock_frequency(void)
{
	return frequency;
}

void clock_init(u32 timebase_hz)
{
	clock_ns_per_tick = NSEC_PER_SEC % timebase_hz == 0 ? NSEC_PER_SEC / timebase_hz : 0;
	frequency = timebase_hz;
	init_cycles = clock_cycles();
	init_time = clock_now();
}

void clock_measure_cycles(void)
{
	const u64 cycles = clock_cycles() - init_cycles;
	ns_per_cycle = cycles != 0 ? ((clock_now() - init_time) << CYCLE_SHIFT) / cycles : 0;
}

nsec_t clock_cycles_to_ns(u64 cycles)
{
	const u64 whole = cycles >> CYCLE_SHIFT;
	const u64 rest = cycles & ((1UL << CYCLE_SHIFT) - 1);
	return whole * ns_per_cycle + (rest * ns_per_cycle >> CYCLE_SHIFT);
}

/* Rounded up, so that no event comes early. */
static u64 ns_to_ticks(nsec_t ns)
{
	if (likely(clock_ns_per_tick != 0))
		return (ns + clock_ns_per_tick - 1) / clock_ns_per_tick;
	return ns / NSEC_PER_SEC * frequency +
	       (ns % NSEC_PER_SEC * frequency + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

nsec_t clock_ticks_by_division(u64 ticks)
{
	if (frequency == 0)
		return 0;
	return ticks / frequency * NSEC_PER_SEC + ticks % frequency * NSEC_PER_SEC / frequency;
}

void clock_set_event(nsec_t when)
{
	/* Setting a time in the past raises the interrupt at once; the far future clears it. */
	sbi_set_timer(when == CLOCK_NEVER ? ~0UL : clock_entry_ticks + ns_to_ticks(when));
}

void clock_spin(nsec_t duration)
{
	const nsec_t end = clock_now() + duration;
	while (clock_now() < end)
		cpu_relax();
}
