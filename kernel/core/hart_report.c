// SPDX-License-Identifier: MIT
/*
 * The asker interrupts the hart (smp_ask()), which prints where it was and is done. Both take the
 * log's locks only, one after the other, and the asker waits with none held.
 */
#include "kernel/core/hart_report.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/smp.h"
#include "arch/riscv/cpu/unwind.h"
#include "kernel/core/printk.h"
#include "kernel/core/symbols.h"
#include "lib/format.h"
#include "lib/string.h"

#define ANSWER_NS 1000000000UL
#define DEPTH_MAX 24

const char *(*hart_thread_name)(u32 cpu);

static enum log_level asked_level; /* atomic; what the last asker wants */

static const char *thread_name(u32 cpu)
{
	return hart_thread_name != NULL ? hart_thread_name(cpu) : "boot";
}

void hart_format_interrupted(char *buf, size_t size)
{
	if ((csr_read(sstatus) & SSTATUS_SPP) == 0)
		snprintf(buf, size, "user mode, pc %#lx", csr_read(sepc));
	else
		symbols_format_pc(buf, size, csr_read(sepc));
}

/* From this function outwards; what stands inside the trap is of no interest. */
static void print_callers(enum log_level level)
{
	u64 pcs[DEPTH_MAX];
	const size_t n = unwind_stack((u64)__builtin_frame_address(0), pcs, DEPTH_MAX);
	const char *name;
	u64 offset;
	size_t first = 0;
	for (size_t i = 0; i < n; i++)
		if (symbols_lookup(pcs[i] - 1, &name, &offset) && strcmp(name, "trap_vector") == 0)
			first = i + 2; /* behind it comes the place that was interrupted */
	for (size_t i = first; i < n; i++) {
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), pcs[i]);
		printk(level, "  called from %s\n", place);
	}
}

/* In the software interrupt of the hart that is asked. */
static void answer(void)
{
	char place[SYMBOL_TEXT_MAX];
	const u32 cpu = cpu_index();
	const enum log_level level = READ_ONCE(asked_level);
	hart_format_interrupted(place, sizeof(place));
	printk(level, "hart %u runs '%s' and is at %s\n", cpu, thread_name(cpu), place);
	if ((csr_read(sstatus) & SSTATUS_SPP) != 0)
		print_callers(level);
}

void hart_report(u32 cpu, enum log_level level)
{
	if (cpu == cpu_index()) {
		printk(level, "hart %u, this one, runs '%s'\n", cpu, thread_name(cpu));
		print_callers(level);
		return;
	}
	WRITE_ONCE(asked_level, level);
	smp_ask(cpu, answer);
	const nsec_t deadline = clock_now() + ANSWER_NS;
	while (!smp_has_answered(cpu) && clock_now() < deadline)
		cpu_relax();
	if (smp_take_back(cpu))
		printk(level,
		       "hart %u does not answer: it runs '%s' with interrupts off, or stands "
		       "still\n",
		       cpu, thread_name(cpu));
}
