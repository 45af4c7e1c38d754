// SPDX-License-Identifier: MIT
/*
 * The handlers of each controller's lines (irq.h). An entry is written once, before its line is let
 * in, and never changes: so the interrupt path reads it without a lock. table_lock (RANK_IRQ_TABLE)
 * covers writers and the controllers' enable bits.
 */
#include "drivers/base/irq.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/trace.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

struct irq_action {
	irq_handler_t handler; /* NULL: nobody's */
	void *arg;
};

static struct spinlock table_lock = SPINLOCK_INIT("irq table", RANK_IRQ_TABLE);
static struct irq_chip *chips;     /* grows at its head, while one hart boots */
static u64 counts[CONFIG_NR_CPUS]; /* each written by its hart alone */

int irq_chip_register(struct irq_chip *chip)
{
	chip->actions = kzalloc((chip->line_count + 1) * sizeof(*chip->actions));
	if (chip->actions == NULL)
		return -ENOMEM;
	chip->next = chips;
	__atomic_store_n(&chips, chip, __ATOMIC_RELEASE);
	return 0;
}

static struct irq_chip *chip_of(u32 node)
{
	struct irq_chip *chip = chips;
	while (chip != NULL && chip->node != node)
		chip = chip->next;
	return chip;
}

int irq_register(const struct irq_line *line, irq_handler_t handler, void *arg)
{
	struct irq_chip *const chip = chip_of(line->controller);
	if (chip == NULL)
		return -ENXIO;
	if (line->number == 0 || line->number > chip->line_count)
		return -EINVAL;

	int error = 0;
	struct irq_action *const action = &chip->actions[line->number];
	const u64 flags = spin_lock_irq(&table_lock);
	if (action->handler != NULL) {
		error = -EBUSY;
	} else {
		action->arg = arg;
		action->handler = handler;
		/* enable()'s register write orders these stores before the line can fire. */
		chip->ops->enable(chip, line->number);
		barrier_device_unlock();
	}
	spin_unlock_irq(&table_lock, flags);
	return error;
}

/* A line nobody asked for would fire again at once, forever: shut it out. Completed first (rule
 * T30). */
static void refuse(struct irq_chip *chip, u32 number)
{
	chip->ops->complete(chip, number);
	spin_lock(&table_lock);
	chip->ops->disable(chip, number);
	barrier_device_unlock();
	spin_unlock(&table_lock);
	pr_warn("irq: line %u has no handler, disabled\n", number);
}

/* Serve what @chip has for this hart. */
static void serve(struct irq_chip *chip)
{
	for (;;) {
		const u32 number = chip->ops->claim(chip);
		if (number == 0) /* served, or another hart was first (rule T31) */
			return;
		counts[cpu_index()]++;
		trace(TRACE_IRQ, number, 0, 0);
		if (number > chip->line_count || chip->actions[number].handler == NULL) {
			refuse(chip, number);
			continue;
		}
		chip->actions[number].handler(chip->actions[number].arg);
		chip->ops->complete(chip, number);
	}
}

void irq_handle_external(void)
{
	for (struct irq_chip *chip = chips; chip != NULL; chip = chip->next)
		serve(chip);
}

void irq_init_hart(void)
{
	for (struct irq_chip *chip = chips; chip != NULL; chip = chip->next) {
		const u64 flags = spin_lock_irq(&table_lock);
		chip->ops->init_hart(chip);
		barrier_device_unlock();
		spin_unlock_irq(&table_lock, flags);
	}
}

u64 irq_count(u32 cpu)
{
	return READ_ONCE(counts[cpu]);
}
