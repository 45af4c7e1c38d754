/* SPDX-License-Identifier: MIT */
/*
 * Interrupt routing: which handler serves which line of the interrupt controller. One controller,
 * whose numbers are the line numbers; handlers are registered once and stay.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* Called in interrupt context, interrupts off, on the hart that took the line. */
typedef void (*irq_handler_t)(void *arg);

/* What a controller's driver supplies. */
struct irq_chip {
	const char *name;
	u32 line_count; /* lines are 1 .. line_count */
	/* Let @line in, or keep it out, for all harts. Caller holds the table's lock. */
	void (*enable)(u32 line);
	void (*disable)(u32 line);
	/* The line to serve on this hart, now claimed; 0: none. Interrupts off. */
	u32 (*claim)(void);
	/* @line, claimed on this hart, was served. Interrupts off. */
	void (*complete)(u32 line);
	/* Ready the controller for this hart, so that it may take lines. */
	void (*init_hart)(void);
};

/* The controller is ready on this hart. @chip lives forever. Returns 0; -EBUSY if there is one;
 * -ENOMEM. */
__must_check int irq_chip_register(const struct irq_chip *chip);

/*
 * Have @line served by @handler(@arg) and let it in.
 * Returns 0; -ENXIO no controller; -EINVAL no such line; -EBUSY it has a handler.
 */
__must_check int irq_register(u32 line, irq_handler_t handler, void *arg);

/* The entry's door: serve every line waiting for this hart. Interrupts off. */
void irq_handle_external(void);

/* Once on each hart but the first, which driver binding readied. Nothing without a controller. */
void irq_init_hart(void);

/* How often lines were served on hart @cpu: /proc/stat. */
u64 irq_count(u32 cpu);
