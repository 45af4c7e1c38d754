/* SPDX-License-Identifier: MIT */
/* The other harts: starting them, and waking them from wfi. */
#pragma once

#include "arch/riscv/cpu/cpu.h"
#include "lib/types.h"

/*
 * Start the usable harts 1 .. @limit-1 of cpus[] through SBI HSM at the instruction @start
 * (smp_boot.h). @make_idle gives the thread (with its stack) hart @cpu begins as, NULL: no memory;
 * @entry is where it begins, on that stack, interrupts off. Returns how many run, when each is
 * online or was given up after five seconds (rules T20, T21).
 */
u32 smp_start_others(u32 limit, paddr_t start, struct arch_thread *(*make_idle)(u32 cpu),
		     void (*entry)(void));
/* Make hart @cpu take a software interrupt, which only makes it look at its work flags. Any
 * context. */
void smp_kick(u32 cpu);
/* The software interrupt's handler. Interrupts off. */
void smp_take_kick(void);
/*
 * For reports: have hart @cpu call @how, the same for all askers, in its next software interrupt.
 * It has answered when that has returned. smp_take_back: stop waiting; false if it answered after
 * all. Any context.
 */
void smp_ask(u32 cpu, void (*how)(void));
bool smp_has_answered(u32 cpu);
bool smp_take_back(u32 cpu);
/* Take this hart out of service. */
__noreturn void smp_stop_self(void);
/* Stop every other hart for good: for panic. Bounded; takes no lock. */
void smp_stop_others(void);

/*
 * Where a hart was when it stopped: its calls (places as in unwind.h), its own interrupt's first.
 * @count 0: it did not, since its interrupts were off.
 */
#define SMP_SAMPLE_MAX 20
struct smp_sample {
	u32 count;
	u64 places[SMP_SAMPLE_MAX];
};
const struct smp_sample *smp_sample_of(u32 cpu);
