// SPDX-License-Identifier: MIT
/*
 * The table of interrupt handlers (irq.h). An entry is written once, before its line is let in, and
 * never
 * changes: so the interrupt path reads it without a lock. table_lock (RANK_IRQ_TABLE) covers
 * writers and the controller's enable bits.
 */
#include "drivers/base/irq.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/trace.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

struct irq_line {
	irq_handler_t handler; /* NULL: nobody's */
	void *arg;
};

static struct spinlock table_lock = SPINLOCK_INIT("irq table", RANK_IRQ_TABLE);
static const struct irq_chip *chip; /* set once */
static struct irq_line *lines;      /* line_count + 1 of them; [0] is unused */
static u64 counts[CONFIG_NR_CPUS];  /* each written by its hart alone */

int irq_chip_register(const struct irq_chip *new_chip)
{
	if (chip != NULL)
		return -EBUSY;
	lines = kzalloc((new_chip->line_count + 1) * sizeof(*lines));
	if (lines == NULL)
		return -ENOMEM;
	__atomic_store_n(&chip, new_chip, __ATOMIC_RELEASE);
	return 0;
}

int irq_register(u32 line, irq_handler_t handler, void *arg)
{
	if (chip == NULL)
		return -ENXIO;
	if (line == 0 || line > chip->line_count)
		return -EINVAL;

	int error = 0;
	const u64 flags = spin_lock_irq(&table_lock);
	if (lines[line].handler != NULL) {
		error = -EBUSY;
	} else {
		lines[line].arg = arg;
		lines[line].handler = handler;
		/* enable()'s register write orders these stores before the line can fire. */
		chip->enable(line);
		barrier_device_unlock();
	}
	spin_unlock_irq(&table_lock, flags);
	return error;
}

/* A line nobody asked for would fire again at once, forever: shut it out. Completed first (rule
 * T30). */
static void refuse(u32 line)
{
	chip->complete(line);
	spin_lock(&table_lock);
	chip->disable(line);
	barrier_device_unlock();
	spin_unlock(&table_lock);
	pr_warn("irq: line %u has no handler, disabled\n", line);
}

void irq_handle_external(void)
{
	if (chip == NULL)
		return;
	for (;;) {
		const u32 line = chip->claim();
		if (line == 0) /* served, or another hart was first (rule T31) */
			return;
		counts[cpu_index()]++;
		trace(TRACE_IRQ, line, 0, 0);
		if (line > chip->line_count || lines[line].handler == NULL) {
			refuse(line);
			continue;
		}
		lines[line].handler(lines[line].arg);
		chip->complete(line);
	}
}

void irq_init_hart(void)
{
	if (chip != NULL)
		chip->init_hart();
}

u64 irq_count(u32 cpu)
{
	return READ_ONCE(counts[cpu]);
}
