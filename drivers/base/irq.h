/* SPDX-License-Identifier: MIT */
/*
 * Interrupt routing: which handler serves which line of which interrupt controller. A machine has a
 * controller for all its harts, or one for each group of them; handlers are registered once and
 * stay.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* Called in interrupt context, interrupts off, on the hart that took the line. */
typedef void (*irq_handler_t)(void *arg);

/* A line, as the device tree names it. */
struct irq_line {
	u32 controller; /* the node of the tree */
	u32 number;
};

struct irq_chip;

struct irq_chip_ops {
	/* Let line @number in, or keep it out, for all harts. Caller holds the table's lock. */
	void (*enable)(struct irq_chip *chip, u32 number);
	void (*disable)(struct irq_chip *chip, u32 number);
	/* The line to serve on this hart, now claimed; 0: none. Interrupts off. */
	u32 (*claim)(struct irq_chip *chip);
	/* Line @number, claimed on this hart, was served. Interrupts off. */
	void (*complete)(struct irq_chip *chip, u32 number);
	/* Ready the controller for this hart, so that it may take lines. Caller holds the table's
	 * lock. */
	void (*init_hart)(struct irq_chip *chip);
};

/* A controller; its driver sets the first three, then all stay. */
struct irq_chip {
	const struct irq_chip_ops *ops;
	u32 node;       /* in the device tree */
	u32 line_count; /* lines are 1 .. line_count */

	struct irq_action *actions; /* irq.c's: line_count + 1 of them, [0] is unused */
	struct irq_chip *next;      /* irq.c's: all controllers, the newest first */
};

/* @chip is ready on this hart, and lives forever. Context: boot. Returns 0, or -ENOMEM. */
__must_check int irq_chip_register(struct irq_chip *chip);

/*
 * Have @line served by @handler(@arg) and let it in.
 * Returns 0; -ENXIO its controller has no driver; -EINVAL no such line; -EBUSY it has a handler.
 */
__must_check int irq_register(const struct irq_line *line, irq_handler_t handler, void *arg);

/* The entry's door: serve every line waiting for this hart. Interrupts off. */
void irq_handle_external(void);

/* Once on each hart but the first, which driver binding readied. */
void irq_init_hart(void);

/* How often lines were served on hart @cpu: /proc/stat. */
u64 irq_count(u32 cpu);
